"""Take back the last edits of an issue, one at a time."""

from newsletter.edit import run as editing
from newsletter.edit.operations import Draft
from newsletter.edit.sheet import fingerprint
from newsletter.edit.undoing import last_own, undo
from newsletter.errors import NotFound
from newsletter.model.act import ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.next_step import PreviewIssue
from newsletter.store import acts
from newsletter.store.acts import ActFilter, NumberedAct
from newsletter.usecases.context import Context
from newsletter.usecases.editing import Edited, change
from subscribers.phrase import Phrase


def last_edit(context: Context, actor: Actor, issue_id: int) -> NumberedAct | None:
    """Return the latest edit of this person that can be taken back; None if there is none."""
    actor.require(Role.EDITOR)
    return last_own(_recorded(context, issue_id), str(actor))


def undo_edit(context: Context, actor: Actor, issue_id: int, number: int) -> Edited:
    """Take back the latest edit of this person, which is the act with this number.

    Taking it back twice has no effect. Raises NotAllowed if what it changed has been changed again
    since.
    """
    actor.require(Role.EDITOR)
    recorded = _recorded(context, issue_id)
    if number not in {each.number for each in recorded}:
        msg = Phrase(
            "act {number} is not an edit of issue {issue_id} that can be taken back",
            number=number,
            issue_id=issue_id,
        )
        raise NotFound(msg)
    last = last_own(recorded, str(actor))
    if last is None or last.number != number:
        return Edited(issue_id, 0, PreviewIssue(issue_id))

    def attempt(draft: Draft) -> Edited:
        return change(context, actor, issue_id, undo(draft, last), seen=fingerprint(draft))

    return editing.retried(context.reader, issue_id, attempt)


def _recorded(context: Context, issue_id: int) -> list[NumberedAct]:
    wanted = ActFilter(kind=ActKind.EDITED.value, issue_id=issue_id)
    with context.reader.connect() as connection:
        return acts.listed(connection, wanted)
