"""Too few new articles: the issue is filled with others, or skipped, or held for a person."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.errors import NothingToPrint
from newsletter.model.issue import TOO_FEW
from newsletter.model.publication import Late
from newsletter.pipeline import approving
from newsletter.pipeline.report import Level
from newsletter.store.content import issues
from tests.fakes import manuscripts
from tests.fakes.house import MONDAY, House, article, house

HOUR = timedelta(hours=1)
AUTOMATIC = 'approval = "automatic"\ncontent = "same"\nitems = { min = 3, max = 8 }\n'


def printed(opened: House) -> list[tuple[str, str]]:
    """Return the titles in the first issue, each with the reason."""
    with opened.app.reader.connect() as connection:
        items = issues.load_items(connection, 1)
    return [(item.title, item.reason) for item in items if item.included]


def test_an_issue_is_filled_with_older_articles(tmp_path: Path) -> None:
    more = f'{AUTOMATIC}fill = "older"\nmax_age = "10d"\n'
    with house(tmp_path, more, at=MONDAY - timedelta(days=40)) as opened:
        opened.pass_at(MONDAY - timedelta(days=40))
        article(tmp_path, "third", "whales")
        opened.pass_at(MONDAY - timedelta(days=1))
        assert opened.issues() == []
        opened.pass_at(MONDAY - HOUR)
        lead, *others = printed(opened)
        assert lead == ("About whales and third", "lead: published 2026-11-27")
        assert others == [
            ("About ships and first", "added because there are too few new articles"),
            ("About fish and second", "added because there are too few new articles"),
        ]
        opened.pass_at(MONDAY)
        assert opened.issues()[0].state == "submitted"


def test_an_issue_is_filled_with_articles_on_other_topics(tmp_path: Path) -> None:
    with house(tmp_path, f'{AUTOMATIC}fill = "other-topics"\ntopics = ["fish"]\n') as opened:
        article(tmp_path, "third", "whales")
        opened.pass_at(MONDAY - HOUR)
        lead, *others = [title for title, _ in printed(opened)]
        assert lead == "About fish and second"
        assert set(others) == {"About whales and third", "About ships and first"}


def test_an_issue_that_cannot_be_filled_is_held_also_under_automatic_approval(
    tmp_path: Path,
) -> None:
    with house(tmp_path, f'{AUTOMATIC}too_few = "hold"\nfill = "older"\n') as opened:
        opened.pass_at(MONDAY - HOUR)
        assert opened.issues() == []
        lines = opened.pass_at(MONDAY)
        held = [line for line in lines if TOO_FEW in line.message]
        assert [line.stage for line in held] == ["draft", "status"]
        assert {line.level for line in held} == {Level.WAITS}
        opened.pass_at(MONDAY + HOUR)
        assert opened.mails() == []
        notices = "".join(path.read_text() for path in opened.app.settings.outbox.glob("notice*"))
        assert "not approved: there are too few" in notices.replace("=\n", "").replace("\n", " ")
        with pytest.raises(NothingToPrint):
            opened.approve(1)
        article(tmp_path, "third", "whales")
        opened.pass_at(MONDAY + 2 * HOUR)
        opened.approve(1)
        opened.pass_at(MONDAY + 3 * HOUR)
        assert len(opened.mails()) == 3
        assert opened.issues()[0].reason == ""


def test_an_issue_that_is_held_does_not_go_out_because_it_is_late() -> None:
    weekly = manuscripts.newsletter(late=Late(2 * HOUR, "send"))
    thin = replace(manuscripts.issue(), reason=TOO_FEW)
    late = thin.due_at + 3 * HOUR
    assert isinstance(approving.decide(replace(thin, reason=""), weekly, late), approving.Approve)
    assert isinstance(approving.decide(thin, weekly, late), approving.Remind)
