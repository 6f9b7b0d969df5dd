"""Change what an issue prints: by operations, or by an edit file that a person filled in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from newsletter.edit import run as editing
from newsletter.edit import sheet
from newsletter.edit.approval import require_editable
from newsletter.edit.items import tags_of
from newsletter.edit.operations import Correct, Draft, Operation, topics_in
from newsletter.model.actor import Actor, Role
from newsletter.model.issue import Issue
from newsletter.model.next_step import NextStep, PreviewIssue
from newsletter.model.publication import Topic
from newsletter.store.content import issues
from newsletter.usecases.context import Context


@dataclass(frozen=True, slots=True)
class EditFile:
    """An issue as a text that a person can change; `draft` is what it was made from."""

    issue: Issue
    draft: Draft
    text: str


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of an edit; `changes` is 0 if the issue already printed what was asked."""

    issue_id: int
    changes: int
    next_step: NextStep


def open_file(context: Context, actor: Actor, issue_id: int) -> EditFile:
    """Return the edit file of an issue; raises NotAllowed if it can no longer be changed."""
    actor.require(Role.EDITOR)
    with context.reader.connect() as connection:
        issue, draft = editing.load_draft(connection, issue_id)
    require_editable(issue)
    return EditFile(issue, draft, sheet.write(issue, draft))


def apply_file(context: Context, actor: Actor, opened: EditFile, text: str) -> Edited:
    """Apply the edit file as a person left it.

    Raises NotAllowed, with the line, if the text is wrong or someone else changed the issue since.
    """
    operations = sheet.read(text, opened.draft)
    seen = sheet.fingerprint(opened.draft)
    return change(context, actor, opened.issue.id, operations, seen=seen)


def change(
    context: Context,
    actor: Actor,
    issue_id: int,
    operations: Sequence[Operation],
    *,
    seen: str = "",
) -> Edited:
    """Apply operations to an issue; a change voids its approval and returns it to DRAFT.

    `seen` marks the content that the person looked at; NotAllowed is raised if it has changed.
    """
    actor.require(Role.EDITOR)
    with context.reader.connect() as connection:
        issues.load(connection, issue_id)
    known = context.publication.topics
    done = editing.change(
        context.engine,
        issue_id,
        [_with_tags(operation, known) for operation in operations],
        actor=actor,
        now=context.now(),
        expected_state=seen,
    )
    return Edited(issue_id, len(operations) if done else 0, PreviewIssue(issue_id))


def _with_tags(operation: Operation, known: Sequence[Topic]) -> Operation:
    """Return the operation with the slugs by which subscribers follow corrected topics."""
    if not isinstance(operation, Correct) or operation.name != "topics":
        return operation
    return replace(operation, tags=tags_of(topics_in(operation.text), known))
