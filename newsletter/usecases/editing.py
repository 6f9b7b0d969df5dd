"""Change what an issue prints: by operations, an edit file, or texts that a person saw and changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from newsletter.edit import run as editing
from newsletter.edit import sheet
from newsletter.edit.approval import require_editable
from newsletter.edit.cleaning import require_short
from newsletter.edit.fields import TextConflict, same_text, texts_of
from newsletter.edit.items import item_of, tags_of
from newsletter.edit.operations import (
    Correct,
    CorrectableField,
    Draft,
    Operation,
    Reorder,
    SetText,
    TakeOver,
    TextField,
    topics_in,
)
from newsletter.errors import NotAllowed, NotFound
from newsletter.model.actor import Actor, Role
from newsletter.model.issue import Issue, Item
from newsletter.model.next_step import NextStep, PreviewIssue
from newsletter.model.publication import Topic
from newsletter.store.content import articles, issues
from newsletter.usecases.context import Context
from subscribers.phrase import Phrase


@dataclass(frozen=True, slots=True)
class EditFile:
    """An issue as a text that a person can change; `draft` is what it was made from."""

    issue: Issue
    draft: Draft
    text: str


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of an edit; `changes` is 0 if the issue already printed what was asked.

    `before` and `after` mark the content that it found and left.
    """

    issue_id: int
    changes: int
    next_step: NextStep
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class TextChange:
    """A text as an editor saw it, and as they left it; takeaways have one line each."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class EditConflict:
    """Nothing was saved: these texts have been changed twice."""

    issue_id: int
    texts: tuple[TextConflict, ...]


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
    changes = len(operations) if done.done else 0
    return Edited(issue_id, changes, PreviewIssue(issue_id), done.before, done.after)


def _with_tags(operation: Operation, known: Sequence[Topic]) -> Operation:
    """Return the operation with the slugs by which subscribers follow corrected topics."""
    if not isinstance(operation, Correct) or operation.name != "topics":
        return operation
    return replace(operation, tags=tags_of(topics_in(operation.text), known))


def save_texts(
    context: Context,
    actor: Actor,
    issue_id: int,
    changes: Sequence[TextChange],
    *,
    article_id: int | None = None,
) -> Edited | EditConflict:
    """Save texts of an issue, or of one item, that an editor changed.

    Another editor's change to another text is not an obstacle. One to the same text is: then nothing is
    saved, and both texts are returned. Raises NotAllowed if a text cannot be printed whole.
    """
    actor.require(Role.EDITOR)

    def attempt(draft: Draft) -> Edited | EditConflict:
        present = _texts(draft, article_id)
        made = [text for text in changes if not same_text(text.before, text.after)]
        if unknown := [text.name for text in made if text.name not in present]:
            msg = Phrase("there is no text {unknown!r} to change", unknown=unknown[0])
            raise NotFound(msg)
        conflicts = tuple(
            TextConflict(text.name, present[text.name], text.after)
            for text in made
            if not any(same_text(present[text.name], known) for known in (text.before, text.after))
        )
        if conflicts:
            return EditConflict(issue_id, conflicts)
        for text in made:
            require_short(text.name, text.after)
        operations = [_operation(text, article_id) for text in made]
        return change(context, actor, issue_id, operations, seen=sheet.fingerprint(draft))

    return editing.retried(context.reader, issue_id, attempt)


def shift(context: Context, actor: Actor, issue_id: int, article_id: int, by: int) -> Edited:
    """Move a printed item up (`by` is -1) or down (1) among the printed items."""
    actor.require(Role.EDITOR)

    def attempt(draft: Draft) -> Edited:
        order = [item.article_id for item in draft.items if item.included]
        if article_id not in order:
            msg = Phrase(
                "article {article_id} is not printed in issue {issue_id}",
                article_id=article_id,
                issue_id=issue_id,
            )
            raise NotFound(msg)
        place = order.index(article_id)
        order.insert(max(0, place + by), order.pop(place))
        reorder = Reorder(tuple(order))
        return change(context, actor, issue_id, [reorder], seen=sheet.fingerprint(draft))

    return editing.retried(context.reader, issue_id, attempt)


def reorder(
    context: Context, actor: Actor, issue_id: int, order: Sequence[int], seen: Sequence[int]
) -> Edited:
    """Print the items in this order; items that it does not name follow in their present order.

    `seen` is the order of the printed items that the editor changed. Raises NotAllowed if it is no
    longer the present one.
    """
    actor.require(Role.EDITOR)

    def attempt(draft: Draft) -> Edited:
        printed = [item.article_id for item in draft.items if item.included]
        if printed not in ([*seen], [*order]):
            msg = Phrase("the order has been changed elsewhere; reload the page")
            raise NotAllowed(msg)
        made = [Reorder(tuple(order))]
        return change(context, actor, issue_id, made, seen=sheet.fingerprint(draft))

    return editing.retried(context.reader, issue_id, attempt)


def take_over(context: Context, actor: Actor, issue_id: int, article_id: int) -> Edited:
    """Print the newest revision of an article; corrections are kept.

    A pass does this for issues that are not approved yet.
    """
    actor.require(Role.EDITOR)
    with context.reader.connect() as connection:
        issue, draft = editing.load_draft(connection, issue_id)
        _require_candidate(draft, article_id)
        article = articles.load(connection, article_id)
    newsletter = context.publication.require_newsletter(issue.newsletter)
    newer = item_of(article, context.publication.topics, newsletter.highlights)
    return change(context, actor, issue_id, [TakeOver(newer)])


def _texts(draft: Draft, article_id: int | None) -> dict[str, str]:
    if article_id is None:
        return texts_of(draft)
    return texts_of(draft, _require_candidate(draft, article_id))


def _require_candidate(draft: Draft, article_id: int) -> Item:
    found = next((item for item in draft.items if item.article_id == article_id), None)
    if found is None:
        msg = Phrase(
            "article {article_id} is not a candidate for this issue", article_id=article_id
        )
        raise NotFound(msg)
    return found


def _operation(text: TextChange, article_id: int | None) -> Operation:
    if article_id is None:
        return SetText(cast("TextField", text.name), text.after)
    name = cast("CorrectableField", text.name)
    lines = tuple(text.after.splitlines()) if name == "takeaways" else text.after
    return Correct(article_id, name, lines)
