"""Look at an issue that is being sent."""

from newsletter.model.states import IssueState
from newsletter.send import status as statuses
from newsletter.send.context import SendingContext
from newsletter.send.status import IssueStatus
from newsletter.store.content import issues
from newsletter.usecases.context import Context


def status(context: Context, issue_id: int) -> IssueStatus:
    """Return where every recipient of an issue is, and why the rest waits."""
    sending = SendingContext(context.publication, context.senders, context.now())
    with context.reader.begin() as connection:
        return statuses.of(connection, issue_id, sending)


def state_of(context: Context, issue_id: int) -> IssueState:
    """Return the state of an issue."""
    with context.reader.begin() as connection:
        return issues.load(connection, issue_id).state
