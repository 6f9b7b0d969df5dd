"""The stages of a pass, in order. This is the only file that knows the order.

A pass asks the database what is due and does it; it may be repeated, doubled or killed at any
line. What a stage did, and what it left for a person, comes back as lines.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.collect import run as collecting
from newsletter.edit import approval
from newsletter.edit import run as editing
from newsletter.errors import NewsletterError, NotAllowed
from newsletter.esp.port import Sender
from newsletter.model.finding import blocking
from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.slot import Decision, Timing, due
from newsletter.model.states import IssueState
from newsletter.pipeline import standings
from newsletter.pipeline.report import Level, Line, Step, counted
from newsletter.pipeline.standings import OPEN
from newsletter.render import run as rendering
from newsletter.render.run import RenderKit
from newsletter.send import alarm, notices
from newsletter.send import run as sending
from newsletter.send.courier import Courier
from newsletter.send.waits import Around
from newsletter.store.content import editions, issues, slots

MACHINE = "newsletter"
"""The actor on record for what nobody did by hand."""
LEAVING = (IssueState.PREPARING, IssueState.SUBMITTING)


@dataclass(frozen=True, slots=True)
class Tools:
    """What the stages work with; `app` builds it."""

    engine: sa.Engine
    publication: Publication
    senders: Mapping[str, Sender]
    kit: RenderKit
    courier: Courier
    post: notices.Post
    collect: Callable[[], collecting.CollectReport]
    tidy: Callable[[], Mapping[str, int]]
    catch_up: Callable[[], int]
    clock: Callable[[], datetime]


def steps(tools: Tools) -> list[Step]:
    """Return a whole pass: what may leave now goes first, so that a slow source delays nobody."""
    return [
        Step("journal", lambda: remembered(tools)),
        Step("reconcile", lambda: reconciled(tools)),
        Step("send", lambda: sent(tools)),
        Step("notices", lambda: noticed(tools)),
        Step("collect", lambda: collected(tools)),
        Step("draft", lambda: drafted(tools)),
        Step("approve", lambda: approved(tools)),
        Step("send", lambda: sent(tools)),
        Step("notices", lambda: noticed(tools)),
        Step("retention", lambda: tidied(tools)),
        Step("standing", lambda: stands(tools)),
    ]


def remembered(tools: Tools) -> Iterator[Line]:
    """Replay departures that the database has forgotten because it was restored from a backup."""
    if number := tools.catch_up():
        says = f"{number} departures or erasures were replayed: the database had forgotten them"
        yield Line("journal", says)


def collected(tools: Tools) -> Iterator[Line]:
    """Collect from every source that is due."""
    for source in tools.collect().sources:
        if source.outcome == "not due":
            continue
        level = Level.FAILED if source.failed else Level.WELL
        yield Line("collect", f"{source.source}: {source.summary}", level)


def drafted(tools: Tools) -> Iterator[Line]:
    """Draft the issues whose lead has begun, record missed slots, keep drafts rendered."""
    for newsletter in tools.publication.newsletters:
        yield from _guarded("draft", newsletter, _drafted(tools, newsletter))
    for issue, newsletter in _open(tools):
        yield from _guarded("draft", newsletter, _refreshed(tools, issue, newsletter))


def _guarded(stage: str, newsletter: Newsletter, lines: Iterator[Line]) -> Iterator[Line]:
    """Yield `lines`; what stops one newsletter is a line and does not stop the next."""
    try:
        yield from lines
    except NewsletterError as error:
        yield Line(stage, f"{newsletter.title}: {error}", Level.FAILED)


def _drafted(tools: Tools, newsletter: Newsletter) -> Iterator[Line]:
    now = tools.clock()
    for decision in _due(tools.engine, newsletter, now):
        if decision.act == "missed":
            yield from _missed(tools, newsletter, decision, now)
            continue
        issue_id = editing.draft(
            tools.engine, tools.publication, newsletter, decision.due, now=now, actor=MACHINE
        )
        if issue_id is not None:
            yield _said(tools, issue_id, newsletter)


def _refreshed(tools: Tools, issue: Issue, newsletter: Newsletter) -> Iterator[Line]:
    if not refresh(tools, issue, newsletter):
        return
    with tools.engine.connect() as connection:
        known = rendering.audience_notes(connection, issue.id)
    for says in known:
        yield Line("draft", f"{newsletter.title} No. {issue.number}: {says}")


def _due(engine: sa.Engine, newsletter: Newsletter, now: datetime) -> list[Decision]:
    timing = Timing.of(newsletter)
    with engine.begin() as connection:
        ledger = slots.ledger(connection, newsletter.key, timing, now)
    return due(timing, ledger, now)


def _missed(
    tools: Tools, newsletter: Newsletter, decision: Decision, now: datetime
) -> Iterator[Line]:
    with tools.engine.begin() as connection:
        new = slots.record(
            connection,
            newsletter.key,
            decision.due,
            now,
            state="missed",
            reason=decision.reason,
        )
        if new:
            what = f"{newsletter.title}: the issue of {decision.due.nominal} was missed"
            step = f"{decision.reason.capitalize()}. See that cron or `newsletter serve` runs."
            key = f"missed:{newsletter.key}:{decision.due.nominal}"
            cause = alarm.Cause("missed", what, step)
            alarm.announce(connection, tools.publication, key, cause, now=now)
    if new:
        says = f"{newsletter.title}, slot {decision.due.nominal}: missed, {decision.reason}"
        yield Line("draft", says, Level.FAILED)


def _said(tools: Tools, issue_id: int, newsletter: Newsletter) -> Line:
    with tools.engine.connect() as connection:
        issue = issues.load(connection, issue_id)
        items = issues.load_items(connection, issue_id)
    if issue.state is IssueState.SKIPPED:
        _tell_skipped(tools, issue, newsletter)
        says = f"{newsletter.title}, slot {issue.nominal}: skipped, {issue.reason}"
        return Line("draft", says, Level.WAITS)
    taken = sum(one.included for one in items)
    name = f"{newsletter.title} No. {issue.number}"
    says = f"{name} drafted: {counted(taken, 'item')}, {len(items) - taken} left out"
    return Line("draft", says)


def _tell_skipped(tools: Tools, issue: Issue, newsletter: Newsletter) -> None:
    what = f"{newsletter.title}: the issue of {issue.nominal} was skipped, {issue.reason}"
    cause = alarm.Cause("skipped", what, "`newsletter sources` says which sources are silent.")
    with tools.engine.begin() as connection:
        alarm.tell(connection, tools.publication, issue.id, cause, now=tools.clock())


def refresh(tools: Tools, issue: Issue, newsletter: Newsletter) -> bool:
    """Bring an open issue up to date with its articles, and render it if it is not rendered.

    Return whether it was rendered anew.
    """
    now = tools.clock()
    editing.refresh(tools.engine, tools.publication, newsletter, issue.id, now=now)
    with tools.engine.connect() as connection:
        rendered = bool(editions.of_issue(connection, issue.id))
    if not rendered:
        rendering.render(tools.engine, tools.publication, newsletter, issue.id, tools.kit, now=now)
    with tools.engine.begin() as connection:
        issues.move(connection, issue.id, frm=[IssueState.DRAFT], to=IssueState.REVIEW)
    return not rendered


def approved(tools: Tools) -> Iterator[Line]:
    """Approve what the configuration lets pass by itself; remind, hold or skip what is late."""
    for issue, newsletter in _open(tools):
        yield from _guarded("approve", newsletter, _approved(tools, issue, newsletter))


def _approved(tools: Tools, issue: Issue, newsletter: Newsletter) -> Iterator[Line]:
    now = tools.clock()
    late = now > issue.due_at + newsletter.late.grace
    if newsletter.approval == "automatic" or (late and newsletter.late.then == "send"):
        yield from _approve_alone(tools, issue, newsletter, late=late)
    elif late and newsletter.late.then == "skip":
        yield _skip_late(tools, issue, newsletter, now)
    elif now >= issue.due_at - newsletter.approve_by:
        _remind(tools, issue, newsletter, now)


def _approve_alone(
    tools: Tools, issue: Issue, newsletter: Newsletter, *, late: bool
) -> Iterator[Line]:
    now = tools.clock()
    findings = rendering.check(tools.engine, tools.publication, newsletter, issue.id, now=now)
    name = f"{newsletter.title} No. {issue.number}"
    if stopped := blocking(findings):
        says = f"{name} is not approved: {' '.join(one.says for one in stopped)}"
        yield Line("approve", says, Level.WAITS)
        return
    actor = "policy: late issues are sent" if late else "policy: approval is automatic"
    approval.approve(tools.engine, issue.id, actor=actor, now=now, findings=findings)
    yield Line("approve", f"{name} approved ({actor})")


def _skip_late(tools: Tools, issue: Issue, newsletter: Newsletter, now: datetime) -> Line:
    reason = f"nobody approved it within {newsletter.late.grace} of its slot"
    with tools.engine.begin() as connection:
        issues.move(connection, issue.id, frm=OPEN, to=IssueState.SKIPPED, reason=reason)
        cause = alarm.Cause("late", f"{newsletter.title} No. {issue.number} was skipped", reason)
        alarm.tell(connection, tools.publication, issue.id, cause, now=now)
    says = f"{newsletter.title} No. {issue.number}: skipped, {reason}"
    return Line("approve", says, Level.FAILED)


def _remind(tools: Tools, issue: Issue, newsletter: Newsletter, now: datetime) -> None:
    """Tell staff once that the deadline for approval is near, and once that it has passed."""
    past = now >= issue.due_at
    what = f"{newsletter.title} No. {issue.number} {'was' if past else 'is'} due and not approved"
    step = f"Run `newsletter approve {issue.id}`, or look at the desk."
    cause = alarm.Cause("overdue" if past else "approve-by", what, step)
    with tools.engine.begin() as connection:
        alarm.tell(connection, tools.publication, issue.id, cause, now=now)


def sent(tools: Tools) -> Iterator[Line]:
    """Freeze the audience of what may leave, and submit every batch that is due."""
    with tools.engine.connect() as connection:
        ready = sending.departing(connection, tools.publication, tools.clock())
    for issue_id in ready:
        yield from prepare(tools, issue_id, at_once=False)
    with tools.engine.connect() as connection:
        leaving = issues.recent(connection, states=LEAVING, limit=1)
    if leaving:
        yield from submit(tools)


def prepare(tools: Tools, issue_id: int, *, at_once: bool) -> Iterator[Line]:
    """Freeze the audience of one approved issue."""
    sender = tools.senders.get(tools.publication.provider)
    if sender is None:
        msg = (
            f"the provider {tools.publication.provider} is not set up; `newsletter doctor` says"
            " what is missing"
        )
        raise NotAllowed(msg)
    frozen = sending.prepare(
        tools.engine, tools.publication, issue_id, sender, now=tools.clock(), at_once=at_once
    )
    if frozen is not None:
        left_out = sum(frozen.excluded.values())
        says = f"issue {issue_id}: {counted(frozen.planned, 'recipient')} frozen, {left_out:,} left out"
        yield Line("send", says)


def submit(tools: Tools) -> Iterator[Line]:
    """Submit every batch that may leave now."""
    tally = sending.submit(tools.engine, tools.publication, tools.courier)
    outcomes = (
        (tally.submitted, f"submitted in {counted(tally.batches, 'batch', 'batches')}"),
        (tally.refused, "refused"),
        (tally.withdrawn, "withdrawn"),
        (tally.unknown, "unknown"),
    )
    if says := ", ".join(f"{number:,} {word}" for number, word in outcomes if number):
        yield Line("send", says)
    for problem in tally.problems:
        yield Line("send", problem, Level.FAILED)


def reconciled(tools: Tools) -> Iterator[Line]:
    """Settle what only time settles: ended leases, passed windows, finished issues."""
    done = sending.reconcile(tools.engine, tools.publication, tools.courier)
    if done.unknown:
        gone = counted(done.unknown, "batch", "batches")
        yield Line("reconcile", f"{gone} unknown now: whoever submitted is gone")
    if done.held:
        held = counted(done.held, "batch", "batches")
        yield Line("reconcile", f"{held} held for a person", Level.WAITS)
    if done.again:
        yield Line("reconcile", f"{counted(done.again, 'batch', 'batches')} to submit again")


def noticed(tools: Tools) -> Iterator[Line]:
    """Submit the notices that are queued."""
    done = notices.submit(tools.engine, tools.post)
    if done.submitted:
        yield Line("notices", f"{counted(done.submitted, 'notice')} submitted")
    if done.refused:
        yield Line("notices", f"{counted(done.refused, 'notice')} refused for their recipient")
    if done.failed:
        yield Line("notices", f"{counted(done.failed, 'notice')} not submitted", Level.FAILED)


def tidied(tools: Tools) -> Iterator[Line]:
    """Let go of what is kept no longer, as `retention` in the configuration says."""
    for what, number in tools.tidy().items():
        if number:
            yield Line("retention", f"{number} {what} let go")


def stands(tools: Tools) -> Iterator[Line]:
    """Reconcile once more and say how every issue stands that is not finished."""
    yield from reconciled(tools)
    around = Around(tools.publication, tools.senders, tools.clock())
    with tools.engine.connect() as connection:
        for one in standings.told(connection, around):
            step = f": {one.next_step}" if one.next_step else ""
            yield Line("standing", one.says + step, one.level)


def _open(tools: Tools) -> Iterator[tuple[Issue, Newsletter]]:
    with tools.engine.connect() as connection:
        found = issues.every(connection, OPEN)
    for issue in found:
        newsletter = tools.publication.newsletter(issue.newsletter)
        if newsletter is not None:
            yield issue, newsletter
