"""Send what is approved and due, settle what is in doubt, and report every unfinished issue."""

from collections.abc import Iterator

from newsletter.errors import NewsletterError
from newsletter.model.actor import MACHINE
from newsletter.model.duration import spell_duration
from newsletter.model.next_step import ViewIssue
from newsletter.model.reason import Reason
from newsletter.model.states import SENDABLE, SENDING
from newsletter.pipeline import statuses
from newsletter.pipeline.report import Level, Line, StepName, counted, failure
from newsletter.pipeline.tools import Tools
from newsletter.send.context import SendingContext
from newsletter.send.worker import Tally
from newsletter.store.content import issues
from newsletter.usecases import sending, watching
from newsletter.usecases.sending import ApprovalVoided, SendingHeld


def send(tools: Tools) -> Iterator[Line]:
    """Freeze the audience of what may be sent now, and submit every batch that is due."""
    context = tools.context
    try:
        sending.require_released(context)
    except SendingHeld as error:
        yield Line(StepName.SEND, str(error), Level.WAITS, error.next_step)
        return
    for issue_id in sending.departing(context):
        yield from freeze(tools, str(issue_id))
    with context.reader.connect() as connection:
        under_way = issues.recent(connection, states=list(SENDING), limit=1)
    if under_way:
        yield from submit(tools)


def freeze(tools: Tools, key: str) -> Iterator[Line]:
    """Freeze the audience of an approved issue."""
    context, issue_id = tools.context, int(key)
    try:
        frozen = sending.freeze(context, MACHINE, issue_id)
    except (ApprovalVoided, SendingHeld) as error:
        yield Line(StepName.SEND, str(error), Level.WAITS, error.next_step)
        return
    except NewsletterError as error:
        # Another pass may have frozen it in the meantime.
        if watching.state_of(context, issue_id) in SENDABLE:
            yield failure(StepName.SEND, error)
        return
    if frozen is not None:
        left_out = sum(frozen.excluded.values())
        planned = counted(frozen.planned, "recipient")
        late = f", {spell_duration(frozen.late)} late" if frozen.late else ""
        yield Line(
            StepName.SEND, f"issue {issue_id}: {planned} frozen, {left_out:,} left out{late}"
        )
        if unfit := frozen.excluded.get(Reason.NO_EDITION, 0):
            people = counted(unfit, "subscriber")
            yield Line(
                StepName.SEND, f"issue {issue_id}: no approved edition fits the topics of {people}"
            )


def lane(tools: Tools, _key: str) -> Iterator[Line]:
    """Submit batches over one connection, for a while."""
    try:
        yield from _submitted(sending.submit_in_lane(tools.context, MACHINE))
    except SendingHeld as error:
        yield Line(StepName.SEND, str(error), Level.WAITS, error.next_step)


def welcome(tools: Tools, key: str) -> Iterator[Line]:
    """Add the latest issue of a newsletter for those who have just confirmed it."""
    newsletter = tools.context.publication.require_newsletter(key)
    done = sending.welcome(tools.context, MACHINE, newsletter)
    if done is not None:
        new = counted(done.sent, "new subscriber")
        message = f"{newsletter.title}: the latest issue goes to {new}"
        yield Line(StepName.WELCOME, f"{message}, {done.left_out:,} left out")


def submit(tools: Tools) -> Iterator[Line]:
    """Submit every batch that may be sent now."""
    yield from _submitted(sending.submit(tools.context, MACHINE, patience=tools.patience))


def _submitted(tally: Tally) -> Iterator[Line]:
    outcomes = (
        (tally.submitted, f"submitted in {counted(tally.batches, 'batch', 'batches')}"),
        (tally.refused, "refused"),
        (tally.withdrawn, "withdrawn"),
        (tally.unknown, "unknown"),
    )
    if message := ", ".join(f"{number:,} {word}" for number, word in outcomes if number):
        yield Line(StepName.SEND, message)
    for problem in tally.problems:
        yield Line(StepName.SEND, problem, Level.FAILED)


def reconcile(tools: Tools) -> Iterator[Line]:
    """Settle what only time settles: ended leases, passed windows, finished issues."""
    done = sending.reconcile(tools.context, MACHINE)
    for finding in done.findings:
        level = Level.WAITS if finding.for_a_person else Level.OK
        yield Line(StepName.RECONCILE, finding.message, level, ViewIssue(finding.issue_id))
    for issue_id in done.first_subject:
        message = f"issue {issue_id}: no one chose a subject in time; the rest gets subject A"
        yield Line(StepName.RECONCILE, message)
    if done.clock_jumps:
        set_by_it = counted(done.clock_jumps, "wait or slot", "waits and slots")
        message = f"a clock had jumped ahead: {set_by_it} from it were reversed"
        yield Line(StepName.RECONCILE, message)
    if done.unknown:
        batches = counted(done.unknown, "batch has", "batches have")
        message = f"{batches} an unknown outcome: the worker that sent them is gone"
        yield Line(StepName.RECONCILE, message)
    if done.held:
        batches = counted(done.held, "batch is", "batches are")
        yield Line(StepName.RECONCILE, f"{batches} held for a decision", Level.WAITS)
    if done.again:
        batches = counted(done.again, "batch", "batches")
        yield Line(StepName.RECONCILE, f"{batches} to submit again")


def report_status(tools: Tools) -> Iterator[Line]:
    """Reconcile once more, and report every issue that is not finished."""
    yield from reconcile(tools)
    context = tools.context
    around = SendingContext(context.publication, context.senders, context.now())
    with context.reader.connect() as connection:
        for status in statuses.unfinished(connection, around):
            yield Line(StepName.STATUS, status.message, status.level, status.next_step)
