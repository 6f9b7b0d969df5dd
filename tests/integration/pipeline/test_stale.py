"""A change to what renders an issue is never hidden behind an old preview or an old approval."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from newsletter.model.act import ActKind
from newsletter.model.states import IssueState
from newsletter.pipeline.report import Level, Line
from newsletter.store import acts
from newsletter.store.content import editions
from newsletter.store.sending import deliveries
from tests.fakes.house import MONDAY, House, continued, house, reopened

SATURDAY = MONDAY - timedelta(days=2) + timedelta(minutes=1)
SUNDAY = SATURDAY + timedelta(days=1)


def approve(opened: House) -> None:
    opened.pass_at(SATURDAY)
    opened.approve()


@pytest.fixture
def approved(tmp_path: Path) -> Iterator[House]:
    """Open a publication whose weekly issue is approved."""
    with continued(tmp_path, approve) as opened:
        yield opened


@contextmanager
def again_at(root: Path, at: datetime) -> Iterator[House]:
    """Open the publication as a new process would."""
    opened = reopened(root, at)
    try:
        yield opened
    finally:
        opened.app.close()


def brand(root: Path) -> None:
    with (root / "newsletter.toml").open("a", encoding="utf-8") as file:
        file.write('\n[brand]\nfooter = "Printed on water."\n')


def address(root: Path) -> None:
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace("3 Quay Street", "4 Quay Street"), "utf-8")


def template(root: Path) -> None:
    folder = root / "templates" / "issue" / "brief"
    folder.mkdir(parents=True)
    (folder / "subject.txt.j2").write_text("News: {{ issue.subject }}\n", encoding="utf-8")


def catalog(root: Path) -> None:
    (root / "locale").mkdir()
    (root / "locale" / "en.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "link.unsubscribe"\nmsgstr "No more of this"\n',
        encoding="utf-8",
    )


def strict(root: Path) -> None:
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8") + 'content = "followed"\n', "utf-8")


def messages(report: list[Line]) -> str:
    return "\n".join(line.message for line in report)


@pytest.mark.parametrize("change", [brand, address, template, catalog, strict])
def test_a_change_that_reaches_the_bytes_voids_the_approval(
    approved: House, change: Callable[[Path], None]
) -> None:
    change(approved.root)
    with again_at(approved.root, SUNDAY) as again:
        before = again.issues()[0].approved_hash
        report = again.pass_at(SUNDAY)
        issue = again.issues()[0]
        with again.app.reader.connect() as connection:
            history = [act.kind for act in acts.of_issue(connection, issue.id)]
    assert "the approval was voided because the brand" in messages(report)
    assert max(line.level for line in report) is Level.WAITS
    assert (issue.state, issue.approved_hash) == (IssueState.REVIEW, "")
    assert before
    assert history[-2:] == [ActKind.VOIDED, ActKind.RENDERED]


def test_a_change_that_reaches_no_byte_keeps_the_approval(approved: House) -> None:
    path = approved.root / "newsletter.toml"
    path.write_text(
        path.read_text("utf-8").replace("[topics.fish]", "[topics.fish]\n[topics.frost]"), "utf-8"
    )
    with again_at(approved.root, SUNDAY) as again:
        report = again.pass_at(SUNDAY)
        assert "voided" not in messages(report)
        assert again.issues()[0].state is IssueState.APPROVED
        with again.app.reader.connect() as connection:
            (source,) = {one.rendered_from for one in editions.of_issue(connection, 1)}
    assert source


def test_a_change_right_before_the_slot_is_not_sent_unseen(approved: House) -> None:
    brand(approved.root)
    with again_at(approved.root, MONDAY) as again:
        report = again.pass_at(MONDAY)
        assert again.mails() == []
        assert "issue 1 is not sent: the approval was voided" in messages(report)
        again.approve()
        again.pass_at(MONDAY + timedelta(minutes=1))
        assert len(again.mails()) == 3


def test_an_open_issue_is_rendered_again(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        opened.pass_at(SATURDAY)
        brand(opened.root)
        with again_at(opened.root, SUNDAY) as again:
            report = again.pass_at(SUNDAY)
            assert "voided" not in messages(report)
            with again.app.reader.connect() as connection:
                assert "Printed on water." in editions.of_issue(connection, 1)[0].text


def test_editions_are_planned_again_when_what_decides_them_changes(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        opened.pass_at(SATURDAY)
        strict(opened.root)
        with again_at(opened.root, SUNDAY) as again:
            again.pass_at(SUNDAY)
            again.approve()
            again.pass_at(MONDAY)
            assert len(again.mails()) == 3  # one for ships, one for fish, one for everything
            with again.app.reader.connect() as connection:
                assert deliveries.count_exclusions(connection, 1) == {"pending": 1}


def test_a_segment_that_needs_no_other_edition_keeps_the_approval(approved: House) -> None:
    path = approved.root / "newsletter.toml"
    path.write_text(path.read_text("utf-8") + 'segment = "not staff"\n', "utf-8")
    with again_at(approved.root, SUNDAY) as again:
        assert "voided" not in messages(again.pass_at(SUNDAY))
        assert again.issues()[0].state is IssueState.APPROVED
