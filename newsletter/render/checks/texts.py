"""Check what staff typed: placeholders that were never filled, and Markdown that is not supported."""

import re
from collections.abc import Iterator, Sequence

from newsletter.model.finding import CHECKS, Finding, IssuePlace, PlaceKind
from newsletter.model.issue import CORRECTABLE, Issue, Item, corrected
from newsletter.model.prose import raw_marks
from subscribers.phrase import Phrase

# TK ("to come") is what editors type where a fact is missing, because no English word contains it.
# Initials may be TK, so it counts only in what staff wrote, not in what an article says.
_STAFF = re.compile(
    r"\{[\w%.{][^{}\n]*\}+|\[\[[^\]\n]*\]\]|\bTK(?:TK)*\b|\bTODO\b|\b[Ll]orem\b(?: ipsum)?"
)
_ARTICLE = re.compile(r"\[\[[^\]\n]*\]\]|\b[Ll]orem ipsum\b")
_NOTE_MARK = re.compile(r"(?<=\w|[.,;:!?”])\[\d{1,3}\]")
"""A mark such as [12] behind a word: the footnote itself is not printed."""
_NAME = "{name}"
_TEXTS = IssuePlace(PlaceKind.TEXTS)


def check(issue: Issue, items: Sequence[Item]) -> Iterator[Finding]:
    """Yield the leftovers and unsupported marks in an issue."""
    for where, text, place in _staff_texts(issue, items):
        allowed = {_NAME} if where == "note" else set()
        if left := [found for found in _STAFF.findall(text) if found not in allowed]:
            yield _leftover(where, left, place)
    for item in items:
        place = IssuePlace(PlaceKind.ARTICLE, item.article_id)
        if item.included and (left := _ARTICLE.findall(_article_text(item))):
            yield _leftover(Phrase("article “{title}”", title=item.title), left, place)
        if item.included and (marks := _NOTE_MARK.findall(_article_text(corrected(item)))):
            message = Phrase(
                "“{title}” contains the note mark {marks}, but no footnote is printed; remove it.",
                title=item.title,
                marks=marks[0],
            )
            yield Finding(
                "note marks", CHECKS["note marks"], message, place=place, found=tuple(marks)
            )
    for where, text in _markdown(issue):
        if marks := raw_marks(text):
            named = ", ".join(marks)
            message = Phrase(
                "The {where} prints the marks {named} as they are; remove or escape them.",
                where=where,
                named=named,
            )
            yield Finding("raw marks", CHECKS["raw marks"], message, place=_TEXTS)


def _leftover(where: str, found: Sequence[str], place: IssuePlace) -> Finding:
    message = Phrase(
        "The {where} contains “{found}”; replace or remove it.", where=where, found=found[0][:40]
    )
    return Finding("leftovers", CHECKS["leftovers"], message, place=place, found=tuple(found))


def _staff_texts(issue: Issue, items: Sequence[Item]) -> Iterator[tuple[str, str, IssuePlace]]:
    yield Phrase("subject"), issue.subject, _TEXTS
    if issue.test is not None:
        yield Phrase("second subject"), issue.test.subject, _TEXTS
    yield Phrase("preheader"), issue.preheader, _TEXTS
    yield from ((where, text, _TEXTS) for where, text in _markdown(issue))
    for block in issue.blocks:
        yield Phrase("heading of a block"), block.heading, _TEXTS
    for item in items:
        if item.included:
            texts = {
                name: "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
                for name, value in item.corrections.items()
                if name in CORRECTABLE
            }
            for name in sorted(texts):
                place = IssuePlace(PlaceKind.ARTICLE, item.article_id)
                where = Phrase("{name} of “{title}”", name=Phrase(name), title=item.title)
                yield where, texts[name], place


def _markdown(issue: Issue) -> Iterator[tuple[str, str]]:
    yield Phrase("note"), issue.note
    for block in issue.blocks:
        yield Phrase("block “{heading}”", heading=block.heading), block.text


def _article_text(item: Item) -> str:
    own = item.teaser.text, *item.takeaways.items
    return "\n".join((item.title, *own))
