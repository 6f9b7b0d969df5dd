"""Waive a warning: exactly what the check found, with a reason, the same everywhere."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.edit.operations import SetText
from newsletter.errors import NotAllowed, NotPermitted
from newsletter.model.act import ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.finding import Finding
from newsletter.store import acts
from newsletter.usecases import editing, reviewing, waiving
from tests.fakes.desk import ADDRESSES, StaffedDesk, staffed_desk
from tests.fakes.house import MONDAY, STAFF, House, continued

LOUD = "CATCHES FALL AGAIN"


def drafted(made: House) -> None:
    made.pass_at(MONDAY - timedelta(days=2))
    editing.change(made.app.context, STAFF, 1, [SetText("subject", LOUD)])


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    """Open a publication whose issue gives one warning that staff may accept."""
    with continued(tmp_path, drafted) as made:
        yield made


@pytest.fixture
def desk(opened: House) -> StaffedDesk:
    return staffed_desk(opened.app)


def subject_findings(opened: House) -> list[Finding]:
    checked = reviewing.check(opened.app.context, STAFF, 1)
    return [finding for finding in checked.findings if finding.check == "subject"]


def mark_of(page: str) -> str:
    """Return the mark in the form beside the warning about the subject."""
    row = next(row for row in page.split("<li>") if "capital letters" in row)
    found = re.search(r'name="mark" value="(\w+)"', row)
    assert found is not None
    return found[1]


def test_a_waiver_survives_a_new_rendering_and_is_shown_with_its_reason(
    opened: House, desk: StaffedDesk
) -> None:
    approver: TestClient = desk.browser(Role.APPROVER)
    page = desk.post(approver, "/issues/1/check").text
    fields = {"mark": mark_of(page), "reason": "It is a quotation."}
    page = html.unescape(desk.post(approver, "/issues/1/waive", fields).text)
    assert f"Waived by {ADDRESSES[Role.APPROVER]}: It is a quotation." in page
    assert "Waived by" in html.unescape(desk.post(approver, "/issues/1/check").text)
    editing.change(opened.app.context, STAFF, 1, [SetText("note", "Good morning.")])
    (found,) = subject_findings(opened)
    assert (found.level, found.waiver and found.waiver.reason) == ("waived", "It is a quotation.")
    opened.approve()
    with opened.app.reader.connect() as connection:
        waived = acts.latest(connection, 1, ActKind.WAIVED)
        approved = acts.latest(connection, 1, ActKind.APPROVED)
    assert waived is not None
    assert waived.detail["why"] == "It is a quotation."
    assert approved is not None
    assert approved.detail["waived"] == [f"{found.says} (It is a quotation.)"]
    assert found.says not in approved.detail["warnings"]


def test_another_finding_of_the_same_check_is_not_covered(opened: House) -> None:
    context = opened.app.context
    waiving.waive_warning(context, STAFF, 1, "subject", reason="It is a quotation.")
    editing.change(context, STAFF, 1, [SetText("subject", "A long subject " * 8)])
    assert [finding.level for finding in subject_findings(opened)] == ["warn"]


def test_examples_in_the_message_do_not_hide_a_new_finding() -> None:
    """The message names one link of two; the waiver covers both of them, and no other."""
    first = Finding("insecure links", "warn", "2 links …, for example a", found=("a", "b"))
    assert first.mark == replace(first, where="edition 3", found=("b", "a")).mark
    assert first.mark != replace(first, found=("a", "c")).mark


def test_only_a_present_warning_is_waived_and_only_with_a_reason_by_an_approver(
    opened: House,
) -> None:
    context = opened.app.context
    with pytest.raises(NotAllowed, match="say why"):
        waiving.waive_warning(context, STAFF, 1, "subject", reason=" \n ")
    with pytest.raises(NotAllowed, match=r"Current warnings: .*subject"):
        waiving.waive_warning(context, STAFF, 1, "unsubscribe", reason="No.")
    with pytest.raises(NotPermitted):
        editor = Actor.person("eve", Role.EDITOR)
        waiving.waive_warning(context, editor, 1, "subject", reason="No.")
    assert [finding.level for finding in subject_findings(opened)] == ["warn"]


def test_a_finding_leads_to_its_place(desk: StaffedDesk) -> None:
    page = desk.post(desk.browser(Role.EDITOR), "/issues/1/check").text
    row = next(row for row in page.split("<li>") if "capital letters" in row)
    assert 'href="/issues/1/preview?edition=1"' in row
    assert 'name="mark"' not in row, "an editor cannot waive"
