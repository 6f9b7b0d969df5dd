"""The desk over a publication whose issue was submitted, through real HTTP."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from newsletter.edit.operations import Correct
from newsletter.edit.run import change
from newsletter.model import links
from newsletter.model.actor import Actor
from newsletter.store.content import issues
from subscribers.tokens import Purpose
from tests.fakes.house import MONDAY, House, house
from tests.fakes.pages import Pages, pages


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Pages]]:
    """Serve a publication whose first issue went out on Monday."""
    with house(tmp_path_factory.mktemp("house")) as opened:
        opened.pass_at(MONDAY - timedelta(days=3))
        opened.pass_at(MONDAY - timedelta(days=1))
        opened.approve()
        opened.pass_at(MONDAY)
        with pages(opened.app) as served:
            yield opened, served


SHOWN = {
    "/": "Nothing. If something can’t continue without you",
    "/issues": "The Tide No. 1",
    "/issues/1": "About ships and first",
    "/issues/1/audience": "3 recipients were chosen",
    "/issues/1/report": "not reported: the emails were written to a folder",
    "/issues/1/report?language=ko": "수신자별 현재 상태",
    "/newsletters/weekly/report": "Growth and losses by month",
    "/newsletters/weekly/report?language=ko": "월별 증가와 감소",
    "/issues/1/report/1/body": "About ships and first",
    "/issues/1/preview?edition=1": "Content hash",
    "/issues/1/preview": "In the inboxes of five email clients",
    "/issues/1/preview?edition=1&show=text": "HARBOUR NOTES",
    "/articles": "Ada Keel",
    "/sources": "desk",
    "/outbox": "ann@example.org",
    "/outbox/1-1?show=headers": "List-Unsubscribe-Post",
}


@pytest.mark.parametrize(("path", "expected"), SHOWN.items())
def test_every_page_shows_what_it_is_for(
    desk: tuple[House, Pages], path: str, expected: str
) -> None:
    _, served = desk
    answer = served.get(served.desk + path)
    assert answer.status_code == httpx2.codes.OK
    assert expected in answer.text
    assert "frame-ancestors" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/newsletters/none/report",
        "/issues/99",
        "/issues/99999999999999999999",
        "/issues/1/preview?edition=77",
        "/outbox/9-9",
    ],
)
def test_a_missing_page_says_so_in_a_sentence(desk: tuple[House, Pages], path: str) -> None:
    _, served = desk
    answer = served.get(served.desk + path)
    assert answer.status_code == httpx2.codes.NOT_FOUND
    assert "Back to today" in answer.text


def test_no_page_that_only_shows_something_accepts_a_post(
    desk: tuple[House, Pages],
) -> None:
    """A preview renders a changed issue, but not for another site."""
    _, served = desk
    for path in SHOWN:
        answer = httpx2.post(served.desk + path, trust_env=False, cookies=dict([served.cookie]))
        renders = path.startswith("/issues/1/preview")
        refused = httpx2.codes.FORBIDDEN if renders else httpx2.codes.METHOD_NOT_ALLOWED
        assert answer.status_code == refused, path


def test_another_name_for_the_desk_is_refused(desk: tuple[House, Pages]) -> None:
    _, served = desk
    answer = served.get(served.desk, headers={"Host": "evil.example"})
    assert answer.status_code == httpx2.codes.MISDIRECTED_REQUEST


def test_a_mail_is_framed_without_scripts(desk: tuple[House, Pages]) -> None:
    _, served = desk
    answer = served.get(f"{served.desk}/outbox/1-1/body")
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "<html" in answer.text


def test_a_recipient_reads_their_copy_in_the_browser(desk: tuple[House, Pages]) -> None:
    opened, served = desk
    with opened.app.reader.connect() as connection:
        number = issues.load(connection, 1).number
    subscriber = next(
        one for one in range(1, 5) if _read(served, one, f"{number}-1").status_code == 200
    )
    answer = _read(served, subscriber, "1-1")
    assert "Harbour Notes" in answer.text
    assert not re.search(r"-nl[0-9a-f]+-", answer.text)
    others = [one for one in range(1, 5) if one != subscriber]
    assert {_read(served, one, "1-1").status_code for one in others} == {404}


def _read(served: Pages, subscriber: int, delivery: str) -> httpx2.Response:
    token = served.app.signer.mint(subscriber, "weekly", Purpose.ISSUE)
    return served.get(links.read(served.public, delivery, token))


@pytest.mark.parametrize("token", ["x", "m0000.weekly.1.00000000000000000000000000000000", "%00"])
def test_a_forged_reading_link_is_not_found(desk: tuple[House, Pages], token: str) -> None:
    _, served = desk
    assert served.get(f"{served.public}/read/1-1/{token}").status_code == httpx2.codes.NOT_FOUND


def test_a_published_article_from_a_file_has_a_page(desk: tuple[House, Pages]) -> None:
    _, served = desk
    answer = served.get(served.app.articles.address(served.public, 1))
    assert "Ada Keel" in answer.text
    unknown = served.app.articles.address(served.public, 4711)
    assert served.get(unknown).status_code == httpx2.codes.NOT_FOUND


@pytest.mark.parametrize("path", ["/nothing", "/issues/none", "/issues/99/history"])
def test_an_unknown_address_is_answered_with_a_page(desk: tuple[House, Pages], path: str) -> None:
    _, served = desk
    for site in (served.desk, served.public):
        answer = served.get(site + path)
        assert answer.status_code == httpx2.codes.NOT_FOUND
        assert "<h1>Page not found</h1>" in answer.text


def test_opening_the_address_of_a_form_is_answered_with_a_page(
    desk: tuple[House, Pages],
) -> None:
    _, served = desk
    answer = served.get(served.desk + "/issues/1/edit/undo")
    assert answer.status_code == httpx2.codes.METHOD_NOT_ALLOWED
    assert answer.headers["Allow"] == "POST"
    assert "<h1>Page not found</h1>" in answer.text


def test_the_history_says_who_did_what(desk: tuple[House, Pages]) -> None:
    _, served = desk
    page = served.get(served.desk + "/issues/1/history").text
    assert page.index("issue approved") < page.index("issue draft")
    assert "mina" in page
    assert "Monday 30 November 2026 at 08:00" in page or "29 November 2026" in page


def test_a_correction_stands_beside_what_it_replaces(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        opened.pass_at(MONDAY - timedelta(days=1))
        with opened.app.reader.connect() as connection:
            first = issues.load_items(connection, 1)[0]
        made = [Correct(first.article_id, "title", "Ships, and why they float")]
        change(opened.app.engine, 1, made, actor=Actor.person("mina"), now=opened.at)
        with pages(opened.app) as served:
            page = served.get(served.desk + "/issues/1").text
            told = served.get(served.desk + "/issues/1/history").text
    assert "Ships, and why they float" in page
    assert "Headline before staff corrected it" in page
    assert f"<del>{first.title}</del>" in page
    assert "issue edited" in told
    assert "Ships, and why they float" in told
