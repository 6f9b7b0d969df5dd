"""Staff find subscribers by how an address or a name begins, a page at a time."""

from itertools import combinations

import pytest
import sqlalchemy as sa

from subscribers.model import Subscriber
from subscribers.searching import search
from subscribers.segment import Everyone, parse
from subscribers.store import people
from subscribers.store.finding import starts
from subscribers.store.tables import subscribers
from tests.fakes.people import add_person
from tests.fakes.plans import plans

PEOPLE = {
    "ada@navy.example": "Ada Lovelace",
    "al@navy.example": "Grace Brewster Hopper",
    "ivan@sea.example": "Иван Лодкин",
    "kim@sea.example": "김민수",
    "emile@sea.example": "Émile Adam",
    "under_score@sea.example": "",
    "undertow@sea.example": "100% O'Brien",
}


@pytest.fixture
def named(engine: sa.Engine) -> sa.Engine:
    with engine.begin() as connection:
        for address, name in PEOPLE.items():
            number = add_person(connection, address)
            mine = subscribers.update().where(subscribers.c.id == number)
            connection.execute(mine.values(name=name))
    return engine


def found(engine: sa.Engine, text: str, segment: str = "", size: int = 50) -> list[Subscriber]:
    """Return every page of a search; each subscriber is on one of them."""
    rule, pages, after = parse(segment) if segment else Everyone(), [], ""
    with engine.begin() as connection:
        while True:
            page = search(connection, text, rule, after, size)
            pages.append({person.id for person in page.people})
            assert len(page.people) <= size
            if not page.after:
                break
            after = page.after
        assert not any(one & other for one, other in combinations(pages, 2))
        everyone = people.several(connection, set().union(*pages))
    return list(everyone.values())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ada", {"Ada Lovelace", "Émile Adam"}),
        ("ADA@NAVY.example", {"Ada Lovelace"}),
        (" ada@navy.example ", {"Ada Lovelace"}),
        ("Ada Love", {"Ada Lovelace"}),
        ("hopper", {"Grace Brewster Hopper"}),
        ("@navy", {"Ada Lovelace", "Grace Brewster Hopper"}),
        ("navy.example", {"Ada Lovelace", "Grace Brewster Hopper"}),
        ("김", {"김민수"}),
        ("иван", {"Иван Лодкин"}),
        ("ЛОД", {"Иван Лодкин"}),
        ("émile", {"Émile Adam"}),
        ("under_", {""}),
        ("100%", {"100% O'Brien"}),
        ("o'brien", {"100% O'Brien"}),
        ("%", set()),
        ("_", set()),
        ("' OR 1=1 --", set()),
        ("nobody-has-this", set()),
    ],
)
def test_a_search_finds_what_begins_so(named: sa.Engine, text: str, names: set[str]) -> None:
    assert {person.name for person in found(named, text.strip())} == names


def test_pages_follow_each_other_without_gap_or_repetition(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for number in range(30):
            labels = ["staff"] if number % 3 == 0 else ["crew"] if number % 3 == 1 else []
            add_person(connection, f"reader{number}@example.org", labels=labels)
        same = subscribers.update().values(name="Reader Reader")
        connection.execute(same.where(subscribers.c.id % 2 == 0))
    for text, segment, number in (
        ("reader", "", 30),
        ("", "everyone", 30),
        ("", "staff", 10),
        ("reader", "staff or crew", 20),
        ("reader1", "not staff", 8),
        ("Reader R", "not (staff and crew)", 15),
        ("@example", "crew and not staff", 10),
        ("", "missing", 0),
        ("reader", "missing or not everyone", 0),
    ):
        for size in (4, 50):
            assert len(found(engine, text, segment, size)) == number, (text, segment)


@pytest.mark.parametrize("after", ["", "0-0", "9-9", "99-999999999", "x", "0-1-1", "\u0661-\u0662"])
def test_a_place_that_does_not_exist_is_no_error(named: sa.Engine, after: str) -> None:
    with named.begin() as connection:
        search(connection, "ada", Everyone(), after)


def test_every_start_has_an_index(named: sa.Engine) -> None:
    if named.dialect.name == "postgresql":
        with named.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
    asked = plans(named, lambda connection: search(connection, "zz", Everyone()))
    for plan, index in zip(asked, ("address", "name_start", "last_name", "domain"), strict=True):
        assert f"ix_subscribers_{index}" in plan.replace(
            "uq_subscribers_address_key", "ix_subscribers_address"
        )
        assert "sort" not in plan
        assert "temp b-tree" not in plan
    assert len(starts("zz")) == len(asked)
