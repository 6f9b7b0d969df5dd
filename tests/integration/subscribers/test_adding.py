"""One subscriber added by staff: confirmed with evidence, asked by email without it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.errors import NotFound, NotPermitted
from newsletter.model.actor import Actor, Role
from newsletter.usecases import people
from newsletter.usecases.people import Added, NewSubscriber
from subscribers import directory
from subscribers.errors import AdditionRefused, InvalidAddress
from subscribers.model import TagKind
from tests.fakes.house import STAFF, leave_all
from tests.fakes.readers import Reader, reader, words_of

NIA = "nia@example.org"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Reader]:
    """Open a publication with the subscribers ann, bob and cyd."""
    with reader(tmp_path) as opened:
        yield opened


def add(desk: Reader, address: str = NIA, *, attest: str = "", tags: tuple[str, ...] = ()) -> Added:
    """Add a subscriber to the weekly."""
    new = NewSubscriber(address, ("weekly",), "Nia", tags=tags, attest=attest)
    return people.add(desk.house.app.context, STAFF, new)


def history(desk: Reader, address: str) -> list[tuple[str, str]]:
    """Return who did what to a subscriber."""
    with desk.house.app.reader.connect() as connection:
        person = directory.require(connection, address)
        return [(line.actor, line.words) for line in directory.history(connection, person)]


def test_without_evidence_a_subscriber_is_asked_and_confirms_by_email(desk: Reader) -> None:
    assert add(desk, tags=("ships", "Board")).outcome == "emailed"
    assert desk.state(NIA) == "pending"
    assert desk.client.post(desk.link(NIA, "confirm")).status_code == 200
    assert desk.state(NIA) == "confirmed"
    assert ("person:mina", "added weekly") in history(desk, NIA)
    with desk.house.app.reader.connect() as connection:
        person = directory.require(connection, NIA)
    assert person.name == "Nia"
    kinds = {tag.slug: tag.kind for tag in person.tags}
    assert kinds == {"ships": TagKind.TOPIC, "board": TagKind.LABEL}


def test_with_evidence_a_subscriber_is_confirmed_and_the_evidence_is_kept(desk: Reader) -> None:
    assert add(desk, attest="book fair, 3 May 2026").outcome == "confirmed"
    assert desk.state(NIA) == "confirmed"
    assert not desk.letters(NIA)
    words = [words for _who, words in history(desk, NIA)]
    assert "attested weekly (person:mina: book fair, 3 May 2026)" in words
    assert add(desk, attest="book fair, 3 May 2026").outcome == "already"
    assert [words for _who, words in history(desk, NIA)] == words


@pytest.mark.parametrize(
    ("attest", "why"),
    [
        ("book fair", "because our records show that you agreed to it on 26 November 2026"),
        ("", "because you confirmed your subscription on 26 November 2026"),
    ],
)
def test_the_preference_page_says_truly_why(desk: Reader, attest: str, why: str) -> None:
    desk.sign_up(NIA)
    add(desk, attest=attest)
    if not attest:
        desk.client.post(desk.link(NIA, "confirm"))
    assert why in words_of(desk.client.get(f"/preferences/{desk.token(NIA)}").text)


def test_a_subscriber_is_asked_once_a_day(desk: Reader) -> None:
    assert add(desk).outcome == "emailed"
    assert add(desk).outcome == "not emailed"
    assert len(desk.letters(NIA)) == 1
    desk.house.at += timedelta(days=2)
    assert add(desk).outcome == "emailed"


def test_who_unsubscribed_is_asked_again_only_with_evidence_and_answers_themselves(
    desk: Reader,
) -> None:
    leave_all(desk.house, "ann@example.org")
    before = len(desk.letters("ann@example.org"))
    with pytest.raises(AdditionRefused, match="where and when they asked again"):
        add(desk, "ann@example.org")
    assert len(desk.letters("ann@example.org")) == before
    assert add(desk, "ann@example.org", attest="asked by phone").outcome == "emailed"
    assert desk.state("ann@example.org") == "unsubscribed"
    desk.client.post(desk.link("ann@example.org", "confirm"))
    assert desk.state("ann@example.org") == "confirmed"


@pytest.mark.parametrize("attest", ["", "asked by phone"])
def test_a_suppressed_or_erased_address_is_refused(desk: Reader, attest: str) -> None:
    context = desk.house.app.context
    people.suppress(context, STAFF, "ann@example.org")
    people.suppress(context, STAFF, NIA)
    people.erase(context, STAFF, "bob@example.org")
    everything = desk.everything()
    for address in ("ann@example.org", NIA):
        with pytest.raises(AdditionRefused, match="suppressed"):
            add(desk, address, attest=attest)
    with pytest.raises(AdditionRefused, match="erased"):
        add(desk, "bob@example.org", attest=attest)
    assert desk.everything() == everything


def test_topics_that_a_subscriber_chose_stay(desk: Reader) -> None:
    desk.client.post(
        f"/preferences/{desk.token('ann@example.org')}",
        data={"form": "preferences", "newsletter": "weekly", "topic": "ships"},
    )
    add(desk, "ann@example.org", tags=("fish", "Board"), attest="by phone")
    with desk.house.app.reader.connect() as connection:
        person = directory.require(connection, "ann@example.org")
    assert person.acted_at is not None
    assert "fish" not in person.topics
    assert "board" in person.slugs


def test_what_cannot_be_added_is_refused(desk: Reader) -> None:
    context = desk.house.app.context
    with pytest.raises(InvalidAddress):
        add(desk, "nia@")
    with pytest.raises(NotFound, match="monthly"):
        people.add(context, STAFF, NewSubscriber(NIA, ("monthly",)))
    editor = Actor.person("kim", Role.EDITOR)
    with pytest.raises(NotPermitted):
        people.add(context, editor, NewSubscriber(NIA, ("weekly",), attest="by phone"))
    assert people.add(context, editor, NewSubscriber(NIA, ("weekly",))).outcome == "emailed"
