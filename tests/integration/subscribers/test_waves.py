"""Attackers with many networks cause few emails to strangers, and shut no one out."""

import ipaddress
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from subscribers.consent import queueing, signing_up
from subscribers.consent.limits import FEWEST, SignUpLimits
from subscribers.consent.signing_up import Rules, SignUp
from subscribers.model import EmailAddress, NoticeIntent
from subscribers.store import requests, statuses
from subscribers.store.requests import NewRequest

TITLES = {"weekly": "The Tide"}
LIMITS = SignUpLimits()
HOUR = timedelta(hours=1)
PASS = timedelta(minutes=3)
BOUND = FEWEST + LIMITS.wave
"""Emails of an hour: those before the wave is noticed, and those of a wave."""


@dataclass
class Form:
    """The sign-up form after its proof of work, and the passes that release waiting emails."""

    engine: sa.Engine
    now: datetime = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
    sent: list[tuple[datetime, int]] = field(default_factory=list)

    @property
    def rules(self) -> Rules:
        return Rules(LIMITS, b"p" * 40, self.now)

    def sign_up(self, address: str, network: str) -> str:
        """Sign up, and return the outcome."""
        asked = SignUp(EmailAddress.parse(address), TITLES, (), "en", "form", "v1", network)
        with self.engine.begin() as connection:
            effects = signing_up.sign_up(connection, asked, self.rules)
        self._note(effects.notices)
        return effects.outcome

    def store_waiting(self, name: str, networks: list[str]) -> None:
        """Store sign-ups of strangers that wait."""
        with self.engine.begin() as connection:
            for n, network in enumerate(networks):
                address = EmailAddress.parse(f"victim{name}-{n}@victims.example")
                subscriber = statuses.known_or_new(
                    connection, address, origin="form", language="en", now=self.now
                )
                new = NewRequest(("weekly",), (), "en", "form", "v1", network)
                requests.add(connection, subscriber, new, emailed=False, waits=True, now=self.now)

    def tick(self) -> None:
        """Let some time pass, and make a pass."""
        self.now += PASS
        with self.engine.begin() as connection:
            effects = queueing.release_some(connection, TITLES, self.rules)
        self._note(effects.notices)

    def _note(self, notices: tuple[NoticeIntent, ...]) -> None:
        self.sent += [(self.now, notice.subscriber_id) for notice in notices]

    def emailed(self, address: str) -> bool:
        """Return whether someone was asked to confirm."""
        with self.engine.connect() as connection:
            found = connection.scalar(
                sa.text("SELECT id FROM subscribers WHERE address_key = :key"), {"key": address}
            )
        return found in {subscriber_id for _, subscriber_id in self.sent}

    def most_in_an_hour(self) -> int:
        """Return the most emails of any hour."""
        times = [at for at, _ in self.sent]
        return max((sum(begin <= at < begin + HOUR for at in times) for begin in times), default=0)


@pytest.fixture
def form(sqlite_engine: sa.Engine) -> Form:
    return Form(sqlite_engine)


def networks(count: int, *, providers: int) -> Iterator[str]:
    """Yield the /64s of an attacker: each in its own /48, spread over so many /32s."""
    for n in range(count):
        provider, customer = n % providers, n // providers
        base = (0x2A00 << 112) | (provider << 96) | (customer << 80)
        yield str(ipaddress.IPv6Network((base, 64)))


def attack(form: Form, count: int, *, providers: int, hours: int = 2) -> None:
    """Sign strangers up from every network in each hour, with a pass every three minutes.

    Once the wave is noticed, further sign-ups are stored as the form stores them, but together.
    """
    noticed = 2 * FEWEST
    for hour in range(hours):
        found = list(networks(count, providers=providers))
        for n, network in enumerate(found[:noticed]):
            form.sign_up(f"stranger{hour}-{n}@victims.example", network)
        for number in range(HOUR // PASS):
            form.store_waiting(f"{hour}-{number}", found[noticed:][number :: HOUR // PASS])
            form.tick()


@pytest.mark.parametrize(
    ("count", "providers"), [(51, 1), (51, 51), (500, 1), (500, 100), (5_000, 50)]
)
def test_a_visitor_gets_the_email_and_strangers_few(form: Form, count: int, providers: int) -> None:
    attack(form, count, providers=providers)
    assert form.sign_up("visitor@home.example", "2001:db8:7:100::/64") in {"emailed", "waits"}
    for _ in range(6):
        form.tick()
    assert form.emailed("visitor@home.example")
    assert form.most_in_an_hour() <= BOUND


def test_a_visitor_of_the_same_provider_gets_the_email_when_the_attack_ends(form: Form) -> None:
    attack(form, 500, providers=1, hours=1)
    form.sign_up("visitor@home.example", "2a00:0:fff:100::/64")
    for _ in range(5 * HOUR // PASS):
        form.tick()
    assert form.emailed("visitor@home.example")
    assert form.most_in_an_hour() <= BOUND


def test_a_request_that_waited_a_day_gets_no_email(form: Form) -> None:
    attack(form, 200, providers=1, hours=1)
    before = len(form.sent)
    form.now += queueing.WAITS_FOR
    form.tick()
    assert len(form.sent) == before
    with form.engine.connect() as connection:
        assert queueing.waiting(connection) == 0


def test_nothing_waits_while_it_is_quiet(form: Form) -> None:
    for n in range(FEWEST - 1):
        assert form.sign_up(f"reader{n}@home.example", f"198.51.{n}.7") == "emailed"
    assert form.sign_up("visitor@home.example", "203.0.113.9") == "emailed"


def test_a_waiting_address_gets_one_email_however_often_it_was_asked(form: Form) -> None:
    attack(form, 60, providers=60, hours=1)
    for n in range(20):
        form.sign_up("victim@home.example", f"203.0.{n}.9")
    for _ in range(2 * HOUR // PASS):
        form.tick()
    counted = Counter(subscriber_id for _, subscriber_id in form.sent)
    assert form.emailed("victim@home.example")
    assert set(counted.values()) == {1}


def test_a_pass_that_runs_twice_asks_no_one_twice(form: Form) -> None:
    attack(form, 400, providers=400, hours=1)
    with form.engine.begin() as connection:
        found = requests.waiting_requests(connection)
        first = signing_up.release(connection, found[0].id, TITLES, form.rules)
        again = signing_up.release(connection, found[0].id, TITLES, form.rules)
    assert (len(first), len(again)) == (1, 0)


def test_the_day_of_an_address_begins_when_its_email_goes_out(form: Form) -> None:
    form.store_waiting("x", ["203.0.113.9"])
    form.now += timedelta(hours=20)
    form.tick()
    assert form.emailed("victimx-0@victims.example")
    form.now += timedelta(hours=6)
    assert form.sign_up("victimx-0@victims.example", "203.0.113.9") == "not emailed"
    form.now += timedelta(hours=18)
    assert form.sign_up("victimx-0@victims.example", "203.0.113.9") == "emailed"
