"""Take in what providers report: each event once, however often and in which order it arrives."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

import sqlalchemy as sa

from newsletter import alerts
from newsletter.alerts import Alert
from newsletter.errors import NotAllowed
from newsletter.esp.sendgrid import events as sendgrid
from newsletter.events import run, tallying
from newsletter.events.deciding import SOFT_RULE, Ends, keeps_failing
from newsletter.events.run import AboutDelivery, SoftBounces
from newsletter.model.actor import Actor, ActorKind, Role
from newsletter.model.event import Event, origin
from newsletter.model.next_step import ViewIssue
from newsletter.model.states import IssueState
from newsletter.people import reported
from newsletter.people.effects import apply_effects
from newsletter.send import brake, evidence
from newsletter.store import epoch
from newsletter.store import events as store
from newsletter.store.content import issues
from newsletter.usecases import engagements
from newsletter.usecases.context import Context
from subscribers import directory, suppression
from subscribers.model import (
    BY_SOFT_BOUNCES,
    Effects,
    Subscriber,
    Suppression,
    SuppressionReason,
)

READERS: Mapping[str, Callable[[bytes], Iterator[Event]]] = {sendgrid.PROVIDER: sendgrid.read}
"""What reads the requests of each provider."""
BODIES_AT_ONCE = 5
"""Requests that one transaction drains; SendGrid's have at most 768 KB."""
EVENTS_AT_ONCE = 2_000
"""Events of a file that one transaction takes in."""
REPETITIONS = 5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Drained:
    """What was taken in.

    `new` counts the events that were not known, and `ours` those of them that are about deliveries
    of this publication. `unreadable` requests were put aside.
    """

    events: int = 0
    new: int = 0
    ours: int = 0
    settled: int = 0
    suppressed: int = 0
    unsubscribed: int = 0
    unreadable: int = 0

    def __add__(self, other: "Drained") -> "Drained":
        """Return the sums."""
        return Drained(
            *(getattr(self, name) + getattr(other, name) for name in Drained.__dataclass_fields__)
        )


def receive(context: Context, provider: str, body: bytes) -> None:
    """Store a genuine request as it came; a pass drains it."""
    with context.engine.begin() as connection:
        store.keep_body(connection, provider, body, now=context.now())


def drain(context: Context, actor: Actor) -> Drained:
    """Take in every stored request, a few per transaction; several processes may drain at once."""
    actor.require(Role.EDITOR)
    total = Drained()
    while (done := repeated(lambda: _drain_some(context))) is not None:
        total += done
    if total.ours:
        brake_issues(context)
    return total


def replay(context: Context, actor: Actor, provider: str, content: bytes) -> Drained:
    """Take in the events of an exported file; those that are known change nothing.

    Raise NotAllowed if the file cannot be read.
    """
    actor.require(Role.ADMIN)
    total = Drained()
    events = READERS[provider](content)
    while found := _some(events):
        total += repeated(partial(_take_in_alone, context, provider, found))
    brake_issues(context)
    return total


def _take_in_alone(context: Context, provider: str, events: Sequence[Event]) -> Drained:
    with context.engine.begin() as connection:
        return take_in(context, connection, provider, events)


def repeated(transact: Callable[[], T]) -> T:
    """Repeat a transaction in which another process took in the same event at the same time."""
    for _ in range(REPETITIONS):
        try:
            return transact()
        except sa.exc.IntegrityError:
            continue
    return transact()


def _some(events: Iterator[Event]) -> list[Event]:
    try:
        return list(islice(events, EVENTS_AT_ONCE))
    except ValueError as error:
        msg = "this is not a file of events: expected a JSON array, or one JSON object per line"
        raise NotAllowed(msg) from error


def _drain_some(context: Context) -> Drained | None:
    """Drain the oldest requests in one transaction; None if there are none."""
    with context.engine.begin() as connection:
        bodies = store.take_bodies(connection, BODIES_AT_ONCE)
        if not bodies:
            return None
        done = Drained()
        found: dict[str, list[Event]] = {}
        drained = []
        for body in bodies:
            try:
                events = list(READERS[body.provider](body.body))
            except ValueError:
                store.set_problem(connection, body.id, "it is not JSON")
                done += Drained(unreadable=1)
            else:
                found.setdefault(body.provider, []).extend(events)
                drained.append(body.id)
        # All at once: the fewer statements, the less each event costs.
        for provider, events in found.items():
            done += take_in(context, connection, provider, events)
        store.remove_bodies(connection, drained)
    return done


def take_in(
    context: Context, connection: sa.Connection, provider: str, events: Sequence[Event]
) -> Drained:
    """Record events and do what they mean, in the caller's transaction."""
    mark = origin(epoch.read(connection), context.publication.url)
    known = run.about(connection, events, mark)
    newsletters = _newsletters(connection, known.values())
    counted = _counted(context, known, newsletters)
    new = engagements.take_in(context, connection, provider, counted.values())
    new |= run.record(connection, (event for event in events if event.id not in counted), known)
    reports = [known[key] for key in sorted(new & known.keys())]
    # Before the deliveries move: an attempt that was seen has submitted them.
    settled = evidence.seen(connection, run.attempts(reports), now=context.now())
    run.move(connection, reports)
    tallying.count(connection, reports, context.now())
    reaction = _Reaction(context, connection, Actor(ActorKind.PROVIDER, provider))
    for report in reports:
        reaction.to(report, newsletters[report.issue_id])
    reaction.to_soft_bounces(run.with_soft_bounces(connection, reports))
    return Drained(
        events=len(events),
        new=len(new),
        ours=len(reports),
        settled=len(settled),
        suppressed=reaction.suppressed,
        unsubscribed=reaction.unsubscribed,
    )


def _newsletters(connection: sa.Connection, reports: Iterable[AboutDelivery]) -> dict[int, str]:
    """Return the key of the newsletter of each issue."""
    numbers = {report.issue_id for report in reports}
    return {number: issues.load(connection, number).newsletter for number in sorted(numbers)}


def _counted(
    context: Context, known: Mapping[str, AboutDelivery], newsletters: Mapping[int, str]
) -> dict[str, AboutDelivery]:
    """Return the opens and clicks that their newsletters want to count."""
    found = {issue_id: context.publication.newsletter(key) for issue_id, key in newsletters.items()}
    return {
        event_id: report
        for event_id, report in known.items()
        if (newsletter := found[report.issue_id]) and newsletter.tracking.wants(report.event.kind)
    }


class _Reaction:
    """Does to people and issues what events mean, and counts it."""

    def __init__(self, context: Context, connection: sa.Connection, actor: Actor) -> None:
        self._context = context
        self._connection = connection
        self._actor = str(actor)
        self.suppressed = 0
        self.unsubscribed = 0

    def to(self, report: AboutDelivery, newsletter: str) -> None:
        """React to one event about a delivery of an issue of `newsletter`."""
        meaning = report.meaning
        if meaning.alarming:
            self._alert(report)
        if meaning.suppress is None and meaning.ends is Ends.NONE:
            return
        person = directory.load(self._connection, report.subscriber_id)
        if person is None:
            return  # erased since
        if meaning.suppress is not None:
            self._suppress(person, report, meaning.suppress)
        if meaning.ends is not Ends.NONE:
            self._unsubscribe(person, report, None if meaning.ends is Ends.ALL else newsletter)

    def to_soft_bounces(self, found: Mapping[int, SoftBounces]) -> None:
        """Suppress the addresses that keep failing; lift that if a late report shows otherwise.

        Soft bounces from before staff lifted a suppression count no longer.
        """
        for subscriber_id, bounces in found.items():
            person = directory.load(self._connection, subscriber_id)
            if person is None:
                continue
            lifted_at = reported.last_lifted(self._connection, person)
            fails = keeps_failing(bounces.at, filter(None, [*bounces.delivered_at, lifted_at]))
            provisional = person.suppressed and person.suppressed.origin == BY_SOFT_BOUNCES
            if fails and person.suppressed is None:
                reason, at = SuppressionReason.BOUNCE, max(bounces.at)
                self._apply_suppression(
                    person,
                    Suppression(person.address_key, reason, BY_SOFT_BOUNCES, SOFT_RULE, at),
                )
            elif provisional and not fails:
                self._lift(person)

    def _suppress(
        self, person: Subscriber, report: AboutDelivery, reason: SuppressionReason
    ) -> None:
        """Suppress an address.

        A bounce of an earlier address of this person says nothing about the present one.
        """
        event = report.event
        moved = event.address_key not in {"", person.address_key}
        if moved and reason is SuppressionReason.BOUNCE:
            return
        self._apply_suppression(
            person, Suppression(person.address_key, reason, self._actor, event.reason, event.at)
        )

    def _apply_suppression(self, person: Subscriber, cause: Suppression) -> None:
        pepper = self._context.journals.pepper
        done = reported.suppress(self._connection, person, cause, actor=self._actor, pepper=pepper)
        for effects in done:
            self.suppressed += effects.outcome == "suppressed"
            self._apply(effects)

    def _lift(self, person: Subscriber) -> None:
        effects = suppression.lift(
            self._connection,
            person.address_key,
            why="a delivery that was reported late",
            actor=self._actor,
            now=self._context.now(),
            pepper=self._context.journals.pepper,
        )
        self._apply(effects)

    def _unsubscribe(
        self, person: Subscriber, report: AboutDelivery, newsletter: str | None
    ) -> None:
        done = reported.unsubscribe(
            self._connection,
            person,
            newsletter,
            report.event.at,
            pepper=self._context.journals.pepper,
            now=self._context.now(),
        )
        for effects in done:
            self.unsubscribed += effects.outcome == "unsubscribed"
            self._apply(effects)

    def _apply(self, effects: Effects) -> None:
        context = self._context
        apply_effects(self._connection, effects, context.journals.journal, now=context.now())

    def _alert(self, report: AboutDelivery) -> None:
        """Alert staff once per issue that the provider dropped emails for a reason on our side."""
        alert = Alert(
            f"{report.issue_id}:dropped",
            f"the provider dropped emails of issue {report.issue_id}: {report.event.reason}",
            "It did not try to deliver them. Check the account with the provider.",
            ViewIssue(report.issue_id),
        )
        context = self._context
        alerts.queue(self._connection, context.publication, alert, now=context.now())


def brake_issues(context: Context) -> None:
    """Pause the issues about which too many recipients complained, or whose emails bounced.

    In transactions of their own: an issue is locked before its batches.
    """
    with context.reader.connect() as connection:
        sending = [issue.id for issue in issues.every(connection, [IssueState.SUBMITTING])]
    for issue_id in sending:
        with context.engine.begin() as connection:
            issues.lock(connection, issue_id)
            brake.after_events(connection, context.publication, issue_id, now=context.now())
