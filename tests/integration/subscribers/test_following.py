"""Readers follow topics and authors and mute them: on the pages, in segments and in what they get."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.inspection import installation
from newsletter.maintenance.checkup import examine
from newsletter.usecases import people
from subscribers import directory
from subscribers.audience import Question, members
from subscribers.model import Subscriber, Tag, TagKind, slug
from subscribers.segment import parse
from subscribers.store import tags
from tests.fakes.house import MONDAY, STAFF, article
from tests.fakes.readers import Reader, mailed, reader, words_of

ANN, BOB, CYD = "ann@example.org", "bob@example.org", "cyd@example.org"


@pytest.fixture
def ann(tmp_path: Path) -> Iterator[Reader]:
    """Ann, who follows ships, has received an issue with an article on ships and one on fish."""
    with mailed(tmp_path) as found:
        yield found


def next_week(found: Reader) -> dict[str, str]:
    """Send the next issue and return its text by address."""
    article(found.house.root, "third", "ships")
    article(found.house.root, "fourth", "fish")
    at = MONDAY + timedelta(days=7)
    found.house.pass_at(at - timedelta(hours=5))
    found.house.approve(2)
    found.house.pass_at(at)
    texts = {}
    for address in (ANN, BOB, CYD):
        body = found.letters(address)[-1].get_body(("plain",))
        assert body is not None
        texts[address] = body.get_content()
    return texts


def person(found: Reader, address: str) -> Subscriber:
    with found.house.app.reader.connect() as connection:
        return directory.require(connection, address)


def whys(found: Reader, address: str) -> list[str]:
    """Return the paths of the links to explanations in the latest email."""
    body = found.letters(address)[-1].get_body(("plain",))
    assert body is not None
    lines = body.get_content().splitlines()
    return [line.removeprefix(found.base) for line in lines if f"{found.base}/why/" in line]


def why(found: Reader, address: str) -> str:
    return whys(found, address)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("author:ada-quell", "author:ada-quell"),
        (" Author: Ada Quell", "author:ada-quell"),
        ("MUTE: South Korea", "mute:south-korea"),
        ("mute:author:Ada Quell", "mute:author:ada-quell"),
        ("author:한 글", "author:한-글"),
        ("author:", ""),
        ("authority: X", "authority-x"),
        ("South Korea", "south-korea"),
    ],
)
def test_the_prefix_of_an_author_or_a_mute_stays_in_a_slug(text: str, expected: str) -> None:
    assert slug(text) == expected
    assert slug(expected) == expected


def test_every_article_links_to_the_reason_and_looking_changes_nothing(ann: Reader) -> None:
    link = why(ann, ANN)
    before = ann.everything()
    page = words_of(ann.client.get(link).text)
    assert "You're subscribed to The Tide. You follow ships." in page
    assert "Ada Keel" in page
    assert ann.everything() == before


def test_a_choice_about_a_subject_of_another_article_is_ignored(ann: Reader) -> None:
    assert "so you receive all articles" in words_of(ann.client.get(why(ann, CYD)).text)
    ann.client.post(why(ann, BOB), data={"choice.ships": "follow", "choice.fish": "neither"})
    assert person(ann, BOB).topics == set()
    assert "so you receive all articles" in words_of(ann.client.get(why(ann, BOB)).text)


def test_less_of_a_topic_takes_its_articles_out_of_the_next_issue(ann: Reader) -> None:
    link = why(ann, CYD)
    about = "ships" if "ships" in words_of(ann.client.get(link).text) else "fish"
    answer = ann.client.post(link, data={f"choice.{about}": "less"})
    page = words_of(ann.client.get(answer.headers["location"]).text)
    assert "Saved." in page
    assert "so you receive all articles except those you chose to get less of." in page
    texts = next_week(ann)
    assert f"about {about}" not in texts[CYD].lower()
    other = "fish" if about == "ships" else "ships"
    assert f"about {other}" in texts[CYD].lower()
    assert "about ships" in texts[ANN].lower()
    preferences = ann.link(CYD, "preferences")
    assert f'value="mute:{about}" checked' in ann.client.get(preferences).text
    ann.client.post(
        preferences,
        data={"form": "preferences", "newsletter": ["weekly"], "muted": f"mute:{about}"},
    )
    assert not person(ann, CYD).slugs


def test_an_author_is_followed_on_the_preference_page_and_in_a_segment(ann: Reader) -> None:
    preferences = ann.link(ANN, "preferences")
    assert 'value="author:ada-keel">' in ann.client.get(preferences).text
    chosen = {"form": "preferences", "newsletter": ["weekly"], "topic": ["author:ada-keel"]}
    ann.client.post(preferences, data=chosen)
    assert person(ann, ANN).topics == {"author:ada-keel"}
    segment = parse('author:ada-keel and not "author: Someone Else"')
    with ann.house.app.reader.connect() as connection:
        asked = Question("weekly", segment, ann.house.at)
        found = set(connection.scalars(members(connection, asked)))
    assert found == {ann.subscriber(ANN)}
    texts = next_week(ann)
    assert "about fish" in texts[ANN].lower()
    assert "You follow Ada Keel." in words_of(ann.client.get(why(ann, ANN)).text)


def test_a_removed_topic_is_reported_and_no_longer_followed_once_saved(ann: Reader) -> None:
    app = ann.house.app
    people.tag(app.context, STAFF, BOB, add=["author:ada-keel"], remove=[])
    with app.engine.begin() as connection:
        for address in (ANN, BOB):
            gone = Tag("whales", "Whales", TagKind.TOPIC)
            tags.give(connection, ann.subscriber(address), [gone])
    readings = examine(installation(app.settings), ann.house.at)
    assert [reading.message for reading in readings if reading.subject == "topic whales"] == [
        "2 subscribers follow it, but it is not in newsletter.toml"
    ]
    chosen = {"form": "preferences", "newsletter": ["weekly"], "topic": ["ships"]}
    ann.client.post(ann.link(ANN, "preferences"), data=chosen)
    assert person(ann, ANN).topics == {"ships"}
    ann.client.post(ann.link(BOB, "preferences"), data=chosen | {"topic": ["author:ada-keel"]})
    assert person(ann, BOB).topics == {"author:ada-keel"}


def test_an_article_that_the_reader_did_not_receive_is_not_shown(ann: Reader) -> None:
    number = why(ann, ANN).split("/")[2]
    token = ann.token("dan@example.org")
    answer = ann.client.get(f"/why/{number}/{token}")
    assert answer.status_code == 404
    assert "About" not in answer.text
    assert (
        ann.client.post(f"/why/{number}/{token}", data={"choice.ships": "less"}).status_code == 404
    )
    assert ann.client.get(f"/why/999999/{ann.token(ANN)}").status_code == 404


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "0", "-1", "x"])
def test_a_number_that_no_article_has_is_not_found(ann: Reader, number: str) -> None:
    assert ann.client.get(f"/why/{number}/{ann.token(ANN)}").status_code == 404
    assert ann.client.post(f"/why/{number}/{ann.token(ANN)}", data={"x": "y"}).status_code == 404


def test_a_form_neither_sets_nor_removes_a_label(tmp_path: Path) -> None:
    with reader(tmp_path, "") as found:
        article(found.house.root, "third", "board")  # not a topic of the configuration
        found.house.pass_at(MONDAY - timedelta(hours=5))
        found.house.approve()
        found.house.pass_at(MONDAY)
        context = found.house.app.context
        pages = {path: found.client.get(path).text for path in whys(found, CYD)}
        link = next(path for path, page in pages.items() if "About board" in page)
        assert 'name="choice.board"' in pages[link]
        people.tag(context, STAFF, BOB, add=["Board"], remove=[])
        assert 'name="choice.board"' not in found.client.get(link).text
        found.client.post(link, data={"choice.board": "follow"})
        assert person(found, CYD).slugs == set()
        people.tag(context, STAFF, CYD, add=["Board"], remove=[])
        for choice in ("less", "neither"):
            found.client.post(link, data={"choice.board": choice})
        chosen = {"form": "preferences", "newsletter": ["weekly"], "muted": ["board"]}
        found.client.post(found.link(CYD, "preferences"), data=chosen)
        (tag,) = person(found, CYD).tags
        assert (tag.slug, tag.kind) == ("board", TagKind.LABEL)
