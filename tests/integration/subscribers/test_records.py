"""Suppressions, the journal beside the database, history, retention: on both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from subscribers import directory, erasure, suppression
from subscribers.consent import choosing, retention, signing_up, unsubscribing
from subscribers.consent.choosing import NewsletterPreference, Preferences
from subscribers.consent.limits import SignUpLimits
from subscribers.consent.retention import RetentionPeriods
from subscribers.consent.signing_up import Rules, SignUp
from subscribers.consent.unsubscribing import Unsubscribe
from subscribers.errors import Unknown
from subscribers.journal import Journal, replay
from subscribers.model import (
    Effects,
    EmailAddress,
    Erased,
    JournalEntry,
    Suppression,
    SuppressionReason,
    Tag,
    TagKind,
)
from subscribers.store import audit, people
from subscribers.store import erasures as hashes
from subscribers.store.erasures import hashed
from subscribers.store.tables import consents, erasures, requests, subscribers, subscriptions
from subscribers.tokens import LinkClaim, Purpose
from tests.fakes.people import NOW, PEPPER, add_person

RULES = Rules(SignUpLimits(), PEPPER, NOW)


def cause(reason: SuppressionReason, key: str = "") -> Suppression:
    """Return a suppression as a provider reports it."""
    return Suppression(key, reason, "provider", "550 no such user", NOW)


def lift(
    connection: sa.Connection, key: str, why: str = "they asked", at: datetime = NOW
) -> Effects:
    """Lift a suppression as staff."""
    return suppression.lift(connection, key, why=why, actor="person:x", now=at, pepper=PEPPER)


def test_a_graver_suppression_replaces_a_lighter_one_and_never_the_other_way(
    engine: sa.Engine,
) -> None:
    with engine.begin() as connection:
        person = add_person(connection, "a@example.org")
        words = [
            suppression.suppress_subscriber(
                connection, person, cause(reason), pepper=PEPPER
            ).outcome
            for reason in (
                SuppressionReason.BOUNCE,
                SuppressionReason.COMPLAINT,
                SuppressionReason.BOUNCE,
                SuppressionReason.COMPLAINT,
            )
        ]
        found = people.load(connection, person)
    assert words == ["suppressed", "suppressed", "unchanged", "unchanged"]
    assert found is not None
    assert found.suppressed is not None
    assert found.suppressed.reason is SuppressionReason.COMPLAINT


def test_an_event_about_somebody_who_is_gone_is_no_error(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        done = suppression.suppress_subscriber(
            connection, 4711, cause(SuppressionReason.BOUNCE), pepper=PEPPER
        )
    assert done.outcome == "unknown"


def test_lifting_a_suppression_is_recorded_with_its_reason(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_person(connection, "a@example.org", suppressed="bounce")
        lift(connection, "a@example.org", why="mailbox is back")
        person = directory.require(connection, "a@example.org")
        lines = [line.words for line in directory.history(connection, person)]
        with pytest.raises(Unknown):
            lift(connection, "a@example.org")
    assert person.suppressed is None
    assert "suppression lifted: reason bounce; why mailbox is back" in lines


def test_a_restored_database_learns_from_the_journal_who_left_since(
    engine: sa.Engine, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    with engine.begin() as connection:
        left = add_person(connection, "left@example.org")
        blocked = add_person(connection, "blocked@example.org")
        erased = add_person(connection, "erased@example.org")
        stays = add_person(connection, "stays@example.org")
    with engine.connect() as connection:
        transaction = connection.begin()
        person = people.load(connection, erased)
        assert person is not None
        for outcome in (
            unsubscribing.unsubscribe(
                connection, left, Unsubscribe("weekly", "one click"), pepper=PEPPER, now=NOW
            ),
            suppression.suppress_subscriber(
                connection, blocked, cause(SuppressionReason.COMPLAINT), pepper=PEPPER
            ),
            erasure.erase(connection, person, pepper=PEPPER, actor="reader", now=NOW),
        ):
            journal.append(outcome.entries)
        transaction.rollback()
    assert "@" not in journal.path.read_text()
    with journal.path.open("a") as stream:
        stream.write('{"act": "unsubscribed", "at": "2026-')
    with engine.begin() as connection:
        assert replay(connection, journal, pepper=PEPPER, now=NOW) == 3
        assert replay(connection, journal, pepper=PEPPER, now=NOW) == 0
        found = {one: people.load(connection, one) for one in (left, blocked, erased, stays)}
        assert connection.scalar(sa.select(sa.func.count()).select_from(erasures)) == 1
    assert found[left] is not None
    assert found[left].subscriptions[0].state == "unsubscribed"
    assert found[blocked] is not None
    assert found[blocked].suppressed is not None
    assert found[erased] is None
    assert found[stays] is not None
    assert found[stays].subscriptions[0].state == "confirmed"


def test_the_journal_touches_nobody_who_came_back_or_took_over_a_number(
    engine: sa.Engine, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    with engine.begin() as connection:
        person = add_person(connection, "a@example.org")
        wanted = Unsubscribe("weekly", "one click")
        before = NOW - timedelta(days=1)
        left = unsubscribing.unsubscribe(connection, person, wanted, pepper=PEPPER, now=before)
        journal.append(left.entries)
        journal.append(
            unsubscribing.unsubscribe(
                connection,
                add_person(connection, "b@example.org"),
                wanted,
                pepper=b"another",
                now=NOW,
            ).entries
        )
        back = {"state": "confirmed", "since": NOW + timedelta(hours=1)}
        connection.execute(subscriptions.update().values(back))
        assert replay(connection, journal, pepper=PEPPER, now=NOW) == 0


def test_the_journal_knows_what_was_lifted_and_who_came_back(
    engine: sa.Engine, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    told: list[Erased] = []
    with engine.begin() as connection:
        lifted = add_person(connection, "lifted@example.org")
        erased = add_person(connection, "erased@example.org")
    with engine.connect() as connection:
        transaction = connection.begin()
        blocked = suppression.suppress_subscriber(
            connection, lifted, cause(SuppressionReason.BOUNCE), pepper=PEPPER
        )
        again = lift(connection, "lifted@example.org", at=NOW + timedelta(hours=1))
        person = directory.require(connection, "erased@example.org")
        gone = erasure.erase(connection, person, pepper=PEPPER, actor="reader", now=NOW)
        for outcome in (blocked, again, gone):
            journal.append(outcome.entries)
        transaction.rollback()
    with journal.path.open("a") as stream:
        stream.write("torn")
    back = JournalEntry("returned", NOW, 99, hashed("erased@example.org", PEPPER))
    journal.append([back])
    with engine.begin() as connection:
        assert replay(connection, journal, pepper=PEPPER, now=NOW, erased=told.append) == 1
        found = people.load(connection, lifted)
        assert connection.scalar(sa.select(sa.func.count()).select_from(erasures)) == 0
    assert found is not None
    assert found.suppressed is None
    assert told == [Erased(erased, "erased@example.org")]


def sign_up(connection: sa.Connection, address: str, rules: Rules = RULES) -> int:
    """Sign somebody up and return the id."""
    asked = SignUp(
        EmailAddress.parse(address), {"weekly": "W"}, ("ships",), "en", "page", "en-1", "192.0.2.1"
    )
    signing_up.sign_up(connection, asked, rules)
    person = people.find(connection, asked.address.key)
    assert person is not None
    return person.id


def test_a_restored_database_that_knows_an_earlier_address_learns_who_left_since(
    engine: sa.Engine, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "journal")
    with engine.begin() as connection:
        ann = add_person(connection, "ann@old.example", newsletter="weekly")
        eve = add_person(connection, "eve@old.example", newsletter="weekly")
    old, new, other = (
        hashed(EmailAddress.parse(one).key, PEPPER)
        for one in ("ann@old.example", "ann@new.example", "eve@new.example")
    )
    later = NOW + timedelta(hours=1)
    journal.append(
        [
            JournalEntry("moved", NOW, ann, new, reason=old),
            JournalEntry("unsubscribed", later, ann, new, "weekly"),
            JournalEntry("moved", NOW, eve, other, reason="the hash of somebody else"),
            JournalEntry("unsubscribed", later, eve, other, "weekly"),
        ]
    )
    with engine.begin() as connection:
        assert replay(connection, journal, pepper=PEPPER, now=later) == 1
        states = [
            person.subscriptions[0].state.value
            for number in (ann, eve)
            if (person := people.load(connection, number)) is not None
        ]
    assert states == ["unsubscribed", "confirmed"]


def test_unanswered_sign_ups_and_network_addresses_are_let_go(engine: sa.Engine) -> None:
    later = NOW + timedelta(days=31)
    with engine.begin() as connection:
        sign_up(connection, "never@example.org")
        kept = sign_up(connection, "kept@example.org")
        offered = {"ships": Tag("ships", "Ships", TagKind.TOPIC)}
        serial = connection.scalar(sa.select(requests.c.id).where(requests.c.subscriber_id == kept))
        claim = LinkClaim(kept, "", Purpose.CONFIRM, serial or 0)
        signing_up.confirm(connection, claim, offered, network="192.0.2.2", rules=RULES)
        imported = add_person(connection, "imported@example.org", state="pending")
        first = retention.purge(connection, RetentionPeriods(), pepper=PEPPER, now=later)
        again = retention.purge(connection, RetentionPeriods(), pepper=PEPPER, now=later)
        left = set(connection.scalars(sa.select(subscribers.c.id)))
        networks = set(connection.scalars(sa.select(consents.c.network)))
        networks |= set(connection.scalars(sa.select(requests.c.network)))
    assert first["pending"] == 1
    assert first["networks"] == 3
    assert again == {"pending": 0, "networks": 0, "links": 0}
    assert left == {kept, imported}
    assert networks == {""}


def test_a_confirmed_sign_up_ends_a_pause_with_proof_of_consent(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        number = add_person(connection, "a@example.org")
        person = directory.require(connection, "a@example.org")
        choosing.pause(connection, person, "weekly", 4, actor="person:kim", now=NOW)
        sign_up(connection, "a@example.org")
        (paused,) = directory.require(connection, "a@example.org").subscriptions
        assert paused.paused_until is not None
        serial = connection.scalar(sa.select(requests.c.id)) or 0
        claim = LinkClaim(number, "", Purpose.CONFIRM, serial)
        for outcome in ("confirmed", "already"):
            done = signing_up.confirm(connection, claim, {}, network="192.0.2.2", rules=RULES)
            assert done.outcome == outcome
        person = directory.require(connection, "a@example.org")
        acts = [entry.act for entry in audit.entries_of(connection, number)]
        proofs = list(connection.scalars(sa.select(consents.c.act).order_by(consents.c.id)))
    assert person.subscriptions[0].paused_until is None
    assert person.subscriptions[0].since == paused.since
    assert acts.count("kept") == 1
    assert "confirmed" not in acts  # it would count as a new subscription
    assert proofs[-2:] == ["requested", "confirmed"]


def test_history_reads_as_sentences_and_holds_no_token(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        number = add_person(connection, "a@example.org", topics=["ships"])
        person = directory.require(connection, "a@example.org")
        label = Tag("plus", "Plus", TagKind.LABEL)
        directory.mark(
            connection, person, add=[label], remove=["ships"], actor="person:kim", now=NOW
        )
        paused = NewsletterPreference(wanted=True, pause=1)
        choosing.choose(
            connection, person, Preferences(frozenset(), {}, {"weekly": paused}, ""), RULES
        )
        wanted = Unsubscribe(None, "page", "too much")
        unsubscribing.unsubscribe(
            connection, number, wanted, pepper=PEPPER, now=NOW + timedelta(days=1)
        )
        person = directory.require(connection, "a@example.org")
        lines = [(line.actor, line.words) for line in directory.history(connection, person)]
    assert lines == [
        ("test", "added"),
        ("person:kim", "tagged: added Plus; removed ships"),
        ("reader", "set weekly: paused_until 2026-11-30 08:00:00+00:00"),
        ("reader", "withdrawn weekly (page)"),
        ("reader", "unsubscribed weekly: by page; reason too much; was confirmed"),
    ]
    assert directory.describe_subscriptions(person) == [
        "weekly: unsubscribed since 2026-11-24 (too much)"
    ]


def test_many_at_once_are_one_sign_up_with_one_mail_and_no_error(engine: sa.Engine) -> None:
    def once(_number: int) -> str:
        with engine.begin() as connection:
            asked = SignUp(
                EmailAddress.parse("a@example.org"), {"weekly": "W"}, (), "en", "page", "en-1", "n"
            )
            directory.keep_wording(connection, "en-1", "en", "words", NOW)
            return signing_up.sign_up(connection, asked, RULES).outcome

    with ThreadPoolExecutor(6) as threads:
        words = list(threads.map(once, range(12)))
    assert sorted(words) == ["emailed"] + ["not emailed"] * 11


def test_many_preferences_and_events_at_once_end_in_one_state(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        number = add_person(connection, "a@example.org")
        person = directory.require(connection, "a@example.org")
    offered = {slug: Tag(slug, slug, TagKind.TOPIC) for slug in ("x", "y", "z")}
    preferences = Preferences(
        frozenset(offered), offered, {"weekly": NewsletterPreference(wanted=True)}, "en"
    )

    def once(turn: int) -> None:
        with engine.begin() as connection:
            if turn % 2:
                choosing.choose(connection, person, preferences, RULES)
            else:
                reason = SuppressionReason.BOUNCE if turn % 4 else SuppressionReason.COMPLAINT
                suppression.suppress_subscriber(connection, number, cause(reason), pepper=PEPPER)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(once, range(12)))
    with engine.begin() as connection:
        found = directory.require(connection, "a@example.org")
    assert found.topics == {"x", "y", "z"}
    assert found.suppressed is not None


def test_all_sign_ups_together_are_capped(engine: sa.Engine) -> None:
    rules = replace(RULES, limits=replace(SignUpLimits(), all_addresses=2, queue=1))
    asked = {
        name: SignUp(EmailAddress.parse(name), {"weekly": "W"}, (), "en", "", "", "n")
        for name in ("c@example.org", "d@example.org")
    }
    with engine.begin() as connection:
        for number in range(2):
            sign_up(connection, f"r{number}@example.org", rules)
        waiting = signing_up.sign_up(connection, asked["c@example.org"], rules)
        assert (waiting.outcome, waiting.notices) == ("waits", ())
        assert signing_up.sign_up(connection, asked["d@example.org"], rules).outcome == "limited"
        assert people.find(connection, "d@example.org") is None


def test_what_an_earlier_version_kept_of_an_address_gives_way_to_an_erasure(
    engine: sa.Engine,
) -> None:
    hash_ = hashed("a@example.org", PEPPER)
    with engine.begin() as connection:
        connection.execute(erasures.insert().values(hash=hash_, reason="asked three times", at=NOW))
        assert hashes.remember(connection, hash_, NOW)
        assert not hashes.remember(connection, hash_, NOW, "asked three times")
        present = hashes.load(connection, hash_)
    assert present is not None
    assert present.reason == SuppressionReason.ERASED
