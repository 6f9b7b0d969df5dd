"""Take in what providers report: each event once, however often and in which order it arrives."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import TypeVar

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.esp.sendgrid import events as sendgrid
from newsletter.events import notices, run, tallying
from newsletter.events.deciding import PERSONAL
from newsletter.events.run import AboutDelivery
from newsletter.model.actor import Actor, ActorKind, Role
from newsletter.model.event import ENGAGEMENTS, Event, origin
from newsletter.model.states import IssueState
from newsletter.send import brake, evidence
from newsletter.store import epoch
from newsletter.store import events as store
from newsletter.store.content import issues
from newsletter.store.database import is_deadlock, roomy
from newsletter.usecases import engagements
from newsletter.usecases.context import Context
from newsletter.usecases.reacting import Reaction
from subscribers.phrase import Phrase

READERS: Mapping[str, Callable[[bytes], Iterator[Event]]] = {sendgrid.PROVIDER: sendgrid.read}
"""What reads the requests of each provider."""
BODIES_AT_ONCE = 5
"""Requests that one transaction drains; SendGrid's have at most 768 KB."""
EVENTS_AT_ONCE = 500
"""Events of a file that one transaction takes in."""
PERSONAL_AT_ONCE = 500
"""Events of stored requests that may change a person, in one transaction: a second, about."""
REPETITIONS = 5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Drained:
    """What was taken in.

    `new` counts the events that were not known, `ours` those of them that are about deliveries of
    this publication, and `notices` those about its notices. `unreadable` requests were put aside.
    """

    events: int = 0
    new: int = 0
    ours: int = 0
    notices: int = 0
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
    with roomy(context.engine) as connection:
        while (done := repeated(lambda: _drain_some(context, connection))) is not None:
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
    """Repeat a transaction that another one stopped: both changed the same people at the same time."""
    for _ in range(REPETITIONS):
        try:
            return transact()
        except sa.exc.IntegrityError:
            continue
        except sa.exc.OperationalError as error:
            if not is_deadlock(error):
                raise
    return transact()


def _some(events: Iterator[Event]) -> list[Event]:
    try:
        return list(islice(events, EVENTS_AT_ONCE))
    except ValueError as error:
        msg = Phrase(
            "this is not a file of events: expected a JSON array, or one JSON object per line"
        )
        raise NotAllowed(msg) from error


def _drain_some(context: Context, connection: sa.Connection) -> Drained | None:
    """Drain the oldest requests in one transaction; None if there are none."""
    with _uncollected(), connection.begin():
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
        complete = True
        for provider, events in found.items():
            part = _affordable(connection, events)
            complete = complete and len(part) == len(events)
            done += take_in(context, connection, provider, part)
        if not complete:
            return replace(done, events=0)  # they are counted when the rest is taken in
        store.remove_bodies(connection, drained)
    return done


def _affordable(connection: sa.Connection, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events without those that would make the transaction too long.

    While it lasts, nothing else can write on SQLite. The rest is taken in by the next ones.
    """
    personal = [event.id for event in events if event.kind in PERSONAL]
    if len(personal) <= PERSONAL_AT_ONCE:
        return events
    known = store.known(connection, personal)
    later = set([key for key in dict.fromkeys(personal) if key not in known][PERSONAL_AT_ONCE:])
    return [event for event in events if event.id not in later]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let the garbage collector wait: it would search all events several times, and find nothing.

    No object of a drain refers to itself, so each is freed when the last reference to it ends.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def take_in(
    context: Context, connection: sa.Connection, provider: str, events: Sequence[Event]
) -> Drained:
    """Record events and do what they mean, in the caller's transaction."""
    word, publication = epoch.read(connection), context.publication
    marks = {origin(word, url) for url in (publication.url, *publication.former_urls)}
    known = run.about(connection, events, marks)
    others = [event for event in events if event.id not in known]
    of_notices = notices.about(connection, others, marks)
    newsletters = _newsletters(connection, known.values())
    counted = _counted(context, known, newsletters)
    new = engagements.take_in(context, connection, provider, counted.values())
    kept = (event for event in events if event.id not in counted)
    new |= run.record(connection, kept, known, of_notices)
    reports = [known[key] for key in sorted(new & known.keys())]
    about_notices = [of_notices[key] for key in sorted(new & of_notices.keys())]
    # Before the deliveries move: an attempt that was seen has submitted them.
    settled = evidence.seen(connection, run.attempts(reports), now=context.now())
    run.move(connection, reports)
    notices.move(connection, about_notices, now=context.now())
    tallying.count(connection, reports, context.now())
    reaction = Reaction(context, connection, Actor(ActorKind.PROVIDER, provider))
    # In the order of the people: two drainers then seldom wait for each other in a circle.
    for report in sorted(reports, key=attrgetter("subscriber_id")):
        reaction.to(report, newsletters[report.issue_id])
    for about_notice in about_notices:
        reaction.to_notice(about_notice)
    reaction.to_soft_bounces(run.with_soft_bounces(connection, [*reports, *about_notices]))
    reaction.finish()
    return Drained(
        events=len(events),
        new=len(new),
        ours=len(reports),
        notices=len(about_notices),
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
        if report.event.kind in ENGAGEMENTS
        and (newsletter := found[report.issue_id])
        and newsletter.tracking.wants(report.event.kind)
    }


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
