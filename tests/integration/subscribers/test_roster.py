"""Lists in and out: laws of import, undo and export."""

import io
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.store.database import open_engine
from subscribers.errors import ImportRefused, Unknown
from subscribers.model import Suppression, SuppressionReason, Tag, TagKind
from subscribers.roster import run
from subscribers.roster.change_set import ChangeSet
from subscribers.roster.export import export
from subscribers.roster.reading import FileLimits, open_listing
from subscribers.roster.row import Terms
from subscribers.roster.run import ImportJob
from subscribers.roster.undoing import undo
from subscribers.store import erasures
from subscribers.store import suppressions as blocked
from subscribers.store.inboxes import departures
from subscribers.store.tables import (
    consents,
    import_changes,
    imports,
    subscriber_tags,
    subscribers,
    subscriptions,
    suppressions,
    tags,
)
from tests.fakes.people import NOW, PEPPER, add_person
from tests.fakes.plans import plans

TERMS = Terms(
    "list.csv",
    NOW,
    topics={
        "ships": Tag("ships", "Ships", TagKind.TOPIC),
        "boats": Tag("ships", "Ships", TagKind.TOPIC),
    },
    newsletters={"weekly": "weekly", "the-daily": "daily", "daily": "daily"},
    into=("weekly",),
)
QUIET = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
numbers = count()
TAGGED_TABLES = ("subscribers", "suppressions")


def order(path: Path, attest: str = "", **options: Any) -> ImportJob:  # noqa: ANN401 - passed on
    """Return the order to import a file."""
    terms = Terms(path.name, NOW, TERMS.topics, TERMS.newsletters, TERMS.into, attest)
    return ImportJob(open_listing(path, **options), terms, PEPPER)


def bring(engine: sa.Engine, path: Path, attest: str = "", now: datetime = NOW) -> ChangeSet:
    """Apply a file."""
    return run.apply(engine, order(path, attest), actor="staff", clock=lambda: now)


def written(tmp_path: Path, text: str, name: str = "list.csv", encoding: str = "utf-8") -> Path:
    """Write a file to import."""
    path = tmp_path / f"{next(numbers)}-{name}"
    path.write_bytes(text.encode(encoding))
    return path


def exported(engine: sa.Engine, kind: str = "jsonl") -> str:
    """Return everybody as an export writes them."""
    stream = io.StringIO(newline="")
    export(engine, stream, kind=kind)  # type: ignore[arg-type]  # csv or jsonl
    return stream.getvalue()


def people_of(engine: sa.Engine) -> dict[str, Any]:
    """Return everybody by address, without what an import must set itself."""
    found = {}
    for line in exported(engine).strip("\n").split("\n"):
        record = json.loads(line)
        found[record["address"]] = record
    return found


def everything(engine: sa.Engine) -> dict[str, list[Any]]:
    """Return all that is known about people, without numbers that are never used again."""
    named = (
        sa.select(subscribers.c.address_key, tags.c.slug)
        .join(subscriber_tags, subscriber_tags.c.subscriber_id == subscribers.c.id)
        .join(tags, tags.c.id == subscriber_tags.c.tag_id)
    )
    with engine.begin() as connection:
        return {
            "tags": sorted(map(tuple, connection.execute(named))),
            **{
                table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
                for table in (subscribers, subscriptions, suppressions)
            },
            "consents": sorted(
                map(tuple, connection.execute(sa.select(*consents.c[1:]))), key=repr
            ),
        }


@pytest.fixture
def fresh(migrated_file: Path, tmp_path: Path) -> Callable[[], Any]:
    """Return a maker of empty databases."""

    @contextmanager
    def opened() -> Iterator[sa.Engine]:
        path = tmp_path / f"{next(numbers)}.sqlite3"
        shutil.copyfile(migrated_file, path)
        engine = open_engine(f"sqlite:///{path}")
        yield engine
        engine.dispose()
        path.unlink()

    return opened


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)
tag_names = st.sampled_from(
    ["Ships", "boats", "=cmd", "a;b", "한국", "+1", "'quoted", "x [y]", "plus"]
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
ADDRESSES = tuple(f"reader{number}@example.org" for number in range(6))


@st.composite
def records(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw a house full of people as an export has them."""
    found = []
    for address in draw(st.lists(st.sampled_from(ADDRESSES), unique=True, min_size=1, max_size=5)):
        standings = [
            {
                "newsletter": newsletter,
                "state": draw(st.sampled_from(["pending", "confirmed", "unsubscribed"])),
                "frequency": draw(st.sampled_from(["each", "weekly", "monthly"])),
                "since": draw(moments).isoformat(),
                "confirmed_at": draw(moments).isoformat(),
                "reason": draw(st.sampled_from(["", "too much"])),
            }
            for newsletter in draw(st.lists(st.sampled_from(["weekly", "daily"]), unique=True))
        ]
        found.append(
            {
                "address": address,
                "name": draw(names),
                "language": draw(st.sampled_from(["", "en", "ko"])),
                "timezone": draw(st.sampled_from(["", "Asia/Seoul", "America/New_York"])),
                "topics": draw(st.lists(tag_names, unique=True, max_size=3)),
                "labels": draw(st.lists(tag_names, unique=True, max_size=2)),
                "subscriptions": standings,
                "suppressed": draw(
                    st.just("")
                    | st.fixed_dictionaries(
                        {
                            "reason": st.sampled_from(["bounce", "manual", "complaint"]),
                            "origin": st.sampled_from(["", "provider", "person:ann", "import:7"]),
                            "detail": st.sampled_from(["", "550 no such user; sorry"]),
                            "at": moments.map(datetime.isoformat),
                        }
                    )
                ),
                "consents": [
                    {
                        "newsletter": one["newsletter"],
                        "act": "confirmed",
                        "at": draw(moments).isoformat(),
                        "source": draw(names).strip() or "form",
                        "wording": "en-1",
                    }
                    for one in standings
                ],
                "created_at": draw(moments).isoformat(),
                "acted_at": draw(st.just("") | moments.map(datetime.isoformat)),
            }
        )
    return found


def lines(found: list[dict[str, Any]]) -> str:
    """Return records as JSON lines."""
    return "".join(json.dumps(one) + "\n" for one in found)


@QUIET
@given(found=records(), kind=st.sampled_from(["csv", "jsonl"]))
def test_what_is_exported_imports_again_without_loss(
    fresh: Callable[[], Any], tmp_path: Path, found: list[dict[str, Any]], kind: str
) -> None:
    with fresh() as first, fresh() as second:
        bring(first, written(tmp_path, lines(found), "people.jsonl"))
        before = people_of(first)
        assert set(before) == {one["address"] for one in found}
        bring(second, written(tmp_path, exported(first, kind), f"people.{kind}"))
        assert people_of(second) == before


def foreign(draw: st.DrawFn) -> str:
    """Draw a foreign list that may know some of the same people."""
    rows = ["email;name;tags;status;consent;newsletters;Time Zone"]
    for address in draw(st.lists(st.sampled_from(ADDRESSES), unique=True, max_size=5)):
        cells = [
            address,
            draw(st.sampled_from(["", "Ada"])),
            draw(st.sampled_from(["", "boats", "plus, ships"])),
            draw(st.sampled_from(["", "subscribed", "unsubscribed", "cleaned", "pending"])),
            draw(st.sampled_from(["", "2024-05-01", "no"])),
            draw(st.sampled_from(["", "weekly", "weekly, The Daily"])),
            draw(st.sampled_from(["", "Pacific/Apia", "Mars/Olympus"])),
        ]
        rows.append(";".join(cells))
    return "\n".join(rows) + "\n"


foreign_lists = st.composite(foreign)()


@QUIET
@given(found=records(), text=foreign_lists)
def test_undoing_an_import_leaves_everything_as_it_was(
    fresh: Callable[[], Any], tmp_path: Path, found: list[dict[str, Any]], text: str
) -> None:
    with fresh() as engine:
        bring(engine, written(tmp_path, lines(found), "people.jsonl"))
        before = everything(engine)
        change_set = bring(engine, written(tmp_path, text))
        undo(engine, change_set.id, actor="staff", now=NOW)
        assert everything(engine) == before


RANK = {"unsubscribed": 0, "pending": 1, "confirmed": 2}


def standings(engine: sa.Engine) -> dict[tuple[str, str], int]:
    """Return how everybody stands, as ranks; nobody who is suppressed stands anywhere."""
    blocked = sa.select(suppressions.c.address_key)
    with engine.begin() as connection:
        rows = connection.execute(
            sa.select(
                subscribers.c.address,
                subscriptions.c.newsletter,
                subscriptions.c.state,
                subscribers.c.address_key.in_(blocked),
            ).join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        )
        return {(row[0], row[1]): -1 if row[3] else RANK[row[2]] for row in rows}


@QUIET
@given(
    found=records(), texts=st.lists(foreign_lists, min_size=1, max_size=3), attested=st.booleans()
)
def test_no_sequence_of_imports_raises_a_status(
    fresh: Callable[[], Any],
    tmp_path: Path,
    found: list[dict[str, Any]],
    texts: list[str],
    *,
    attested: bool,
) -> None:
    with fresh() as engine:
        bring(engine, written(tmp_path, lines(found), "people.jsonl"))
        for text in texts:
            before = standings(engine)
            gone = {address for (address, _newsletter), rank in before.items() if rank <= 0}
            bring(engine, written(tmp_path, text), "the fair in May" if attested else "")
            after = standings(engine)
            assert all(after[key] <= rank for key, rank in before.items())
            added = {address for address, _newsletter in set(after) - set(before)}
            raised = {key for key in set(after) - set(before) if after[key] > 0}
            assert not gone & {address for address, _newsletter in raised}
            assert added <= set(ADDRESSES)


def test_a_list_is_shown_first_and_changes_nothing_until_it_is_applied(
    engine: sa.Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        add_person(connection, "left@example.org", state="unsubscribed")
        add_person(connection, "here@example.org", topics=["Ships"])
        add_person(connection, "bounced@example.org", suppressed="bounce")
        gone = erasures.hashed("gone@example.org", PEPPER)
        erasures.remember(connection, gone, NOW)
    before = everything(engine)
    path = written(
        tmp_path,
        "Mail,Full Name,Tags\nnew@example.org,Nia,boats\nhere@example.org,Hal,ships\n"
        "left@example.org,Lou,\nbounced@example.org,,plus\ngone@example.org,,\nno address,,\n"
        "NEW@example.org,,\n",
    )
    shown = run.review(engine, order(path))
    assert everything(engine) == before
    applied = bring(engine, path)
    assert shown.counts == applied.counts == {"new": 1, "changed": 3, "refused": 3}
    refused = {one.address: one.words for one in applied.examples["refused"]}
    assert refused["gone@example.org"] == "this address was erased on request"
    assert refused["NEW@example.org"] == "the same address as in row 2"
    assert dict(shown.withheld) == {
        "stays pending: no consent is attested": 1,
        "weekly: stays unsubscribed": 1,
    }
    (new,) = [one for one in people_of(engine).values() if one["address"] == "new@example.org"]
    assert new["topics"] == ["Ships"]
    assert [one["state"] for one in new["subscriptions"]] == ["pending"]


def test_attested_consent_confirms_and_is_recorded_word_for_word(
    engine: sa.Engine, tmp_path: Path
) -> None:
    path = written(tmp_path, "email\nnew@example.org\n")
    bring(engine, path, attest="the book fair, 3 May 2026")
    (person,) = people_of(engine).values()
    assert person["subscriptions"][0]["state"] == "confirmed"
    assert person["consents"][0]["act"] == "attested"
    assert person["consents"][0]["source"] == "import:1: the book fair, 3 May 2026"


@pytest.mark.parametrize(
    ("text", "kind", "state", "topics"),
    [
        (
            (
                "uuid,email,name,attributes,status,created_at,updated_at\n"
                'u,a@example.org,Ada,"{""tags"": [""boats""]}",disabled,2024-01-01T00:00:00Z,x\n'
            ),
            "listmonk",
            "unsubscribed",
            ["Ships"],
        ),
        (
            (
                '"Email Address","First Name","Last Name",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,'
                "CONFIRM_TIME,CONFIRM_IP,LEID,EUID,NOTES,TAGS\n"
                'a@example.org,Ada,Keel,2,,,"2016-04-18 13:51:14",1.2.3.4,1,e,,"""Ships"",""VIP"""\n'
            ),
            "mailchimp",
            "confirmed",
            ["Ships"],
        ),
        (
            (
                "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,"
                "created_at,deleted_at,labels,tiers\n"
                'i,a@example.org,Ada,,true,false,,2024-01-01T00:00:00.000Z,,"VIP",\n'
            ),
            "ghost",
            "pending",
            [],
        ),
    ],
)
def test_the_exports_of_others_are_recognised_by_their_headers(
    sqlite_engine: sa.Engine, tmp_path: Path, text: str, kind: str, state: str, topics: list[str]
) -> None:
    found = bring(sqlite_engine, written(tmp_path, text))
    assert found.listing.layout.format == kind
    (person,) = people_of(sqlite_engine).values()
    assert person["subscriptions"][0]["state"] == state
    assert person["topics"] == topics


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8-sig", ","), ("utf-16", ";"), ("cp949", "\t"), ("utf-8", "|")],
)
def test_any_encoding_and_delimiter_is_read(
    sqlite_engine: sa.Engine, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    rows = [["이메일", "이름", "태그"]]
    rows += [[f"reader{number}@example.org", "유채원 선생님", "한국"] for number in range(30)]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    bring(sqlite_engine, written(tmp_path, text, encoding=encoding))
    found = people_of(sqlite_engine)
    assert len(found) == 30
    assert found["reader7@example.org"]["name"] == "유채원 선생님"


@pytest.mark.parametrize(
    ("text", "limits", "says"),
    [
        ("", FileLimits(), "is empty"),
        ("name,city\nAda,Seoul\n", FileLimits(), "no column contains email addresses"),
        ("email\n" + "a@example.org\n" * 3, FileLimits(bytes=20), "the maximum is 20"),
        ("email\n" + "a@example.org\n" * 3, FileLimits(rows=2), "more than 2 rows"),
        ('email\n"a@example.org\n' + "x\n" * 90_000, FileLimits(), "quotation mark left open"),
        (",".join(f"c{n}" for n in range(600)), FileLimits(), "at most 500"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_clear_line(
    sqlite_engine: sa.Engine, tmp_path: Path, text: str, limits: FileLimits, says: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ImportRefused, match=says) as caught:
        run.review(sqlite_engine, order(path, limits=limits))
    assert "\n" not in str(caught.value)


def test_a_row_that_cannot_be_read_does_not_stop_the_others(
    sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    path = written(
        tmp_path,
        f"email,status,tags\na@example.org,maybe,\nz@example.org,subscribed,\nb@example.org,,x,y,z\nc@example.org,,{'x' * 30_000}\n"
        f"d@example.org,,{'t' * 200}\n\ne@example.org,,\n",
    )
    found = bring(sqlite_engine, path)
    assert found.counts == {"new": 2, "refused": 4}
    assert [one.row for one in found.examples["refused"]] == [2, 4, 5, 6]


def test_a_row_for_no_newsletter_is_refused_unless_it_only_suppresses(
    sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    path = written(tmp_path, "email,status\na@example.org,subscribed\nb@example.org,bounced\n")
    listing = open_listing(path)
    found = run.apply(
        sqlite_engine, ImportJob(listing, Terms("x", NOW), PEPPER), actor="staff", clock=lambda: NOW
    )
    assert found.counts == {"refused": 1, "new": 1}
    assert people_of(sqlite_engine)["b@example.org"]["suppressed"]["reason"] == "bounce"


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_export_of_one_database_is_read_by_the_other(
    sqlite_engine: sa.Engine, pg_engine: sa.Engine, tmp_path: Path, kind: str
) -> None:
    with sqlite_engine.begin() as connection:
        add_person(
            connection, "korea@xn--3e0b707e.kr", topics=["Ships"], labels=["=x"], frequency="weekly"
        )
        add_person(connection, "b@example.org", state="unsubscribed", suppressed="complaint")
    bring(pg_engine, written(tmp_path, exported(sqlite_engine, kind), f"p.{kind}"), "the fair")
    before, after = people_of(sqlite_engine), people_of(pg_engine)
    assert before.keys() == after.keys()
    for address, person in before.items():
        for field in ("topics", "labels", "suppressed", "created_at"):
            assert after[address][field] == person[field]
        (there,), (here,) = after[address]["subscriptions"], person["subscriptions"]
        assert {**there, "origin": ""} == {**here, "origin": ""}


def test_an_import_that_was_cut_short_goes_on_where_it_stopped(
    engine: sa.Engine, tmp_path: Path
) -> None:
    path = written(tmp_path, "email\n" + "".join(f"r{n}@example.org\n" for n in range(95)))

    def stop(rows: int) -> None:
        if rows > 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.apply(
            engine, replace(order(path), chunk=10), actor="staff", clock=lambda: NOW, progress=stop
        )
    assert len(people_of(engine)) == 40
    again = bring(engine, path)
    assert again.id == 1
    assert again.counts == {"new": 95}
    assert len(people_of(engine)) == 95
    with engine.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(imports)) == 1


def test_undo_keeps_and_lists_who_has_acted_since_and_whom_a_later_import_changed(
    engine: sa.Engine, tmp_path: Path
) -> None:
    first = bring(
        engine, written(tmp_path, "email\nacted@example.org\nlater@example.org\nx@example.org\n")
    )
    bring(engine, written(tmp_path, "email,name\nlater@example.org,Lou\n"))
    with engine.begin() as connection:
        connection.execute(
            subscribers.update()
            .where(subscribers.c.address_key == "acted@example.org")
            .values(acted_at=NOW + timedelta(hours=1))
        )
    undone = undo(engine, first.id, actor="staff", now=NOW + timedelta(days=1))
    assert undone.removed == 1
    assert dict(undone.kept) == {
        "acted@example.org": "has acted since",
        "later@example.org": "changed by import 2 since",
    }
    assert set(people_of(engine)) == set(dict(undone.kept))


@pytest.mark.parametrize(
    ("days", "again", "error"),
    [(31, False, "older than 30 days"), (1, True, "already been undone")],
)
def test_an_import_that_is_old_or_undone_cannot_be_undone(
    sqlite_engine: sa.Engine, tmp_path: Path, days: int, *, again: bool, error: str
) -> None:
    one = bring(sqlite_engine, written(tmp_path, "email\na@example.org\n"))
    if again:
        undo(sqlite_engine, one.id, actor="staff", now=NOW)
    with pytest.raises(ImportRefused, match=error):
        undo(sqlite_engine, one.id, actor="staff", now=NOW + timedelta(days=days))
    with pytest.raises(Unknown):
        undo(sqlite_engine, 99, actor="staff", now=NOW)


def test_what_people_chose_themselves_stays(engine: sa.Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        person = add_person(connection, "a@example.org", topics=["fish"])
        connection.execute(
            subscribers.update().where(subscribers.c.id == person).values(acted_at=NOW, name="Ann")
        )
    found = bring(engine, written(tmp_path, "email,name,tags\na@example.org,Other,ships; plus\n"))
    (person_now,) = people_of(engine).values()
    assert (person_now["name"], person_now["topics"]) == ("Ann", ["fish"])
    assert person_now["labels"] == ["plus"]
    assert found.withheld["topics: the subscriber's own choice stays"] == 1
    with engine.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(import_changes)) == 1


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_what_people_chose_themselves_stays_after_a_move_to_another_database(
    sqlite_engine: sa.Engine, pg_engine: sa.Engine, tmp_path: Path, kind: str
) -> None:
    with sqlite_engine.begin() as connection:
        person = add_person(connection, "a@example.org", topics=["fish"])
        acted = subscribers.update().where(subscribers.c.id == person)
        connection.execute(acted.values(acted_at=NOW - timedelta(days=9)))
    moved = bring(pg_engine, written(tmp_path, exported(sqlite_engine, kind), f"people.{kind}"))
    found = bring(pg_engine, written(tmp_path, "email,tags\na@example.org,ships\n"))
    assert found.withheld["topics: the subscriber's own choice stays"] == 1
    undo(pg_engine, found.id, actor="staff", now=NOW)
    assert undo(pg_engine, moved.id, actor="staff", now=NOW).removed == 1


def test_undoing_lifts_the_suppressions_that_an_import_restored_and_no_others(
    engine: sa.Engine, tmp_path: Path
) -> None:
    def blocked(address: str) -> dict[str, Any]:
        cause = {"reason": "bounce", "origin": "provider", "detail": "550", "at": NOW.isoformat()}
        return {"address": address, "subscriptions": [], "suppressed": cause}

    for start in range(0, 24, 2):  # more than ten imports: import:1 must not take import:11 along
        some = [blocked(f"r{number}@example.org") for number in (start, start + 1)]
        bring(engine, written(tmp_path, lines(some), "people.jsonl"))
    assert undo(engine, 1, actor="staff", now=NOW).unsuppressed == 2
    left = people_of(engine)
    assert len(left) == 22
    assert left["r2@example.org"]["suppressed"] == blocked("")["suppressed"]


@pytest.mark.parametrize(
    ("acted", "origin", "confirmed", "state"),
    [
        (True, "import:1", "2026-05-01", "confirmed"),  # came by a list, confirmed here since
        (False, "form", "2026-05-01", "confirmed"),
        (
            False,
            "import:1",
            "2026-11-23T08:00:00",
            "unsubscribed",
        ),  # nobody knows since when they agreed
        (False, "import:1", "2018-01-01", "unsubscribed"),
        (False, "import:1", "2020-01-01", "confirmed"),
    ],
)
def test_who_left_elsewhere_before_they_agreed_here_stays(
    engine: sa.Engine, tmp_path: Path, acted: bool, origin: str, confirmed: str, state: str
) -> None:
    agreed = datetime.fromisoformat(confirmed).replace(tzinfo=UTC)
    with engine.begin() as connection:
        person = add_person(connection, "a@example.org")
        connection.execute(subscribers.update().values(acted_at=agreed if acted else None))
        since = agreed if acted or origin == "form" else NOW
        values = {"origin": origin, "confirmed_at": agreed, "since": since}
        standing = subscriptions.update().where(subscriptions.c.subscriber_id == person)
        connection.execute(standing.values(values))
    text = "Email Address,UNSUB_TIME,LEID,EUID\na@example.org,2019-04-18 13:51:14,1,e\n"
    assert bring(engine, written(tmp_path, text)).listing.layout.format == "mailchimp"
    (found,) = people_of(engine).values()
    assert found["subscriptions"][0]["state"] == state


def test_an_inbox_that_left_is_not_subscribed_under_a_tag(
    engine: sa.Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        add_person(connection, "olga@example.org", state="unsubscribed")
        add_person(connection, "bob@example.org", suppressed="complaint")
        add_person(connection, "bob+a@example.org", newsletter="daily")
        add_person(connection, "ann@example.org")
    rows = "".join(f"{who}@example.org\n" for who in ("Olga+news", "bob+x", "bob+a", "ann+a"))
    found = bring(engine, written(tmp_path, f"email\n{rows}"), "the fair in May")
    assert [example.words for example in found.examples["refused"]] == [
        "the same inbox, without its tag, unsubscribed from weekly",
        "the same inbox is suppressed: complaint",
    ]
    assert list(found.withheld) == ["weekly: not added, the same inbox is suppressed: complaint"]
    stored = people_of(engine)
    assert "olga+news@example.org" not in map(str.lower, stored)
    assert stored["ann+a@example.org"]["subscriptions"][0]["state"] == "confirmed"


def add_suppression(connection: sa.Connection, key: str, reason: SuppressionReason) -> None:
    """Suppress an address that may be no subscriber's."""
    blocked.put(connection, Suppression(key, reason, "staff", "", NOW))


LEFT = [("", "unsubscribed"), ("+a", "unsubscribed"), ("", "bounced"), ("+a", "complained")]


@pytest.mark.parametrize("chunk", [1, 5_000])
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(("tag", "status"), LEFT)
def test_no_row_brings_back_an_inbox_that_another_row_says_has_left(
    engine: sa.Engine, tmp_path: Path, tag: str, status: str, is_first: bool, chunk: int
) -> None:
    gone = [f"ann{tag}@example.org,{status}"]
    others = [f"ann{other}@example.org,subscribed" for other in {"", "+a", "+b"} - {tag}]
    rows = [*gone, *others] if is_first else [*others, *gone]
    path = written(
        tmp_path, "\n".join(["email,status", "bob+c@example.org,subscribed", *rows]) + "\n"
    )
    terms = replace(TERMS, attest="the fair in May")
    order = ImportJob(open_listing(path), terms, PEPPER, chunk=chunk)
    found = run.apply(engine, order, actor="staff", clock=lambda: NOW)
    assert found.counts["refused"] == len(others)
    stored = people_of(engine)
    assert set(stored) - {f"ann{tag}@example.org"} == {"bob+c@example.org"}
    assert stored["bob+c@example.org"]["subscriptions"][0]["state"] == "confirmed"


def test_a_bounce_of_a_tagged_address_says_nothing_about_the_others(
    engine: sa.Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        add_person(connection, "bob+a@example.org", suppressed="bounce")
    text = "email,status\nann+a@example.org,bounced\nann@example.org,subscribed\nbob@example.org,\n"
    found = bring(engine, written(tmp_path, text), "the fair in May")
    assert found.counts == {"new": 3}
    text = "email,unsubscribed,bounced\neve@example.org,,\neve+a@example.org,yes,yes\n"
    found = bring(engine, written(tmp_path, text), "the fair in May")
    assert found.counts == {"new": 1, "refused": 1}, "who bounced and left has left"


def test_no_address_of_an_inbox_that_has_left_is_added(engine: sa.Engine, tmp_path: Path) -> None:
    reasons = {
        "suppressed": "the same inbox is suppressed: manual",
        "erased": "the same inbox was erased on request",
        "gone": "the same inbox, with a tag, unsubscribed from weekly",
        "angry": "the same inbox, with a tag, is suppressed: complaint",
    }
    with engine.begin() as connection:
        add_suppression(connection, "suppressed@example.org", SuppressionReason.MANUAL)
        add_suppression(connection, "angry+a@example.org", SuppressionReason.COMPLAINT)
        erasures.remember(connection, erasures.hashed("erased@example.org", PEPPER), NOW)
        add_person(connection, "gone+a+b@example.org", state="unsubscribed")
        add_person(connection, "reads+a@example.org", newsletter="daily", state="unsubscribed")
    addresses = ("suppressed+x", "erased+x", "gone", "angry+x", "gone+other", "reads", "+odd")
    rows = "".join(f"{who}@example.org\n" for who in addresses)
    order = ImportJob(open_listing(written(tmp_path, f"email\n{rows}")), TERMS, PEPPER)
    found = run.apply(engine, order, actor="staff", clock=lambda: NOW)
    told = {example.address: example.words for example in found.examples["refused"]}
    expected = {"suppressed+x": "suppressed", "erased+x": "erased", "angry+x": "angry"}
    expected |= {"gone": "gone", "gone+other": "gone"}
    assert told == {f"{who}@example.org": reasons[why] for who, why in expected.items()}
    assert found.counts == {"refused": 5, "new": 2}


def test_tagged_addresses_are_found_by_an_index(engine: sa.Engine) -> None:
    found = plans(engine, lambda opened: departures(opened, ["ann@example.org"], PEPPER))
    assert [
        any(f"ix_{table}_without_tag" in plan for plan in found) for table in TAGGED_TABLES
    ] == [
        True,
        True,
    ]


def test_the_time_of_leaving_or_bouncing_elsewhere_is_kept(
    engine: sa.Engine, tmp_path: Path
) -> None:
    text = (
        "Email Address,UNSUB_TIME,CLEAN_TIME,LEID,EUID\na@example.org,2019-04-18 13:51:14,,1,e\n"
        "b@example.org,,2020-01-02 03:04:05,1,e\n"
    )
    bring(engine, written(tmp_path, text))
    found = people_of(engine)
    assert found["a@example.org"]["subscriptions"][0]["since"] == "2019-04-18T13:51:14+00:00"
    assert found["b@example.org"]["suppressed"]["at"] == "2020-01-02T03:04:05+00:00"


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_somebody_with_hundreds_of_consents_comes_back(
    fresh: Callable[[], Any], tmp_path: Path, kind: str
) -> None:
    source = "https://news.example.org/sign-up?from=the-front-page"
    proof = {"newsletter": "weekly", "act": "confirmed", "at": NOW.isoformat(), "source": source}
    one = {"address": "a@example.org", "created_at": NOW.isoformat(), "consents": [proof] * 2_000}
    with fresh() as first, fresh() as second:
        told = lines([one | {"subscriptions": []}])
        assert bring(first, written(tmp_path, told, "people.jsonl")).counts == {"new": 1}
        bring(second, written(tmp_path, exported(first, kind), f"people.{kind}"))
        assert people_of(second) == people_of(first)


def test_there_is_no_import_of_a_number_beyond_all_bounds(engine: sa.Engine) -> None:
    for number in (10**20, 2**31, 2**63, -(10**20)):
        with pytest.raises(Unknown, match=f"there is no import {number}"):
            undo(engine, number, actor="staff", now=NOW)


def test_a_spreadsheet_runs_nothing_of_an_export(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_person(connection, "a@example.org", labels=["=HYPERLINK(1)"])
        connection.execute(subscribers.update().values(name="@SUM(A1)"))
    text = exported(engine, "csv")
    assert ",'@SUM(A1)," in text
    assert ",'=HYPERLINK(1)," in text


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from newsletter.store.database import open_engine
from subscribers.roster import run
from subscribers.roster.reading import open_listing
from subscribers.roster.row import Terms

def die(rows):
    if rows > 600:
        os.kill(os.getpid(), signal.SIGKILL)

listing = open_listing(Path(sys.argv[2]))
now = datetime(2026, 11, 23, 8, tzinfo=UTC)
terms = Terms(listing.path.name, now, into=("weekly",))
order = run.ImportJob(listing, terms, b"p" * 32, chunk=100)
run.apply(open_engine(sys.argv[1]), order, actor="staff", clock=lambda: now, progress=die)
"""


def test_a_killed_import_is_finished_by_running_it_again(
    sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    path = written(tmp_path, "email\n" + "".join(f"r{n}@example.org\n" for n in range(1000)))
    url = sqlite_engine.url.render_as_string(hide_password=False)
    died = subprocess.run([sys.executable, "-c", KILLED, url, str(path)], check=False)
    assert died.returncode == -signal.SIGKILL
    assert len(people_of(sqlite_engine)) == 600
    order = ImportJob(open_listing(path), Terms(path.name, NOW, into=("weekly",)), b"p" * 32)
    again = run.apply(sqlite_engine, order, actor="staff", clock=lambda: NOW)
    assert (again.id, again.counts) == (1, {"new": 1000})
    assert len(people_of(sqlite_engine)) == 1000
