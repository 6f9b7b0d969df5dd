"""Add an article that no source lists: it is shown first, stored once, and printed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from html import escape
from pathlib import Path

import pytest
import structlog
from starlette.testclient import TestClient
from typer.testing import CliRunner

from newsletter.cli.main import program
from newsletter.collect.entry import Entry
from newsletter.collect.keep import keep_candidate
from newsletter.collect.reader import ReadEntry
from newsletter.model.actor import Role
from newsletter.model.article import Article
from newsletter.model.issue import Item, corrected
from newsletter.model.source import Source
from newsletter.store.content import articles, issues
from newsletter.usecases import adding
from tests.fakes.desk import StaffedDesk, form, staffed_desk
from tests.fakes.house import MONDAY, SECRETS, STAFF, House, house
from tests.fakes.site import Site, open_site

PATH = "/issues/1/add"
SENTENCES = " ".join(
    f"The lighthouse burned oil for the {n}th year and no longer." for n in range(40)
)


def page(headline: str) -> str:
    return (
        f"<html lang='en'><head><title>{escape(headline)}</title>"
        "<meta name='author' content='Nao Reed'>"
        "<meta property='article:published_time' content='2026-11-24T08:00:00Z'></head>"
        f"<body><article><h1>{escape(headline)}</h1><p>{SENTENCES}</p></article></body></html>"
    )


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with open_site() as served:
        yield served


@pytest.fixture(scope="module")
def opened(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    feed = site.serve("/feed.xml", "<rss/>")
    source = f'[sources.site]\nkind = "feed"\nurl = "{feed}"\nallow_private = true\n'
    root = tmp_path_factory.mktemp("house")
    with house(root, source) as made:
        made.pass_at(MONDAY - timedelta(days=1))
        yield made


@pytest.fixture(scope="module")
def desk(opened: House) -> StaffedDesk:
    return staffed_desk(opened.app)


@pytest.fixture(scope="module")
def editor(desk: StaffedDesk) -> TestClient:
    return desk.browser(Role.EDITOR)


def printed(opened: House) -> list[Item]:
    with opened.app.reader.connect() as connection:
        return [item for item in issues.load_items(connection, 1) if item.included]


def stored(opened: House) -> list[Article]:
    with opened.app.reader.connect() as connection:
        return articles.recent(connection)


def test_an_article_is_shown_before_it_is_stored_and_printed(
    opened: House, site: Site, desk: StaffedDesk, editor: TestClient
) -> None:
    before = len(stored(opened))
    address = site.serve("/lighthouse", page("The <last> lighthouse"))
    shown = desk.post(editor, PATH, {"address": address})
    assert shown.status_code == 200
    assert "The &lt;last&gt; lighthouse" in shown.text
    assert "Nao Reed" in shown.text
    assert len(stored(opened)) == before
    asked = form(shown.text.partition("<article")[2], PATH)
    for _ in range(2):
        answer = desk.post(editor, PATH, asked)
        assert answer.status_code == 303
    last = printed(opened)[-1]
    assert answer.headers["location"] == f"/issues/1/edit#article-{last.article_id}"
    assert (last.title, last.published, last.reason) == (
        "The <last> lighthouse",
        "2026-11-24",
        "added by staff",
    )
    assert len(stored(opened)) == before + 1
    history = editor.get("/issues/1/history").text
    assert "add: article" in history


def test_an_article_that_changed_since_it_was_shown_is_shown_again(
    opened: House, site: Site, desk: StaffedDesk, editor: TestClient
) -> None:
    before = len(stored(opened))
    address = site.serve("/ferry", page("The old ferry"))
    shown = desk.post(editor, PATH, {"address": address})
    asked = form(shown.text.partition("<article")[2], PATH)
    site.serve("/ferry", page("The new ferry"))
    again = desk.post(editor, PATH, asked)
    assert again.status_code == 200
    assert "has changed since it was shown" in again.text
    assert "The new ferry" in again.text
    assert len(stored(opened)) == before


def test_an_article_that_a_source_collected_is_recognized(opened: House) -> None:
    collected = printed(opened)[0].article_id
    with opened.app.reader.connect() as connection:
        content = articles.load(connection, collected).content
    found = adding.FoundArticle(content.url, content, "")
    before = len(stored(opened))
    assert adding.accept(opened.app.context, STAFF, 1, found).article_id == collected
    assert len(stored(opened)) == before


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", "is not an address"),
        ("javascript:alert(1)", "is not an address"),
        ("file:///etc/passwd", "is not an address"),
        ("http://127.0.0.2:9/", "private"),
        ("http://169.254.169.254/latest", "private"),
        ("{site}/missing", "not found"),
        ("{site}/empty", "no article was found"),
    ],
)
def test_what_cannot_be_read_is_explained_and_the_address_stays(
    opened: House, site: Site, desk: StaffedDesk, editor: TestClient, address: str, problem: str
) -> None:
    site.serve("/empty", "<html><body></body></html>")
    before = len(stored(opened))
    given = address.format(site=site.url("").rstrip("/"))
    answer = desk.post(editor, PATH, {"address": given})
    assert answer.status_code == 409
    assert problem in answer.text
    assert f'value="{escape(given)}"' in answer.text
    assert len(stored(opened)) == before


def test_an_article_is_typed_and_added_once(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    before = len(stored(opened))
    typed = {
        "title": "A letter from the pier",
        "authors": "Bo Lind (Pilot)",
        "date": "2026-11-25",
        "topics": "Ships; Letters",
        "teaser": "Bo Lind looks back on forty years of fog, and on the night that it lifted at last.",
        "text": "The fog came.\n\nThen it went.",
    }
    for _ in range(2):
        assert desk.post(editor, f"{PATH}/typed", typed).status_code == 303
    assert len(stored(opened)) == before + 1
    content = stored(opened)[0].content
    assert content.sections[0].paragraphs == ("The fog came.", "Then it went.")
    assert (content.published, content.lang) == (date(2026, 11, 25), "en")
    last = corrected(printed(opened)[-1])
    assert (last.title, last.topics) == ("A letter from the pier", ("Ships", "Letters"))
    assert last.teaser.text.startswith("Bo Lind looks back")
    assert "letters" in last.tags


def test_what_was_typed_of_a_known_article_is_not_dropped(opened: House) -> None:
    collected = printed(opened)[0].article_id
    with opened.app.reader.connect() as connection:
        content = articles.load(connection, collected).content
    address = "https://harbour.example/news/1"
    read = ReadEntry(Entry(key=address, url=address), replace(content, url=address, title="News"))
    with opened.app.engine.begin() as connection:
        keep_candidate(connection, Source("news", "page"), read, opened.at)
    typed = adding.TypedArticle("Another title", url=address, teaser="A teaser.")
    for title in ("Another title", "A third title"):
        adding.add_typed(opened.app.context, STAFF, 1, replace(typed, title=title))
        shown = corrected(printed(opened)[-1])
        assert (shown.title, shown.teaser.text) == (title, "A teaser.")
    newer = replace(read, content=replace(content, url=address, title="Newer news"))
    with opened.app.engine.begin() as connection:
        keep_candidate(connection, Source("news", "page"), newer, opened.at)
    opened.pass_at(opened.at + timedelta(hours=1))
    assert corrected(printed(opened)[-1]).title == "A third title"


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"title": ""}, "needs a headline"),
        ({"text": "", "teaser": ""}, "needs a text or a teaser"),
        ({"date": "yesterday"}, "expected YYYY-MM-DD"),
        ({"url": "javascript:alert(1)"}, "use https://"),
    ],
)
def test_a_typed_article_that_cannot_be_printed_stays_in_the_form(
    opened: House, desk: StaffedDesk, editor: TestClient, changed: dict[str, str], problem: str
) -> None:
    before = len(stored(opened))
    typed = {"title": "A title", "text": "A text <b>.", "teaser": "A teaser."} | changed
    answer = desk.post(editor, f"{PATH}/typed", typed)
    assert answer.status_code == 409
    assert problem in answer.text
    kept = form(answer.text, f"{PATH}/typed")
    assert {name: kept[name] for name in typed} == typed
    assert len(stored(opened)) == before


def test_the_command_adds_an_article_by_its_address_and_by_hand(
    opened: House, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(opened.root)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    runner = CliRunner()
    address = site.serve("/crane", page("The crane that stayed"))
    asked = runner.invoke(program, ["add", "1", address], input="n\n")
    assert "The crane that stayed" in asked.output
    assert "Nothing was added." in asked.output
    added = runner.invoke(program, ["add", "1", address, "--yes"])
    assert added.exit_code == 0, added.output
    (tmp_path / "text.txt").write_text("It was raining.", encoding="utf-8")
    words = ["add", "1", "--title", "Rain", "--text", str(tmp_path / "text.txt")]
    assert runner.invoke(program, words).exit_code == 0
    assert [item.title for item in printed(opened)[-2:]] == ["The crane that stayed", "Rain"]
    assert "--title" in runner.invoke(program, ["add", "1"]).output
    structlog.reset_defaults()  # the program logs to the runner's stderr, which is closed now
