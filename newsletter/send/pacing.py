"""Which server takes a batch, and which receiving domains wait: weights, rates, and refusals.

Everything is read from the database and written there, so that all processes share it. Most of the
time nothing is slowed or limited, and a batch costs two small reads.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Self

import sqlalchemy as sa

from newsletter.esp.port import Outcome, Recipients, Verdict, receiving_domain
from newsletter.esp.smtp.server import SmtpServer
from newsletter.model.batch import Claim
from newsletter.model.deferring import DeferringDomain
from newsletter.model.publication import SmtpUse
from newsletter.store.sending import rates, slowed
from newsletter.store.sending.slowed import Slowed
from subscribers.phrase import Phrase

GIVEN_UP = timedelta(days=1)
"""A domain that has deferred for so long is not waited for any longer."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """The domains of a batch that get nothing now, with the seconds until they may."""

    domains: Mapping[str, float]
    reason: str

    def holds(self, address: str) -> bool:
        """Return whether an email to this address waits."""
        return receiving_domain(address) in self.domains

    def rest_waits(self, outcome: Outcome, recipients: Recipients) -> Outcome:
        """Return the outcome of a batch of which only `recipients` were tried."""
        if outcome.verdict is not Verdict.ACCEPTED:
            return outcome
        reached = [name for name in recipients.deliveries if name not in outcome.refused]
        return replace(
            outcome,
            verdict=Verdict.UNSENT,
            reason=self.reason,
            reached=tuple(reached),
            wait=min(self.domains.values()),
            deferred=True,
            held_back=True,
        )


@dataclass(frozen=True, slots=True)
class Pacing:
    """The servers of each provider that has any, and the configured rates of receiving domains.

    Domains are written as "@example.com". A provider without servers paces itself.
    """

    servers: Mapping[str, Sequence[SmtpServer]] = field(default_factory=dict)
    domains: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, urls: str, use: SmtpUse) -> Self:
        """Return what SMTP_URL and [smtp] say."""
        servers = SmtpServer.parse_all(urls) if urls else ()
        return cls({"smtp": servers}, {f"@{name}": limit for name, limit in use.domains})

    def route(self, connection: sa.Connection, claim: Claim, now: datetime) -> tuple[str, ...]:
        """Return the order in which a batch may use the servers, and count it for the first.

        The number of the batch decides whose turn it is. A server that does not take email is left
        out as long as another one does; one that is busy has its turn later.
        """
        servers = self.servers.get(claim.provider, ())
        if not servers:
            return ()
        known = slowed.present(connection)
        working = [each for each in servers if not _waits(known.get(each.name), now)]
        working = working or list(servers)
        limits = {each.name: _limit(each.rate, known.get(each.name)) for each in working}
        free = rates.free_at(connection, [name for name, limit in limits.items() if limit])
        ready = [each for each in working if free.get(each.name, now) <= now] or working
        turns = [each.name for each in ready for _ in range(each.weight)]
        first = turns[(claim.seq + claim.attempt) % len(turns)]
        if limit := limits[first]:
            people = claim.last - claim.first + 1
            rates.spend(connection, first, people / limit, now=now)
        if all(limits.values()):
            _wait_for_any(connection, claim.provider, limits, now)
        others = sorted(working, key=lambda each: -each.weight)
        return (first, *(each.name for each in others if each.name != first))

    def limited(self, addresses: Sequence[str], known: Mapping[str, Slowed]) -> Mapping[str, int]:
        """Count the emails of a batch to each domain that is slowed or limited."""
        names = known.keys() | self.domains.keys()
        counts = Counter(map(receiving_domain, addresses)) if names else {}
        return {name: number for name, number in counts.items() if name in names}

    def hold_back(
        self,
        connection: sa.Connection,
        counts: Mapping[str, int],
        known: Mapping[str, Slowed],
        now: datetime,
        zone: tzinfo,
    ) -> HeldBack | None:
        """Return the domains of a batch that get nothing now; spend the pace of the others.

        `counts` are its emails by domain, of domains that are slowed or limited.
        """
        waiting: dict[str, float] = {}
        for name in sorted(counts):
            domain = known.get(name)
            limit = _limit(self.domains.get(name, 0), domain)
            if domain is not None and _waits(domain, now):
                waiting[name] = (domain.until - now).total_seconds()
            elif limit and not rates.take(connection, name, counts[name] / limit, now=now):
                waiting[name] = max(1.0, counts[name] / limit)
        if not waiting:
            return None
        soonest = min(waiting, key=lambda name: waiting[name])
        if (domain := known.get(soonest)) is not None:
            return HeldBack(waiting, describe(domain, now, zone))
        return HeldBack(waiting, f"{soonest[1:]} gets {self.domains[soonest]:g} per second")

    def learn(
        self,
        connection: sa.Connection,
        claim: Claim,
        outcome: Outcome,
        known: Mapping[str, Slowed],
        now: datetime,
    ) -> None:
        """Slow what asked for fewer emails, and ease what took them well.

        The outage of the only server says nothing about its pace, and an unknown outcome nothing
        about anyone.
        """
        servers = self.servers.get(claim.provider, ())
        if not servers:
            return
        outage = len(servers) == 1 and outcome.wait is None
        for name in sorted(outcome.slowed):
            if name.startswith("@") or not outage:
                slowed.slow(connection, name, outcome.slowed[name], now)
        well = outcome.eased if outcome.verdict is not Verdict.UNKNOWN else frozenset()
        for name in sorted(well & known.keys()):
            slowed.ease(connection, name, now)


def given_up(known: Mapping[str, Slowed], now: datetime) -> frozenset[str]:
    """Return the domains that have deferred for too long to wait for them."""
    return frozenset(
        name
        for name, domain in known.items()
        if name.startswith("@") and domain.strikes and domain.since < now - GIVEN_UP
    )


def describe(each: Slowed, now: datetime, zone: tzinfo) -> str:
    """Say since when a server or a domain is slowed, why, and what it gets."""
    is_domain = each.name.startswith("@")
    if _waits(each, now):
        then: str = Phrase("it gets nothing until {until:%H:%M}", until=each.until.astimezone(zone))
    else:
        then = Phrase("it gets {pace}, and more as it takes them", pace=_paced(each.pace))
    return Phrase(
        "{name} {slowed} since {since} ({reason}); {then}",
        name=each.name[1:] if is_domain else Phrase("the server {name}", name=each.name),
        slowed=_slowed(each, is_domain=is_domain),
        since=_time(each.since, now, zone),
        reason=each.reason,
        then=then,
    )


def _slowed(each: Slowed, *, is_domain: bool) -> str:
    if not each.strikes:
        return Phrase("has been slowed")
    if is_domain:
        return Phrase("has been deferring")
    return Phrase("has not been taking email")


def describe_deferring(each: DeferringDomain, now: datetime, zone: tzinfo) -> str:
    """Say since when a domain has been deferring what the provider submits to it, and why."""
    return Phrase(
        "{domain} has been deferring us since {since}{because}; the provider tries again",
        domain=each.domain,
        since=_time(each.since, now, zone),
        because=Phrase(" ({reason})", reason=each.reason) if each.reason else "",
    )


def _time(at: datetime, now: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    if now - at > timedelta(hours=20):
        return Phrase("{at:%d %b %H:%M %Z}", at=local)
    return f"{local:%H:%M %Z}"


def _paced(pace: float) -> str:
    if pace >= 1:
        return Phrase("{pace:.0f} per second", pace=pace)
    return Phrase("{pace:.0f} per minute", pace=pace * 60)


def _waits(each: Slowed | None, now: datetime) -> bool:
    return each is not None and each.until > now


def _limit(configured: float, learned: Slowed | None) -> float:
    """Return the lower of two limits in recipients per second; 0 is none."""
    limits = [configured, learned.pace if learned else 0]
    return min((limit for limit in limits if limit), default=0)


def _wait_for_any(
    connection: sa.Connection, provider: str, names: Iterable[str], now: datetime
) -> None:
    """Let a provider wait until the first of its servers is free."""
    free = rates.free_at(connection, list(names))
    earliest = min(free.get(name, now) for name in names)
    if earliest > now:
        rates.hold(connection, provider, earliest, now=now)
