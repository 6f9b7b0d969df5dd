"""The archive: what was sent, without anything of a recipient, and nothing else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from json import dumps
from pathlib import Path

import feedparser
import pytest
import sqlalchemy as sa

from newsletter.model.issue import IssueKind
from newsletter.model.states import BatchState, IssueState
from newsletter.store.tables import batches, editions, issues
from newsletter.usecases import drafting
from tests.fakes.house import MONDAY, STAFF
from tests.fakes.issues import add_issue, force_state
from tests.fakes.readers import HOST, Reader, mailed, reader

PATHS = ("/archive", "/archive/weekly", "/archive/weekly/1", "/archive/weekly/feed.xml")
PERSONAL = re.compile(
    r"-nl[0-9a-f]|/(?:unsubscribe|preferences|read|why)/|\bAnn\b|\bm[0-9a-f]{4}\."
)
IMAGE = "https://www.example.org/quay.jpg"


@contextmanager
def sent(root: Path, more: str = "") -> Iterator[Reader]:
    """Send an issue to everyone."""
    with mailed(root, more) as eve:
        yield eve


def statuses(eve: Reader) -> list[int]:
    return [eve.client.get(path).status_code for path in PATHS]


def page(eve: Reader, path: str = "/archive/weekly/1") -> str:
    answer = eve.client.get(path)
    assert answer.status_code == 200
    return answer.text


def correct(eve: Reader, note: str) -> int:
    """Send a correction of the first issue."""
    drafted = drafting.correct(eve.house.app.context, STAFF, 1, note=note)
    eve.house.pass_at(MONDAY + timedelta(hours=1))
    eve.house.approve(drafted.issue.id)
    eve.house.pass_at(MONDAY + timedelta(hours=2))
    return drafted.issue.id


def archive_many(eve: Reader, count: int) -> list[int]:
    """Insert issues that were sent at the same two moments, with one accepted batch each."""
    with eve.house.app.engine.begin() as connection:
        ids = [add_issue(connection, number=number) for number in range(1, count + 1)]
        for issue_id in ids:
            at = MONDAY - timedelta(days=issue_id % 2)
            force_state(connection, issue_id, IssueState.SUBMITTED)
            row = issues.update().where(issues.c.id == issue_id)
            connection.execute(row.values(frozen_at=at, nominal="2026-11-23T08:00"))
            add_batch(connection, issue_id)
    return ids


def add_batch(connection: sa.Connection, issue_id: int, state: str = BatchState.ACCEPTED) -> None:
    row = {"issue_id": issue_id, "seq": 1, "edition_id": 1, "first_seq": 1, "last_seq": 1}
    connection.execute(batches.insert().values(**row, provider="outbox", state=state))


def test_an_issue_is_public_once_it_has_reached_someone(tmp_path: Path) -> None:
    with reader(tmp_path, "") as eve:
        eve.house.pass_at(MONDAY - timedelta(days=1))
        assert statuses(eve) == [200, 200, 404, 200]
        eve.house.approve()
        assert "About ships" not in page(eve, "/archive/weekly")
        assert statuses(eve) == [200, 200, 404, 200]
        eve.house.pass_at(MONDAY)
        assert statuses(eve) == [200, 200, 200, 200]
        assert "About ships" in page(eve, "/archive/weekly")


def test_nothing_of_a_recipient_is_in_the_archive(tmp_path: Path) -> None:
    with reader(tmp_path, "") as eve:
        eve.house.pass_at(MONDAY - timedelta(days=1))
        with eve.house.app.engine.begin() as connection:
            connection.execute(issues.update().values(note="Good morning{name}. Welcome."))
            force_state(connection, 1, IssueState.DRAFT)
        eve.house.pass_at(MONDAY - timedelta(hours=20))
        eve.house.approve()
        eve.house.pass_at(MONDAY)
        with eve.house.app.reader.connect() as connection:
            frozen = connection.scalars(sa.select(editions.c.html)).first()
        assert PERSONAL.search(frozen or "")
        for path in PATHS:
            assert not PERSONAL.search(page(eve, path)), path
        assert "You receive The Tide because" not in page(eve)


def test_a_public_copy_is_the_edition_for_readers_without_topics(tmp_path: Path) -> None:
    with sent(tmp_path, 'content = "followed"\n') as eve:
        with eve.house.app.reader.connect() as connection:
            shown = [set(row) for row in connection.scalars(sa.select(editions.c["items"]))]
        assert {1, 2} in shown
        assert {1} in shown
        text = page(eve)
        assert "About ships" in text
        assert "About fish" in text
        for path in ("/archive/weekly/2", "/archive/weekly/1-2", "/archive/weekly/1/2"):
            assert eve.client.get(path).status_code == 404


@pytest.mark.parametrize("more", ["public = false\n", "archive = false\n", 'segment = "board"\n'])
def test_a_newsletter_that_is_not_for_everyone_has_no_archive(tmp_path: Path, more: str) -> None:
    with reader(tmp_path, more) as eve:
        archive_many(eve, 1)
        assert statuses(eve) == [404, 404, 404, 404]


def test_the_sign_up_page_leads_to_past_issues(tmp_path: Path) -> None:
    with reader(tmp_path, "") as eve:
        assert 'href="/archive"' in page(eve, "/")
    with reader(tmp_path / "other", "archive = false\n") as eve:
        assert 'href="/archive"' not in page(eve, "/")


def test_search_engines_are_kept_away_on_request(tmp_path: Path) -> None:
    with sent(tmp_path, "noindex = true\n") as eve:
        for path in PATHS[1:]:
            assert eve.client.get(path).headers["X-Robots-Tag"] == "noindex"
        for path in PATHS[1:3]:
            assert '<meta name="robots" content="noindex">' in page(eve, path)
    with sent(tmp_path / "other") as eve:
        assert "X-Robots-Tag" not in eve.client.get(PATHS[2]).headers
        assert 'content="index"' in page(eve)


@pytest.mark.parametrize(
    "state", sorted(set(IssueState) - {IssueState.SUBMITTED, IssueState.SUBMITTING})
)
def test_an_issue_that_was_stopped_is_not_public(tmp_path: Path, state: IssueState) -> None:
    with sent(tmp_path) as eve:
        with eve.house.app.engine.begin() as connection:
            force_state(connection, 1, state)
        assert statuses(eve) == [200, 200, 404, 200]
        for path in PATHS[1:4:2]:
            assert "About ships" not in page(eve, path)


@pytest.mark.parametrize("kind", [IssueKind.DIGEST, IssueKind.ALERT])
def test_digests_and_alerts_are_not_public(tmp_path: Path, kind: IssueKind) -> None:
    with sent(tmp_path) as eve:
        with eve.house.app.engine.begin() as connection:
            connection.execute(issues.update().values(kind=kind.value))
        assert statuses(eve) == [200, 200, 404, 200]


def test_an_issue_without_an_accepted_batch_is_not_public(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        with eve.house.app.engine.begin() as connection:
            connection.execute(batches.update().values(state=BatchState.HELD.value))
        assert statuses(eve) == [200, 200, 404, 200]


def test_a_correction_is_marked_linked_and_readable(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        before = eve.client.get("/archive/weekly/1").headers["ETag"]
        number = correct(eve, "The harbor is in **Busan**{name}.")
        marked = "This issue was corrected on 30 November 2026."
        assert page(eve, "/archive/weekly").count(marked) == 1
        assert page(eve, "/archive/weekly").count('class="past"') == 1
        text = page(eve)
        assert marked in text
        assert "The harbor is in Busan." in text
        assert f'href="{HOST}/archive/weekly/{number}"' in text
        assert f'href="{HOST}/archive/weekly/1"' in page(eve, f"/archive/weekly/{number}")
        assert eve.client.get("/archive/weekly/1").headers["ETag"] != before
        (entry,) = feedparser.parse(page(eve, "/archive/weekly/feed.xml")).entries
        assert entry.updated > entry.published


def test_lists_are_paged_and_lead_to_every_issue_once(tmp_path: Path) -> None:
    with reader(tmp_path, "") as eve:
        ids = archive_many(eve, 45)
        seen: list[int] = []
        path = "/archive/weekly"
        while path:
            text = page(eve, path)
            shown = [int(found) for found in re.findall(r'<h2><a href="\S+/(\d+)"', text)]
            assert len(shown) <= 20
            seen += shown
            later = re.search(rf'href="{HOST}(\S+)" rel="next"', text)
            path = later[1] if later else ""
        assert sorted(seen) == ids
        assert seen == sorted(ids, key=lambda number: (-(number % 2 == 0), -number))
        assert len(feedparser.parse(page(eve, "/archive/weekly/feed.xml")).entries) == 20


@pytest.mark.parametrize("before", ["0", "999999999", "x", "-1", "1e3", "٣", "1'--", "9" * 30])
def test_a_page_that_does_not_exist_is_empty_or_missing(tmp_path: Path, before: str) -> None:
    with sent(tmp_path) as eve:
        answer = eve.client.get("/archive/weekly", params={"before": before})
        assert answer.status_code in {200, 404}
        assert "About ships" not in answer.text
        assert eve.client.get(f"/archive/weekly/{before}").status_code == 404


def test_an_issue_is_found_by_an_address_in_a_sentence(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        for ending in (".", ")", ").", "%E2%80%9D", ">"):
            assert "About ships" in page(eve, f"/archive/weekly/1{ending}")


def test_no_page_reads_a_delivery(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        asked: list[str] = []
        sa.event.listen(
            eve.house.app.reader,
            "before_cursor_execute",
            lambda *arguments: asked.append(arguments[2]),
        )
        for path in PATHS:
            page(eve, path)
        assert len(asked) >= 3
        assert not [statement for statement in asked if "deliveries" in statement]
        assert not [statement for statement in asked if "count(" in statement.lower()]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_that_has_not_changed_is_not_sent_again(tmp_path: Path, path: str) -> None:
    with sent(tmp_path) as eve:
        first = eve.client.get(path)
        assert first.headers["Cache-Control"] == "public, max-age=300"
        tag = first.headers["ETag"]
        again = eve.client.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == tag
        assert "Content-Security-Policy" in again.headers
        assert eve.client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_an_issue_has_a_card_for_other_sites(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        with eve.house.app.engine.begin() as connection:
            image = {"image": IMAGE, "alt": "A quay & a crane"}
            connection.exec_driver_sql("DELETE FROM pictures")
            connection.execute(
                sa.text("UPDATE items SET corrections = :made"), {"made": dumps(image)}
            )
        text = page(eve)
        for name, content in (
            ("og:title", "About ships and first"),
            ("og:url", f"{HOST}/archive/weekly/1"),
            ("og:image", IMAGE),
            ("og:image:alt", "A quay &amp; a crane"),
        ):
            assert f'<meta property="{name}" content="{content}">' in text
        assert f'<link rel="canonical" href="{HOST}/archive/weekly/1">' in text


def test_a_feed_is_valid_with_any_subject(tmp_path: Path) -> None:
    hostile = "\x01 </title> ]]> & <b> \ufffe “한국” 🚢"
    with sent(tmp_path) as eve:
        with eve.house.app.engine.begin() as connection:
            connection.execute(editions.update().values(subject=hostile, preheader=hostile))
        answer = eve.client.get("/archive/weekly/feed.xml")
        assert answer.headers["Content-Type"].startswith("application/atom+xml")
        read = feedparser.parse(answer.content)
        assert not read.bozo
        (entry,) = read.entries
        assert "“한국” 🚢" in entry.title
        assert entry.link == entry.id == f"{HOST}/archive/weekly/1"
        assert read.feed.author == "Harbour Notes"


def test_the_form_below_an_issue_signs_up(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        assert 'action="/sign-up"' in page(eve)
        assert eve.sign_up("new@example.org") == 303
        assert eve.state("new@example.org") == "pending"


def test_the_copy_of_a_reader_is_their_own_edition_with_their_own_links(tmp_path: Path) -> None:
    with sent(tmp_path, 'content = "followed"\n') as eve:
        link = eve.link("ann@example.org", "read")
        text = page(eve, link)
        assert "About ships" in text
        assert "About fish" not in text
        unsubscribe = re.search(rf'href="{HOST}(/unsubscribe/[^"]+)"', text)
        assert unsubscribe is not None
        before = eve.everything()
        assert eve.client.get(unsubscribe[1]).status_code == 200
        assert eve.everything() == before
        eve.client.post(unsubscribe[1])
        assert eve.state("ann@example.org") == "unsubscribed"
        assert eve.state("bob@example.org") == "confirmed"


def test_the_copy_of_another_reader_is_refused(tmp_path: Path) -> None:
    with sent(tmp_path) as eve:
        _, delivery, token = eve.link("ann@example.org", "read").strip("/").split("/")
        other = eve.link("bob@example.org", "read").strip("/").split("/")[1]
        assert eve.client.get(f"/read/{delivery}/{token}").status_code == 200
        for path in (f"/read/{other}/{token}", f"/read/{delivery}/{token[:-1]}0x", "/read/1-1/x"):
            assert eve.client.get(path).status_code == 404
