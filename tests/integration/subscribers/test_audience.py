"""Who gets an issue: SQL, evaluator and reasons agree, on both databases."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subscribers import directory
from subscribers.audience import (
    Question,
    confirmed_by_month,
    count,
    examples,
    excluded,
    exclusions,
    interests,
    members,
    reachable,
    reached,
    why,
)
from subscribers.model import Frequency
from subscribers.segment import And, Everyone, Not, Or, Segment, Tagged, evaluate, parse
from subscribers.store.tables import subscriptions
from tests.fakes.people import NOW, add_person

Crowd = dict[int, tuple[frozenset[str], bool]]
"""By id: the tags somebody has, and whether their standing lets them be mailed."""

TAGS = ("a", "b", "c", "d")
segments = st.recursive(
    st.sampled_from([Everyone(), Tagged("nobody"), *map(Tagged, TAGS)]),
    lambda part: st.one_of(
        part.map(Not),
        st.lists(part, min_size=2, max_size=3).map(tuple).map(And),
        st.lists(part, min_size=2, max_size=3).map(tuple).map(Or),
    ),
    max_leaves=8,
)


def ask(
    segment: str | Segment = "everyone",
    digests: frozenset[Frequency] = frozenset(),
    digest: Frequency | None = None,
) -> Question:
    """Ask about the weekly newsletter."""
    rule = parse(segment) if isinstance(segment, str) else segment
    return Question("weekly", rule, NOW, digests, digest)


@pytest.fixture
def crowd(engine: sa.Engine) -> Crowd:
    """Everybody there can be: every set of tags, in every standing."""
    people: Crowd = {}
    standings: list[dict[str, Any]] = [
        {},
        {"state": "pending"},
        {"state": "unsubscribed"},
        {"paused_until": NOW + timedelta(days=1)},
        {"paused_until": NOW - timedelta(days=1)},
        {"suppressed": "bounce"},
    ]
    with engine.begin() as connection:
        for size in range(len(TAGS) + 1):
            for tags in combinations(TAGS, size):
                for number, standing in enumerate(standings):
                    address = f"{''.join(tags)}.{number}@example.org"
                    topics = [tag for tag in tags if tag != "d"]
                    labels = [tag for tag in tags if tag == "d"]
                    people[
                        add_person(connection, address, topics=topics, labels=labels, **standing)
                    ] = (frozenset(tags), number in {0, 4})
    return people


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(segment=segments)
def test_sql_and_evaluator_agree_about_every_segment_and_everybody(
    engine: sa.Engine, crowd: Crowd, segment: Segment
) -> None:
    expected = {
        person for person, (tags, mailable) in crowd.items() if mailable and evaluate(segment, tags)
    }
    with engine.begin() as connection:
        found = set(connection.scalars(members(connection, ask(segment))))
        left_out = _left_out(connection, ask(segment))
        wanted = reached(connection, ask(segment), TAGS).subquery()
        assert set(connection.scalars(sa.select(wanted.c.subscriber_id))) == expected
        assert count(connection, ask(segment)) == len(expected)
        by_reason = exclusions(connection, ask(segment), len(expected))
    assert found == expected
    assert by_reason == Counter(left_out.values())
    assert set(left_out) == set(crowd) - expected
    assert all(left_out.values())


def _left_out(connection: sa.Connection, question: Question) -> dict[int, str]:
    """Return who is left out and why: all who are not among the recipients."""
    taken = members(connection, question).subquery()
    return dict(connection.execute(excluded(connection, question, taken)).all())


def test_the_reason_for_every_exclusion_is_named_and_why_says_the_same(
    engine: sa.Engine, crowd: Crowd
) -> None:
    question = ask("a or d")
    with engine.begin() as connection:
        left_out = _left_out(connection, question)
        people = {person: directory.load(connection, person) for person in crowd}
        for person_id, person in people.items():
            assert person is not None
            words = why(person, question)
            if person_id in left_out:
                assert words.startswith(f"out: {left_out[person_id]}")
            else:
                assert words.startswith("in: ")
    assert set(left_out.values()) == {
        "pending",
        "unsubscribed",
        "paused",
        "suppressed:bounce",
        "not in the segment",
    }


def test_bit_words_say_which_tags_somebody_has_even_beyond_one_word(engine: sa.Engine) -> None:
    names = [f"tag {number}" for number in range(130)]
    with engine.begin() as connection:
        add_person(connection, "none@example.org")
        add_person(connection, "label@example.org", labels=["plus"])
        add_person(
            connection, "ends@example.org", topics=[names[0], names[59], names[60], names[129]]
        )
        add_person(connection, "other@example.org", topics=["elsewhere"])
        found = interests(connection, ask(), names)
    assert {(one.follows, one.follows_any): one.people for one in found} == {
        (frozenset(), False): 2,
        (frozenset(), True): 1,
        (frozenset({names[0], names[59], names[60], names[129]}), True): 1,
    }


def test_a_tag_that_is_asked_for_twice_counts_in_both_places(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_person(connection, "a@example.org", topics=["ROK"])
        (found,) = interests(connection, ask(), ["ROK", "rok", "x"])
    assert found.follows == {"ROK", "rok"}


@pytest.mark.parametrize("frequency", ["each", "weekly", "monthly"])
def test_who_wants_fewer_emails_gets_the_digest_instead(engine: sa.Engine, frequency: str) -> None:
    wants = Frequency(frequency)
    with engine.begin() as connection:
        person = add_person(connection, "a@example.org", frequency=frequency)
        regular = ask(digests=frozenset({Frequency.WEEKLY, Frequency.MONTHLY}))
        assert list(connection.scalars(members(connection, regular))) == (
            [person] if wants is Frequency.EACH else []
        )
        left_out = _left_out(connection, regular)
        assert left_out == ({} if wants is Frequency.EACH else {person: f"frequency: {frequency}"})
        outside = replace(regular, segment=parse("nobody-has-this"))
        assert _left_out(connection, outside) == {person: "not in the segment"}
        for digest in (Frequency.WEEKLY, Frequency.MONTHLY):
            asked = ask(digest=digest)
            found = list(connection.scalars(members(connection, asked)))
            assert found == ([person] if digest is wants else [])
            assert _left_out(connection, asked) == {}


def test_the_check_before_sending_sees_what_changed_since_the_freeze(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        fine = add_person(connection, "fine@example.org")
        left = add_person(connection, "left@example.org", state="unsubscribed")
        blocked = add_person(connection, "blocked@example.org", suppressed="complaint")
        other = add_person(connection, "other@example.org", newsletter="daily")
        numbers = [
            sa.select(sa.literal(one).label("subscriber_id"))
            for one in (fine, left, blocked, other, 9999)
        ]
        ids = sa.union_all(*numbers).subquery()
        rows = connection.execute(reachable("weekly", ids, NOW)).all()
    assert {row.subscriber_id: (row.address, row.reason) for row in rows} == {
        fine: ("fine@example.org", ""),
        left: ("left@example.org", "unsubscribed"),
        blocked: ("blocked@example.org", "suppressed:complaint"),
        other: ("other@example.org", "not subscribed"),
        9999: ("", "erased"),
    }


def test_a_segment_is_counted_with_examples_and_reasons(engine: sa.Engine, crowd: Crowd) -> None:
    with engine.begin() as connection:
        people = count(connection, ask("a"))
        shown = examples(connection, ask("a"))
        left_out = exclusions(connection, ask("a"), people)
    assert people == 16
    assert len(set(shown)) == 10
    assert all(address.startswith("a") for address, _name in shown)
    assert left_out["pending"] == 16
    assert sum(left_out.values()) == len(crowd) - 16


def test_members_are_counted_by_the_month_in_which_they_confirmed(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_person(connection, "ann@example.org", topics=["ships"])
        add_person(connection, "bob@example.org", topics=["ships"])
        add_person(connection, "cyd@example.org", topics=["fish"])
        add_person(connection, "dan@example.org", topics=["ships"], state="pending")
        add_person(connection, "eve@example.org", topics=["ships"], newsletter="other")
        early = subscriptions.update().where(subscriptions.c.subscriber_id == 2)
        connection.execute(early.values(confirmed_at=datetime(2026, 1, 5, tzinfo=UTC)))
        asked = Question("weekly", parse("ships"), NOW)
        assert confirmed_by_month(connection, asked) == [("2026-11", 1), ("2026-01", 1)]
        assert confirmed_by_month(connection, asked, months=1) == [("2026-11", 1)]
