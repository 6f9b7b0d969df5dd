"""Send an issue, and decide about one that is being sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from newsletter.errors import NotAllowed
from newsletter.esp.port import Sender
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.batch import read_batch
from newsletter.model.next_step import (
    ApproveIssue,
    ListIssues,
    NextStep,
    PreviewIssue,
    ReleaseSending,
    ResumeIssue,
    RunCheckup,
    ViewIssue,
)
from newsletter.model.publication import Newsletter
from newsletter.model.states import SENDABLE, UNAPPROVED, IssueState
from newsletter.model.subjects import Arm
from newsletter.send import decisions, maillog, run, subjects
from newsletter.send import welcome as welcoming
from newsletter.send.decisions import Decision, LogFindings
from newsletter.send.run import Prepared, Reconciled
from newsletter.send.status import IssueStatus
from newsletter.send.welcome import Welcomed
from newsletter.send.worker import Tally
from newsletter.store import acts, holding
from newsletter.store.content import issues, leaving
from newsletter.store.sending import claims
from newsletter.usecases.context import Context
from newsletter.usecases.watching import state_of, status
from subscribers.phrase import Phrase

LANE = timedelta(seconds=20)
"""How long a lane submits before it makes room for what is more urgent."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision about an issue took effect for `recipients` people (0 if they do not count)."""

    issue_id: int
    recipients: int
    next_step: NextStep


@dataclass(frozen=True, slots=True)
class Sent:
    """What one attempt to send an issue did.

    `too_early` says that it waits for its slot or its undo window; `problems` are sentences.
    """

    issue_id: int
    too_early: bool
    problems: tuple[str, ...]
    status: IssueStatus


class SendingHeld(NotAllowed):
    """A restored database sends no issue before a person has looked at it."""


class ApprovalVoided(NotAllowed):
    """The issue would be rendered differently now, so it needs a new approval."""


def pause(context: Context, actor: Actor, issue_id: int, *, reason: str = "") -> Decided:
    """Stop an issue, at once for all batches that no worker has claimed."""
    actor.require(Role.APPROVER)
    with context.engine.begin() as connection:
        decisions.pause(connection, issue_id, actor=actor, now=context.now(), reason=reason)
    return Decided(issue_id, 0, ResumeIssue(issue_id))


def resume(context: Context, actor: Actor, issue_id: int, *, reason: str = "") -> Decided:
    """Let a paused issue continue where it stopped."""
    actor.require(Role.APPROVER)
    with context.engine.begin() as connection:
        decisions.resume(connection, issue_id, actor=actor, now=context.now(), reason=reason)
    return Decided(issue_id, 0, ViewIssue(issue_id))


def cancel(context: Context, actor: Actor, issue_id: int, *, reason: str = "") -> Decided:
    """Cancel what has not been submitted; what is unknown or held stays so."""
    actor.require(Role.APPROVER)
    with context.engine.begin() as connection:
        people = decisions.cancel(
            connection, issue_id, actor=actor, now=context.now(), reason=reason
        )
    return Decided(issue_id, people, ViewIssue(issue_id))


def move(context: Context, actor: Actor, issue_id: int, provider: str) -> Decided:
    """Give what is still prepared of an issue to another provider."""
    actor.require(Role.APPROVER)
    size = _sender(context, provider).max_batch
    with context.engine.begin() as connection:
        people = decisions.move(
            connection, issue_id, provider, size, actor=actor, now=context.now()
        )
    return Decided(issue_id, people, ViewIssue(issue_id))


def choose_subject(context: Context, actor: Actor, issue_id: int, winner: Arm) -> Decided:
    """Let the rest of an issue with two subjects go out with one of them."""
    actor.require(Role.APPROVER)
    with context.engine.begin() as connection:
        issue = issues.load(connection, issue_id)
        spread = context.publication.require_newsletter(issue.newsletter).spread
        people = subjects.choose(
            connection, issue_id, winner, spread=spread, actor=actor, now=context.now()
        )
    return Decided(issue_id, people, ViewIssue(issue_id))


def resolve(
    context: Context, actor: Actor, issue_id: int, batch: str, decision: Decision
) -> Decided:
    """Decide about a batch of an issue whose outcome is unknown, held or refused."""
    actor.require(Role.APPROVER)
    _require_batch(issue_id, batch)
    _expire(context)
    with context.engine.begin() as connection:
        people = decisions.resolve(connection, batch, decision, actor=actor, now=context.now())
    return Decided(issue_id, people, ViewIssue(issue_id))


def resolve_from_log(
    context: Context, actor: Actor, issue_id: int, batch: str, lines: Iterable[str]
) -> LogFindings:
    """Settle what the log of a mail server shows about a batch in doubt."""
    actor.require(Role.APPROVER)
    _require_batch(issue_id, batch)
    logged = maillog.accepted(lines)
    _expire(context)
    with context.engine.begin() as connection:
        return decisions.resolve_from_log(connection, batch, logged, actor=actor, now=context.now())


def _expire(context: Context) -> None:
    """Let staff decide about a batch whose worker is gone, although no pass has noticed it yet.

    In a transaction of its own: it locks batches, and a decision locks their issue first.
    """
    with context.engine.begin() as connection:
        claims.expire(connection, context.now(), context.courier.journal.is_dead)


def _require_batch(issue_id: int, batch: str) -> None:
    key = read_batch(batch)
    if key is None or key[0] != issue_id:
        msg = Phrase("{batch!r} is not a batch of issue {issue_id}", batch=batch, issue_id=issue_id)
        raise NotAllowed(msg, next_step=ViewIssue(issue_id))


def send(context: Context, actor: Actor, issue_id: int, *, at_once: bool = False) -> Sent:
    """Freeze an approved issue if that is still to be done, and submit what may be sent now.

    `at_once` does not wait for the slot, the undo window or the spread. Raises NotAllowed if the
    issue is not approved.
    """
    actor.require(Role.APPROVER)
    with context.reader.begin() as connection:
        state = issues.load(connection, issue_id).state
    if state in SENDABLE:
        frozen = freeze(context, actor, issue_id, at_once=at_once)
        if frozen is None and state_of(context, issue_id) in SENDABLE:
            return Sent(issue_id, True, (), status(context, issue_id))
    elif state not in {IssueState.SUBMITTING, IssueState.SUBMITTED}:
        msg = Phrase(
            "issue {issue_id} is {state}; only an approved issue can be sent",
            issue_id=issue_id,
            state=state.spoken,
        )
        raise NotAllowed(msg, next_step=_before(state, issue_id))
    reconcile(context, actor)
    tally = submit(context, actor)
    return Sent(issue_id, False, tuple(tally.problems), status(context, issue_id))


def go_on(context: Context, actor: Actor, issue_id: int, *, at_once: bool = False) -> Sent:
    """Send after a decision: an issue that cannot be sent now waits for the next decision."""
    if state_of(context, issue_id) not in SENDABLE | {IssueState.SUBMITTING}:
        return Sent(issue_id, False, (), status(context, issue_id))
    return send(context, actor, issue_id, at_once=at_once)


def freeze(
    context: Context, actor: Actor, issue_id: int, *, at_once: bool = False
) -> Prepared | None:
    """Freeze the audience of an approved issue; None if it is too early or another worker did.

    Raises ApprovalVoided if the issue would be rendered differently now, or is far too late.
    """
    actor.require(Role.APPROVER)
    require_released(context)
    _require_current(context, issue_id, at_once=at_once)
    sender = _sender(context, context.publication.provider)
    return run.prepare(
        context.engine,
        context.publication,
        issue_id,
        run.Route(sender, context.courier.journal),
        now=context.now(),
        at_once=at_once,
    )


def welcome(context: Context, actor: Actor, newsletter: Newsletter) -> Welcomed | None:
    """Send the latest issue to everyone who has just confirmed; None if no one waits for it."""
    actor.require(Role.APPROVER)
    sender = _sender(context, context.publication.provider)
    return welcoming.welcome(
        context.engine,
        context.publication,
        newsletter,
        run.Route(sender, context.courier.journal),
        now=context.now(),
    )


def require_released(context: Context) -> None:
    """Raise SendingHeld while sending is held since a restore."""
    with context.reader.connect() as connection:
        held = holding.is_held(connection)
    if held:
        msg = Phrase(
            "no issue is sent since the database was restored: look at the issues, then release them"
        )
        raise SendingHeld(msg, next_step=ReleaseSending())


def hold(context: Context, actor: Actor) -> None:
    """Send no issue until a person releases it: the database was restored."""
    actor.require(Role.ADMIN)
    with context.engine.begin() as connection:
        holding.hold(connection)


def release(context: Context, actor: Actor) -> bool:
    """Let issues be sent again after a restore; return whether sending was held."""
    actor.require(Role.ADMIN)
    with context.engine.begin() as connection:
        released = holding.release(connection)
        if released:
            leaving.let_leave(connection, context.now())
            act = Act(context.now(), actor, ActKind.SENDING_RELEASED, None)
            acts.record(connection, act)
    return released


def _require_current(context: Context, issue_id: int, *, at_once: bool) -> None:
    # Rendering is expensive to import, and only an issue that is about to be frozen needs it.
    from newsletter.usecases import reviewing  # noqa: PLC0415

    with context.reader.begin() as connection:
        issue = issues.load(connection, issue_id)
    newsletter = context.publication.newsletter(issue.newsletter)
    if newsletter is None or issue.state is not IssueState.APPROVED:
        return
    overtaken = "" if at_once else reviewing.void_if_overtaken(context, newsletter, issue)
    if voided := overtaken or reviewing.void_if_stale(context, newsletter, issue_id):
        msg = Phrase("issue {issue_id} is not sent: {voided}", issue_id=issue_id, voided=voided)
        raise ApprovalVoided(msg, next_step=PreviewIssue(issue_id))


def departing(context: Context) -> list[int]:
    """Return the approved issues that may be sent now, the earliest slot first."""
    with context.reader.connect() as connection:
        return run.departing(connection, context.publication, context.now())


def submit(context: Context, actor: Actor, *, patience: timedelta = timedelta(0)) -> Tally:
    """Submit every batch that may be sent now; `patience` is how long to wait for the next."""
    actor.require(Role.APPROVER)
    require_released(context)
    equipped = context.equipped(patience)
    return run.submit(context.engine, context.publication, equipped)


def submit_in_lane(context: Context, actor: Actor) -> Tally:
    """Submit batches over one connection for a while: what is more urgent waits for a worker."""
    actor.require(Role.APPROVER)
    require_released(context)
    courier, until = context.equipped(LANE), context.now() + LANE
    for_a_while = replace(
        courier,
        connections=1,
        stopped=lambda: courier.stopped() or courier.clock() >= until,
    )
    return run.submit(context.engine, context.publication, for_a_while)


def reconcile(context: Context, actor: Actor) -> Reconciled:
    """Settle what only time settles: ended leases, passed windows, finished issues."""
    actor.require(Role.APPROVER)
    return run.reconcile(context.engine, context.publication, context.equipped())


def _before(state: IssueState, issue_id: int) -> NextStep:
    """Return what has to be done before an issue in this state can be sent."""
    if state in UNAPPROVED:
        return ApproveIssue(issue_id)
    steps: Mapping[IssueState, NextStep] = {IssueState.PAUSED: ResumeIssue(issue_id)}
    return steps.get(state, ListIssues())


def _sender(context: Context, provider: str) -> Sender:
    sender = context.senders.get(provider)
    if sender is None:
        known = ", ".join(context.senders)
        msg = Phrase(
            "the provider {provider} is not set up. Set up: {known}", provider=provider, known=known
        )
        raise NotAllowed(msg, next_step=RunCheckup())
    return sender
