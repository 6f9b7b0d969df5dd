"""Articles and sources at the desk: search, where everything came from, and what staff decide."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.errors import NotAllowed
from newsletter.model.act import ActKind
from newsletter.model.actor import Role
from newsletter.store import acts
from newsletter.store.acts import ActFilter
from newsletter.store.content import articles
from newsletter.usecases import articles as usecase
from newsletter.usecases import sources
from tests.fakes.desk import StaffedDesk, staffed_desk
from tests.fakes.house import MONDAY, STAFF, House, article, house


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        made.pass_at(MONDAY - timedelta(days=1))
        yield made


@pytest.fixture
def desk(opened: House) -> StaffedDesk:
    return staffed_desk(opened.app)


@pytest.fixture
def editor(desk: StaffedDesk) -> TestClient:
    return desk.browser(Role.EDITOR)


def act(
    desk: StaffedDesk, editor: TestClient, path: str, fields: dict[str, str] | None = None
) -> str:
    """Send a form, follow the redirect if there is one, and return the page."""
    answer = desk.post(editor, path, fields)
    assert answer.status_code in {200, 303}, answer.text
    return editor.get(answer.headers["location"]).text if answer.is_redirect else answer.text


def recorded(opened: House) -> list[ActKind]:
    with opened.app.reader.connect() as connection:
        return [found.act.kind for found in acts.listed(connection, ActFilter())]


def number_of(opened: House, word: str) -> int:
    with opened.app.reader.connect() as connection:
        found = articles.recent(connection)
    return next(each.id for each in found if word in each.content.title)


def test_articles_are_found_by_words_of_the_title(editor: TestClient, opened: House) -> None:
    ships, fish = number_of(opened, "ships"), number_of(opened, "fish")
    every = editor.get("/articles").text
    assert f'href="/articles/{ships}"' in every
    assert f'href="/articles/{fish}"' in every
    for params in ({"text": "SHIPS about"}, {"text": "first", "source": "desk", "state": "new"}):
        page = editor.get("/articles", params=params).text
        assert f'href="/articles/{ships}"' in page
        assert f'href="/articles/{fish}"' not in page
    for params in (
        {"text": "%"},
        {"text": "\x00' OR 1=1 <script>"},
        {"source": "other"},
        {"state": "gone"},
        {"before": "1"},
    ):
        page = editor.get("/articles", params=params).text
        assert "No article matches" in page
        assert "<script>" not in page
    assert editor.get("/articles", params={"before": "9" * 30}).status_code == 200
    assert editor.get("/articles/99999999999999999999").status_code == 404
    assert editor.get("/articles/999").status_code == 404


def test_an_article_has_its_origins_revisions_and_uses(
    desk: StaffedDesk, editor: TestClient, opened: House
) -> None:
    number = number_of(opened, "ships")
    page = editor.get(f"/articles/{number}").text
    for part in ("Ada Keel", "ships", "The Tide", 'href="/issues/1"', "byline"):
        assert part in page, part
    assert "unchanged" in act(desk, editor, f"/articles/{number}/read")
    article(opened.root, "first", "ships", words=300)
    assert "has changed" in act(desk, editor, f"/articles/{number}/read")
    assert "Revision 1, until" in editor.get(f"/articles/{number}").text
    assert recorded(opened)[0] is ActKind.ARTICLE_READ_AGAIN


def test_a_hidden_article_is_in_no_new_issue(
    desk: StaffedDesk, editor: TestClient, opened: House
) -> None:
    number = number_of(opened, "ships")
    since = MONDAY - timedelta(days=30)
    assert "is hidden" in act(desk, editor, f"/articles/{number}/hide")
    act(desk, editor, f"/articles/{number}/hide")
    with opened.app.reader.connect() as connection:
        assert number not in {each.id for each in articles.eligible(connection, "x", since)}
    assert "hidden by staff" in editor.get("/articles", params={"state": "hidden"}).text
    assert "offered to new issues again" in act(desk, editor, f"/articles/{number}/show")
    with opened.app.reader.connect() as connection:
        assert number in {each.id for each in articles.eligible(connection, "x", since)}
    assert recorded(opened)[:2] == [ActKind.ARTICLE_SHOWN, ActKind.ARTICLE_HIDDEN]


def test_a_duplicate_is_hidden_and_known_as_the_other(
    desk: StaffedDesk, editor: TestClient, opened: House
) -> None:
    ships, fish = number_of(opened, "ships"), number_of(opened, "fish")
    path = f"/articles/{fish}/duplicate"
    for kept in ("", str(fish), "9" * 30, "999", "x"):
        assert desk.post(editor, path, {"kept": kept}).status_code in {404, 409}
    assert "marked as a duplicate" in act(desk, editor, path, {"kept": str(ships)})
    article(opened.root, "second", "fish", words=300)
    assert act(desk, editor, "/sources/desk/collect")
    with opened.app.reader.connect() as connection:
        assert articles.load(connection, fish).state == "hidden"
        assert articles.load(connection, fish).revision == 1
    assert ActKind.DUPLICATE_CHOSEN in recorded(opened)


def test_an_article_that_no_source_lists_is_not_read_again(opened: House) -> None:
    publication = replace(opened.app.publication, sources=())
    context = replace(opened.app.context, publication=publication)
    with pytest.raises(NotAllowed, match="no configured source"):
        usecase.read_again(context, STAFF, number_of(opened, "fish"))
    assert ActKind.ARTICLE_READ_AGAIN not in recorded(opened)


def test_a_source_is_tested_collected_and_paused(
    desk: StaffedDesk, editor: TestClient, opened: House
) -> None:
    assert 'href="/sources/desk"' in editor.get("/sources").text
    assert editor.get("/sources/none").status_code == 404
    article(opened.root, "third", "ships")
    tested = act(desk, editor, "/sources/desk/test")
    assert "Nothing was stored." in tested
    assert "new: About ships and third" in tested
    assert desk.post(editor, "/sources/desk/pause", {"reason": ""}).status_code == 409
    paused = act(desk, editor, "/sources/desk/pause", {"reason": "the site is being moved"})
    assert "the site is being moved" in paused
    opened.pass_at(MONDAY - timedelta(hours=12))
    editor = desk.browser(Role.EDITOR)
    assert "third" not in editor.get("/articles").text
    assert "new: About ships and third" in act(desk, editor, "/sources/desk/collect")
    assert "third" in editor.get("/articles").text
    assert "the site is being moved" not in act(desk, editor, "/sources/desk/resume")
    assert desk.post(editor, "/sources/a%00b/resume").status_code == 404
    assert not sources.resume(opened.app.context, STAFF, "desk")
    article(opened.root, "fourth", "ships")
    opened.pass_at(MONDAY - timedelta(hours=6))
    assert "fourth" in editor.get("/articles").text
    assert [kind for kind in recorded(opened) if kind.name.startswith("SOURCE")] == [
        ActKind.SOURCE_RESUMED,
        ActKind.SOURCE_COLLECTED,
        ActKind.SOURCE_PAUSED,
    ]
