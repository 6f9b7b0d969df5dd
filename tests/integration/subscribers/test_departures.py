"""Who has left stays away: whatever lists say, whatever is undone, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from subscribers import directory, erasure, suppression
from subscribers.consent import retention, rights, signing_up, unsubscribing
from subscribers.consent.limits import SignUpLimits
from subscribers.consent.retention import RetentionPeriods
from subscribers.consent.signing_up import Rules, SignUp
from subscribers.consent.unsubscribing import Unsubscribe
from subscribers.journal import Journal, replay
from subscribers.model import (
    Effects,
    EmailAddress,
    Subscriber,
    Suppression,
    SuppressionReason,
)
from subscribers.roster import run, undoing
from subscribers.roster.change_set import ChangeSet
from subscribers.roster.reading import open_listing
from subscribers.roster.row import Terms
from subscribers.roster.run import ImportJob
from subscribers.roster.undoing import Beside, Undone
from subscribers.store import people
from subscribers.store.tables import erasures, requests, subscribers, suppressions
from subscribers.tokens import LinkClaim, Purpose
from tests.fakes.people import NOW, PEPPER, add_person

ANN = "ann@example.org"
LATER = NOW + timedelta(hours=1)
RULES = Rules(SignUpLimits(), PEPPER, LATER)
numbers = count()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """The file beside the database."""
    return Journal(tmp_path / "departures.jsonl")


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction in which each test does everything."""
    with engine.begin() as opened:
        yield opened


def order(tmp_path: Path, text: str, journal: Journal | None = None) -> ImportJob:
    """Return the order to import a table."""
    path = tmp_path / f"{next(numbers)}.csv"
    path.write_text(text)
    terms = Terms(path.name, NOW, {}, {"weekly": "weekly"}, ("weekly",))
    return ImportJob(open_listing(path), terms, PEPPER, journal=journal)


def bring(engine: sa.Engine, one: ImportJob) -> ChangeSet:
    """Apply a list."""
    return run.apply(engine, one, actor="person:kim", clock=lambda: NOW)


def undo(engine: sa.Engine, number: int, journal: Journal) -> Undone:
    """Take an import back, an hour later."""
    beside = Beside(journal, PEPPER)
    return undoing.undo(engine, number, actor="person:kim", now=LATER, beside=beside)


def person(engine: sa.Engine, address: str = ANN) -> Subscriber:
    """Return somebody as they stand."""
    with engine.connect() as opened:
        return directory.require(opened, address)


def state(engine: sa.Engine, address: str = ANN) -> str:
    """Return how somebody stands with the weekly."""
    return person(engine, address).subscriptions[0].state.value


def told(engine: sa.Engine) -> list[str]:
    """Return what somebody's history says."""
    with engine.connect() as opened:
        found = directory.require(opened, ANN)
        return [line.words for line in directory.history(opened, found)]


def asking(address: str = ANN) -> SignUp:
    """Return what somebody sends who wants the weekly."""
    return SignUp(EmailAddress.parse(address), {"weekly": "W"}, (), "en", "page", "en-1", "n")


def suppress(opened: sa.Connection, address: str, by: str, reason: SuppressionReason) -> Effects:
    """Suppress an address."""
    cause = Suppression(address, reason, by, "", LATER)
    return suppression.suppress(opened, cause, pepper=PEPPER, actor=by)


@contextmanager
def forgotten(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Do something that the database forgets again, as a restored one has."""
    with engine.connect() as opened:
        transaction = opened.begin()
        yield opened
        transaction.rollback()


def relearnt(engine: sa.Engine, journal: Journal) -> int:
    """Replay the journal; return what was news."""
    with engine.begin() as opened:
        return replay(opened, journal, pepper=PEPPER, now=LATER)


def test_who_leaves_by_their_own_word_after_a_list_did_stays_away_when_it_is_undone(
    engine: sa.Engine, tmp_path: Path, journal: Journal
) -> None:
    with engine.begin() as opened:
        number = add_person(opened, ANN)
    done = bring(engine, order(tmp_path, f"email,status\n{ANN},unsubscribed\n", journal))
    wanted = Unsubscribe("weekly", "one click")
    with engine.begin() as opened:
        left = unsubscribing.unsubscribe(opened, number, wanted, pepper=PEPPER, now=LATER)
        again = unsubscribing.unsubscribe(opened, number, wanted, pepper=PEPPER, now=LATER)
    assert (left.outcome, again.outcome) == ("unsubscribed", "already")
    assert [(entry.act, entry.reason) for entry in left.entries] == [("unsubscribed", "one click")]
    assert "unsubscribed weekly: by one click; was unsubscribed" in told(engine)
    assert dict(undo(engine, done.id, journal).kept) == {ANN: "has acted since"}
    assert state(engine) == "unsubscribed"


@pytest.mark.parametrize("words", ["import:1", "import:import:1"])
def test_nobody_can_pass_their_own_words_for_those_of_a_list(engine: sa.Engine, words: str) -> None:
    with engine.begin() as opened:
        number = add_person(opened, ANN)
        wanted = Unsubscribe("weekly", "page", words)
        unsubscribing.unsubscribe(opened, number, wanted, pepper=PEPPER, now=LATER)
    assert not person(engine).subscriptions[0].ended_by_import


def test_a_restored_database_learns_whom_a_list_took_back_or_suppressed(
    engine: sa.Engine, tmp_path: Path, journal: Journal
) -> None:
    with engine.begin() as opened:
        for name in ("ann", "bob"):
            add_person(opened, f"{name}@example.org")
    text = "email,status\nann@example.org,unsubscribed\nbob@example.org,bounced\ncyd@example.org,bounced\n"
    bring(engine, order(tmp_path, text, journal))
    assert relearnt(engine, journal) == 0
    with engine.begin() as opened:
        opened.exec_driver_sql("UPDATE subscriptions SET state = 'confirmed', reason = ''")
        opened.execute(suppressions.delete())
        cyd = people.find(opened, "cyd@example.org")
        people.remove(opened, [cyd.id] if cyd else [])
    assert "@" not in journal.path.read_text()
    assert relearnt(engine, journal) == 3
    assert relearnt(engine, journal) == 0
    assert state(engine) == "unsubscribed"
    assert person(engine, "bob@example.org").suppressed is not None
    again = bring(engine, order(tmp_path, "email\ncyd@example.org\n"))
    assert again.examples["refused"][0].words == "suppressed: bounce"


def test_what_is_undone_is_not_brought_up_again_by_the_journal(
    engine: sa.Engine, tmp_path: Path, journal: Journal
) -> None:
    with engine.begin() as opened:
        for name in ("ann", "bob"):
            add_person(opened, f"{name}@example.org")
    text = "email,status\nann@example.org,unsubscribed\nbob@example.org,bounced\n"
    done = bring(engine, order(tmp_path, text, journal))
    undone = undo(engine, done.id, journal)
    assert (undone.restored, undone.unsuppressed) == (2, 1)
    assert relearnt(engine, journal) == 0
    assert state(engine) == "confirmed"
    assert person(engine, "bob@example.org").suppressed is None


def test_a_restored_database_learns_of_addresses_that_are_nobodys(
    engine: sa.Engine, tmp_path: Path, journal: Journal
) -> None:
    with engine.begin() as opened:
        suppress(opened, "gone@example.org", "person:kim", SuppressionReason.MANUAL)
    with forgotten(engine) as opened:
        blocked = suppress(opened, "stranger@example.org", "person:kim", SuppressionReason.MANUAL)
        address = EmailAddress.parse("gone@example.org")
        erased = erasure.erase_address(
            opened, address, pepper=PEPPER, actor="person:kim", now=LATER
        )
        for effects in (blocked, erased):
            journal.append(effects.entries)
    assert relearnt(engine, journal) == 2
    assert relearnt(engine, journal) == 0
    with engine.connect() as opened:
        assert not opened.execute(sa.select(suppressions)).all()
    done = bring(engine, order(tmp_path, "email\nstranger@example.org\ngone@example.org\n"))
    words = {one.address: one.words for one in done.examples["refused"]}
    assert words == {
        "stranger@example.org": "suppressed: manual",
        "gone@example.org": "this address was erased on request",
    }


def test_a_suppressed_hash_becomes_a_suppression_when_its_address_is_known(
    engine: sa.Engine, journal: Journal
) -> None:
    with forgotten(engine) as opened:
        journal.append(suppress(opened, ANN, "provider", SuppressionReason.COMPLAINT).entries)
    relearnt(engine, journal)
    with engine.begin() as opened:
        assert signing_up.sign_up(opened, asking(), RULES).outcome == "not emailed"
        found = directory.require(opened, ANN)
        assert found.suppressed is not None
        assert found.suppressed.reason is SuppressionReason.COMPLAINT
        lifted = suppression.lift(
            opened, ANN, why="it was a mistake", actor="person:kim", now=LATER, pepper=PEPPER
        )
        journal.append(lifted.entries)
    assert relearnt(engine, journal) == 0
    assert person(engine).suppressed is None


def test_who_joined_and_left_after_the_backup_is_not_brought_back_by_a_list(
    engine: sa.Engine, tmp_path: Path, journal: Journal
) -> None:
    with forgotten(engine) as opened:
        number = add_person(opened, ANN)
        wanted = Unsubscribe("weekly", "page")
        left = unsubscribing.unsubscribe(opened, number, wanted, pepper=PEPPER, now=LATER)
        journal.append(left.entries)
    assert relearnt(engine, journal) == 1
    done = bring(engine, order(tmp_path, f"email\n{ANN}\n"))
    assert done.examples["refused"][0].words.startswith("this address unsubscribed")


def test_the_same_person_under_another_number_is_erased_again(
    engine: sa.Engine, journal: Journal
) -> None:
    with engine.begin() as opened:
        add_person(opened, "first@example.org")
    with forgotten(engine) as opened:
        add_person(opened, "second@example.org")
        erased = directory.require(opened, "first@example.org")
        people.remove(opened, [erased.id])
        effects = erasure.erase_address(
            opened,
            EmailAddress.parse("first@example.org"),
            pepper=PEPPER,
            actor="person:kim",
            now=LATER,
        )
        journal.append(effects.entries)
    assert relearnt(engine, journal) == 1
    with engine.connect() as opened:
        assert directory.find(opened, "first@example.org") is None


def moved(opened: sa.Connection, number: int, to: str) -> Effects:
    """Take another address, by the two links."""
    claim = _link(opened, number)
    wished = rights.change_address(opened, claim, EmailAddress.parse(to), RULES)
    if wished.outcome != "emailed":
        return wished
    claim = LinkClaim(number, "", Purpose.ADDRESS, int(wished.notices[0].values["serial"]))
    return rights.take_address(opened, claim, pepper=PEPPER, now=LATER)


def _link(opened: sa.Connection, number: int, now: datetime = LATER) -> LinkClaim:
    asked = rights.email_link(opened, _loaded(opened, number), now)
    return LinkClaim(number, "", Purpose.MANAGE, int(asked.notices[0].values["serial"]))


def _loaded(opened: sa.Connection, number: int) -> Subscriber:
    found = people.load(opened, number)
    assert found is not None
    return found


def test_a_list_does_not_bring_somebody_back_under_the_address_they_had_before(
    engine: sa.Engine, tmp_path: Path, journal: Journal
) -> None:
    with engine.begin() as opened:
        number = add_person(opened, ANN)
        effects = moved(opened, number, "ann@new.example")
        journal.append(effects.entries)
        wanted = Unsubscribe(None, "page")
        journal.append(
            unsubscribing.unsubscribe(opened, number, wanted, pepper=PEPPER, now=LATER).entries
        )
    assert effects.outcome == "changed"
    assert relearnt(engine, journal) == 0
    done = bring(engine, order(tmp_path, f"email\n{ANN}\n"))
    assert done.counts == {"refused": 1}
    with engine.begin() as opened:
        mailed = signing_up.sign_up(opened, asking(), RULES)
        again = directory.require(opened, ANN)
        claim = LinkClaim(again.id, "", Purpose.CONFIRM, int(mailed.notices[0].values["serial"]))
        back = signing_up.confirm(opened, claim, {}, network="n", rules=RULES)
        journal.append(back.entries)
    assert relearnt(engine, journal) == 0
    done = bring(engine, order(tmp_path, f"email,name\n{ANN},Ann\n"))
    assert done.counts == {"changed": 1}


@pytest.mark.parametrize("trace", ["suppressed", "erased", "asked today", "known"])
def test_a_change_of_address_mails_no_stranger_who_may_not_be_asked(
    connection: sa.Connection, trace: str
) -> None:
    number, to = add_person(connection, ANN), "stranger@example.org"
    address = EmailAddress.parse(to)
    if trace == "suppressed":
        suppress(connection, to, "person:kim", SuppressionReason.MANUAL)
    elif trace == "erased":
        erasure.erase_address(connection, address, pepper=PEPPER, actor="staff", now=NOW)
    elif trace == "asked today":
        bob = add_person(connection, "bob@example.org")
        claim = _link(connection, bob)
        assert rights.change_address(connection, claim, address, RULES).outcome == "emailed"
    else:
        add_person(connection, to)
    claim = _link(connection, number)
    assert rights.change_address(connection, claim, address, RULES).outcome == "not emailed"


def test_sign_ups_and_changes_of_address_share_the_three_mails_that_a_stranger_ever_gets(
    connection: sa.Connection,
) -> None:
    number, to = add_person(connection, ANN), "stranger@example.org"
    words = []
    for day in range(4):
        now = LATER + timedelta(days=2 * day)
        rules = Rules(SignUpLimits(), PEPPER, now)
        claim = _link(connection, number, now)
        wished = rights.change_address(connection, claim, EmailAddress.parse(to), rules)
        words.append(wished.outcome)
    assert words == ["emailed", "emailed", "emailed", "not emailed"]
    rules = Rules(SignUpLimits(), PEPPER, LATER + timedelta(days=30))
    assert signing_up.sign_up(connection, asking(to), rules).outcome == "not emailed"


def sign_up(opened: sa.Connection, days: int) -> Effects:
    """Sign a stranger up some days later, when what is unanswered has been let go."""
    now = LATER + timedelta(days=days)
    retention.purge(opened, RetentionPeriods(), pepper=PEPPER, now=now)
    return signing_up.sign_up(opened, asking(), Rules(SignUpLimits(), PEPPER, now))


def test_who_is_forgotten_between_sign_ups_is_still_asked_three_times_ever(
    connection: sa.Connection,
) -> None:
    words = [sign_up(connection, 16 * turn).outcome for turn in range(6)]
    assert words == ["emailed"] * 3 + ["not emailed"] * 3


def test_who_was_let_go_erased_stays_erased_for_lists(engine: sa.Engine, tmp_path: Path) -> None:
    with engine.begin() as opened:
        address = EmailAddress.parse(ANN)
        erasure.erase_address(opened, address, pepper=PEPPER, actor="person:kim", now=NOW)
        assert sign_up(opened, 0).outcome == "emailed"
        retention.purge(opened, RetentionPeriods(), pepper=PEPPER, now=LATER + timedelta(days=20))
    done = bring(engine, order(tmp_path, f"email\n{ANN}\n"))
    assert done.examples["refused"][0].words == "this address was erased on request"


def test_who_confirms_is_asked_afresh_another_time(connection: sa.Connection) -> None:
    sign_up(connection, 0)
    mail = sign_up(connection, 16).notices[0]
    claim = LinkClaim(mail.subscriber_id, "", Purpose.CONFIRM, int(mail.values["serial"]))
    rules = Rules(SignUpLimits(), PEPPER, LATER + timedelta(days=16))
    assert (
        signing_up.confirm(connection, claim, {}, network="n", rules=rules).outcome == "confirmed"
    )
    assert not connection.execute(sa.select(erasures)).all()


def test_good_byes_do_not_use_up_the_sign_ups_of_the_hour(connection: sa.Connection) -> None:
    rules = Rules(SignUpLimits(all_addresses=1), PEPPER, LATER)
    number = add_person(connection, ANN)
    wanted = Unsubscribe(None, "page", titles={"weekly": "W"})
    unsubscribing.unsubscribe(connection, number, wanted, pepper=PEPPER, now=LATER)
    assert connection.scalar(sa.select(sa.func.count()).select_from(requests)) == 1
    asked = asking("new@example.org")
    assert signing_up.sign_up(connection, asked, rules).outcome == "emailed"


@pytest.mark.parametrize(("said", "word"), [("manual", "taken over"), ("complaint", "suppressed")])
def test_what_others_confirm_since_an_import_stays_when_it_is_undone(
    engine: sa.Engine, tmp_path: Path, journal: Journal, said: str, word: str
) -> None:
    with engine.begin() as opened:
        add_person(opened, ANN)
    status = "complained" if said == "manual" else "bounced"
    done = bring(engine, order(tmp_path, f"email,status\n{ANN},{status}\n", journal))
    before = person(engine).suppressed
    with engine.begin() as opened:
        effects = suppress(opened, ANN, "person:kim", SuppressionReason(said))
        again = suppress(opened, ANN, "person:kim", SuppressionReason(said))
        journal.append(effects.entries)
    assert before is not None
    assert (effects.outcome, again.outcome) == (word, "unchanged")
    assert undo(engine, done.id, journal).unsuppressed == 0
    after = person(engine).suppressed
    assert after is not None
    assert (after.origin, after.reason) == ("person:kim", SuppressionReason.COMPLAINT)
    assert f"suppressed: reason complaint; before {before.reason.value} by import:1" in told(engine)
    assert relearnt(engine, journal) == 0
    with engine.begin() as opened:
        opened.execute(suppressions.update().values(origin=f"import:{done.id}"))
    assert relearnt(engine, journal) == 1
    assert undo_again(engine, done.id, journal) == 0


def undo_again(engine: sa.Engine, number: int, journal: Journal) -> int:
    """Undo an import that a restored database believes to be in force."""
    with engine.begin() as opened:
        opened.exec_driver_sql("UPDATE imports SET state = 'applied'")
    return undo(engine, number, journal).unsuppressed


def test_what_a_list_suppresses_with_an_older_date_outlives_an_earlier_lifting(
    engine: sa.Engine, tmp_path: Path, journal: Journal
) -> None:
    with engine.begin() as opened:
        add_person(opened, ANN)
        journal.append(suppress(opened, ANN, "person:kim", SuppressionReason.MANUAL).entries)
        lifted = suppression.lift(
            opened, ANN, why="she asked", actor="person:kim", now=LATER, pepper=PEPPER
        )
        journal.append(lifted.entries)
    text = f"email,status,clean_time\n{ANN},cleaned,2024-01-02\n"
    bring(engine, order(tmp_path, text, journal))
    assert person(engine).suppressed is not None
    assert relearnt(engine, journal) == 0


def test_very_many_lines_are_replayed_in_several_turns(
    engine: sa.Engine, tmp_path: Path, journal: Journal
) -> None:
    with engine.begin() as opened:
        rows = [
            {"address": key, "address_key": key, "origin": "test", "created_at": NOW}
            for key in (f"r{n}@example.org" for n in range(1500))
        ]
        opened.execute(subscribers.insert(), rows)
    text = "email,status\n" + "".join(f"r{n}@example.org,bounced\n" for n in range(1500))
    bring(engine, order(tmp_path, text, journal))
    assert relearnt(engine, journal) == 0
    with engine.begin() as opened:
        opened.execute(suppressions.delete())
    assert relearnt(engine, journal) == 1500
