"""What the pages about articles show."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from newsletter.model.article import Article, Extracted
from newsletter.model.publication import Publication
from newsletter.render.catalog import Catalog
from newsletter.usecases.articles import ArticleRecord
from newsletter.web.desk import sentences

STATES = {
    "new": "desk.articles.new",
    "seen": "desk.articles.seen",
    "gone": "desk.articles.gone",
    "hidden": "desk.articles.hidden",
}
LABELS = {
    "title": "desk.edit.headline",
    "kicker": "desk.edit.kicker",
    "authors": "desk.articles.authors",
    "date": "desk.articles.date",
    "topics": "desk.articles.topics",
    "takeaways": "desk.articles.takeaways",
    "sections": "desk.articles.sections",
    "footnotes": "desk.articles.footnotes",
    "author_bio": "desk.articles.bio",
    "teaser": "desk.edit.teaser",
    "image": "desk.articles.image",
    "lang": "desk.articles.language",
    "url": "desk.articles.url",
}
"""How the fields of an article are named for staff."""
LONGEST = 2_000
"""Characters of a field that the page shows."""


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """An article in a list."""

    href: str
    number: int
    title: str
    lang: str
    authors: str
    source: str
    published: str
    takeaways: int
    state: str


@dataclass(frozen=True, slots=True)
class ArticlesView:
    """The search, and a page of what it found; `more` is the address of the next."""

    text: str
    source: str
    state: str
    sources: tuple[str, ...]
    states: tuple[tuple[str, str], ...]
    articles: tuple[ArticleRow, ...]
    more: str


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field of an article with its lines, and where it came from."""

    name: str
    lines: tuple[str, ...]
    origin: str


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """What an article was before a change."""

    number: int
    until: str
    fields: tuple[FieldRow, ...]


@dataclass(frozen=True, slots=True)
class UseRow:
    """An issue that has the article among its items."""

    href: str
    title: str
    due: str
    printed: bool
    reason: str
    revision: int


@dataclass(frozen=True, slots=True)
class ArticlePageView:
    """Everything on the page of one article."""

    href: str
    url: str
    lang: str
    state: str
    is_hidden: bool
    revision: int
    first_seen: str
    changed: str
    fields: tuple[FieldRow, ...]
    revisions: tuple[RevisionRow, ...]
    uses: tuple[UseRow, ...]
    similar: tuple[ArticleRow, ...]
    notice: str


def article_row(article: Article, catalog: Catalog) -> ArticleRow:
    """Return an article as a line of a list."""
    content = article.content
    return ArticleRow(
        f"/articles/{article.id}",
        article.id,
        content.title,
        content.lang,
        ", ".join(author.name for author in content.authors),
        article.source,
        content.published.isoformat() if content.published else "–",
        len(content.takeaways),
        catalog.text(STATES[article.state]),
    )


def article_view(
    record: ArticleRecord, publication: Publication, catalog: Catalog, notice: str
) -> ArticlePageView:
    """Return the page of an article."""
    article, zone = record.article, publication.timezone
    return ArticlePageView(
        href=f"/articles/{article.id}",
        url=article.content.url if article.content.url.startswith(("https:", "http:")) else "",
        lang=article.content.lang,
        state=catalog.text(STATES[article.state]),
        is_hidden=article.state == "hidden",
        revision=article.revision,
        first_seen=sentences.stamp(article.first_seen_at, zone),
        changed=sentences.stamp(article.changed_at, zone) if article.changed_at else "",
        fields=tuple(_fields(article.content, catalog)),
        revisions=tuple(_revisions(record, zone, catalog)),
        uses=tuple(_uses(record, publication)),
        similar=tuple(article_row(each, catalog) for each in record.similar),
        notice=notice,
    )


def _fields(content: Extracted, catalog: Catalog) -> Iterator[FieldRow]:
    date = content.published.isoformat() if content.published else ""
    guessed = " (guessed)" if content.date_guessed else ""
    authors = (
        ", ".join(filter(None, (author.name, author.role, author.org)))
        for author in content.authors
    )
    lines: dict[str, tuple[str, ...]] = {
        "title": (content.title,),
        "kicker": (content.kicker,),
        "authors": tuple(authors),
        "date": (f"{date}{guessed}",),
        "topics": content.topics,
        "takeaways": content.takeaways,
        "sections": tuple(section.heading or "–" for section in content.sections),
        "footnotes": tuple(note.text for note in content.footnotes),
        "author_bio": (content.author_bio,),
        "teaser": (content.teaser,),
        "image": (content.image.url,) if content.image else (),
        "lang": (content.lang,),
        "url": (content.url,),
    }
    for name, found in lines.items():
        shown = tuple(line[:LONGEST] for line in found if line)
        if shown:
            yield FieldRow(catalog.text(LABELS[name]), shown, content.provenance.get(name, ""))


def _revisions(record: ArticleRecord, zone: tzinfo, catalog: Catalog) -> Iterator[RevisionRow]:
    """Yield earlier contents, latest first, with the fields that the next one changed."""
    after = tuple(_fields(record.article.content, catalog))
    for number, until, content in reversed(record.revisions):
        fields = tuple(_fields(content, catalog))
        changed = tuple(field for field in fields if field not in after)
        yield RevisionRow(number, sentences.stamp(until, zone), changed)
        after = fields


def _uses(record: ArticleRecord, publication: Publication) -> Iterator[UseRow]:
    for use in record.uses:
        newsletter = publication.newsletter(use.newsletter)
        title = newsletter.title if newsletter else use.newsletter
        due = sentences.stamp(use.due_at, publication.timezone)
        yield UseRow(f"/issues/{use.issue_id}", title, due, use.included, use.reason, use.revision)
