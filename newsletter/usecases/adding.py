"""Add an article that no source lists to an issue: by its address, or as staff typed it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from newsletter.edit import run as editing
from newsletter.edit.approval import require_editable
from newsletter.edit.cleaning import LONGEST
from newsletter.edit.items import item_of
from newsletter.edit.operations import AddItem, topics_in
from newsletter.errors import ExtractFailed, NotAllowed
from newsletter.model.actor import Actor, Role
from newsletter.model.article import Article, Extracted, Section
from newsletter.model.byline import authors_of
from newsletter.model.issue import Issue, corrected
from newsletter.model.next_step import NextStep, PreviewIssue
from newsletter.model.text import bounded, printable, web_address
from newsletter.store.content import articles, issues
from newsletter.usecases.context import Context
from subscribers.phrase import Phrase

_PARAGRAPHS = re.compile(r"\n\s*\n")
NONE: Mapping[str, object] = {}
_TYPED = ("title", "authors", "date", "topics", "teaser", "sections")


@dataclass(frozen=True, slots=True)
class FoundArticle:
    """What was read at an address and is not stored yet; `seal` is a hash of it."""

    address: str
    content: Extracted
    seal: str


@dataclass(frozen=True, slots=True)
class TypedArticle:
    """An article as a person typed it; the byline and the topics are lines as in the edit file."""

    title: str
    url: str = ""
    authors: str = ""
    date: str = ""
    topics: str = ""
    teaser: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class ArticleAdded:
    """The article is stored, and printed in the issue."""

    issue_id: int
    article_id: int
    title: str
    next_step: NextStep


def look(context: Context, actor: Actor, issue_id: int, address: str) -> FoundArticle:
    """Read the article at an address, to show it; nothing is stored.

    Raises NotAllowed if the issue can no longer be changed, or with the reason why the page cannot
    be read.
    """
    actor.require(Role.EDITOR)
    _editable(context, issue_id)
    found = web_address(address)
    if not found:
        msg = Phrase("“{given}” is not an address; use https://…", given=printable(address))
        raise NotAllowed(msg)
    if context.read_page is None:
        msg = Phrase("pages are not read here")
        raise NotAllowed(msg)
    try:
        content = context.read_page(found)
    except ExtractFailed as error:
        msg = Phrase("no article was found at {found}: {error}", found=found, error=error)
        raise NotAllowed(msg) from error
    from newsletter.collect.adding import seal  # noqa: PLC0415 - loads what reads documents

    return FoundArticle(found, content, seal(content))


def accept(context: Context, actor: Actor, issue_id: int, found: FoundArticle) -> ArticleAdded:
    """Store an article that was shown, and print it in the issue.

    An article that is stored already is not stored again. Raises NotAllowed if the issue can no
    longer be changed.
    """
    actor.require(Role.EDITOR)
    return _added(context, actor, _editable(context, issue_id), found.content)


def add_typed(context: Context, actor: Actor, issue_id: int, typed: TypedArticle) -> ArticleAdded:
    """Store an article that a person typed, and print it in the issue; raises NotAllowed."""
    actor.require(Role.EDITOR)
    issue = _editable(context, issue_id)
    from newsletter.collect.text.language import detect, is_right_to_left  # noqa: PLC0415 - see above

    content = _content(typed)
    newsletter = context.publication.require_newsletter(issue.newsletter)
    lang = detect(f"{typed.title}\n{typed.teaser}\n{typed.text}") or newsletter.language
    written = replace(content, lang=lang, direction="rtl" if is_right_to_left(lang) else "ltr")
    # What a person typed is kept when a source lists the article, or has listed it before.
    typed_texts = {"title": content.title, "teaser": content.teaser}
    corrections = {name: text for name, text in typed_texts.items() if text}
    return _added(context, actor, issue, written, corrections)


def _editable(context: Context, issue_id: int) -> Issue:
    with context.reader.connect() as connection:
        issue = issues.load(connection, issue_id)
    require_editable(issue)
    return issue


def _added(
    context: Context,
    actor: Actor,
    issue: Issue,
    content: Extracted,
    corrections: Mapping[str, object] = NONE,
) -> ArticleAdded:
    """Store an article, and print it with these corrections."""
    from newsletter.collect.adding import store  # noqa: PLC0415 - see above

    newsletter = context.publication.require_newsletter(issue.newsletter)
    article_id = store(context.engine, content, context.now)
    with context.reader.connect() as connection:
        article: Article = articles.load(connection, article_id)
    item = item_of(article, context.publication.topics, newsletter.highlights)
    item = replace(item, corrections=corrections)
    editing.change(context.engine, issue.id, [AddItem(item)], actor=actor, now=context.now())
    title = corrected(item).title
    return ArticleAdded(issue.id, article_id, title, PreviewIssue(issue.id))


def _content(typed: TypedArticle) -> Extracted:
    """Return a typed article as one that was read; raise NotAllowed if it cannot be printed."""
    title, url = bounded(typed.title, LONGEST["title"]), web_address(typed.url)
    paragraphs = tuple(filter(None, map(printable, _PARAGRAPHS.split(typed.text))))
    teaser = bounded(typed.teaser, LONGEST["teaser"])
    if not title:
        msg = Phrase("the article needs a headline")
        raise NotAllowed(msg)
    if typed.url and not url:
        msg = Phrase("the article is at “{given}”; use https://…", given=printable(typed.url))
        raise NotAllowed(msg)
    if not paragraphs and not teaser:
        msg = Phrase("the article needs a text or a teaser")
        raise NotAllowed(msg)
    return Extracted(
        title=title,
        url=url,
        authors=authors_of(printable(typed.authors)),
        published=_day(typed.date),
        topics=topics_in(typed.topics),
        sections=(Section(None, paragraphs),) if paragraphs else (),
        teaser=teaser,
        provenance=dict.fromkeys(_TYPED, "staff"),
    )


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        msg = Phrase("the date is “{given}”; expected YYYY-MM-DD", given=printable(text))
        raise NotAllowed(msg) from error
