"""Take in what providers reported about the emails."""

from collections.abc import Iterator

from newsletter.esp.returned.address import MailboxAddress
from newsletter.esp.returned.mailboxes import open_letterbox
from newsletter.model.actor import MACHINE
from newsletter.pipeline.report import Level, Line, StepName, counted
from newsletter.pipeline.tools import Tools
from newsletter.store import marks
from newsletter.store.marks import Mark
from newsletter.usecases import engagements, events, mailing_reports, returned, syncing


def drain(tools: Tools) -> Iterator[Line]:
    """Take in the events that have arrived, and report what they changed."""
    done = events.drain(tools.context, MACHINE)
    effects = (
        (done.notices, f"{done.notices:,} about notices"),
        (done.settled, counted(done.settled, "batch", "batches") + " settled"),
        (done.suppressed, counted(done.suppressed, "address", "addresses") + " suppressed"),
        (done.unsubscribed, counted(done.unsubscribed, "subscription") + " ended"),
    )
    if done.new:
        parts = [counted(done.new, "new event"), *(text for number, text in effects if number)]
        yield Line(StepName.EVENTS, ", ".join(parts))
    if done.unreadable:
        requests = counted(done.unreadable, "request")
        yield Line(
            StepName.EVENTS,
            f"{requests} could not be read and {'was' if done.unreadable == 1 else 'were'} put aside",
            Level.FAILED,
        )
    if decided := engagements.decide(tools.context, MACHINE):
        yield Line(
            StepName.EVENTS, f"{counted(decided, 'open or click', 'opens and clicks')} counted"
        )


def read_mailbox(tools: Tools) -> Iterator[Line]:
    """Take in the emails that came back."""
    context = tools.context
    try:
        done = returned.empty(context, MACHINE, open_letterbox(MailboxAddress.parse(tools.mailbox)))
    finally:
        with context.engine.begin() as connection:
            marks.write(connection, Mark.MAILBOX_READ, int(context.now().timestamp() // 60))
    if done.kinds:
        found = ", ".join(f"{number:,} {kind}" for kind, number in sorted(done.kinds.items()))
        untrusted = (
            f"; {done.untrusted:,} prove no email of this publication" if done.untrusted else ""
        )
        yield Line(StepName.MAILBOX, f"{found}: {done.new:,} new{untrusted}")


def sync_suppressions(tools: Tools) -> Iterator[Line]:
    """Take over what the provider suppresses and we do not; tried once a day, even if it fails."""
    if tools.lists is None:
        return
    context = tools.context
    lists = tools.lists()
    try:
        compared = syncing.sync(context, MACHINE, lists)
    finally:
        lists.close()
        with context.engine.begin() as connection:
            marks.write(connection, Mark.SYNCED, int(context.now().timestamp() // 60))
    if new := sum(found.new for found in compared):
        known = counted(new, "suppression or unsubscribe", "suppressions or unsubscribes")
        yield Line(StepName.SUPPRESSIONS, f"{known} taken over from the provider")


def email_reports(tools: Tools) -> Iterator[Line]:
    """Email staff the reports of the issues that were submitted a day ago."""
    for name in mailing_reports.email_reports(tools.context, MACHINE):
        yield Line(StepName.REPORTS, f"{name}: the report is emailed")
