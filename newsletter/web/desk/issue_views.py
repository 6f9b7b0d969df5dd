"""What the pages of one issue show: frozen values for the templates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from newsletter.edit.fields import LINES
from newsletter.errors import NotFound
from newsletter.model.edition import Edition
from newsletter.model.issue import Item, corrected
from newsletter.model.naming import issue_name
from newsletter.model.publication import Publication
from newsletter.pipeline.report import counted
from newsletter.render.catalog import Catalog, language_name
from newsletter.render.reasons import explain
from newsletter.render.report_view import STATES
from newsletter.send import status
from newsletter.send.context import SendingContext
from newsletter.store.content import articles, editions, issues
from newsletter.store.sending import deliveries
from newsletter.web.desk import sentences
from newsletter.web.desk.next_steps import Advice, next_of
from newsletter.web.desk.today import describe
from subscribers.phrase import Phrase

NAMES = {
    "kicker": "desk.field.kicker",
    "title": "desk.field.title",
    "authors": "desk.field.authors",
    "date": "desk.field.date",
    "topics": "desk.field.topics",
    "teaser": "desk.field.teaser",
    "image": "desk.field.image",
    "alt": "desk.field.alt",
    "caption": "desk.field.caption",
    "link": "desk.field.link",
    "takeaways": "desk.field.takeaways",
}
ORIGINS = {
    "author": "desk.origin.author",
    "description": "desk.origin.description",
    "feed": "desk.origin.feed",
    "body": "desk.origin.body",
    "extracted": "desk.origin.extracted",
    "staff": "desk.origin.staff",
}
TABS = ("Content", "Edit", "Preview", "Audience", "Approve", "Report", "History")


@dataclass(frozen=True, slots=True)
class IssueHead:
    """The title and the tabs of an issue's pages."""

    title: str
    lead: sentences.StatusSentence
    tabs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Original:
    """What a staff correction replaced; `lines` is empty if there was nothing."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ItemCard:
    """An item as it is printed, with where its texts come from."""

    position: int
    label: str
    title: str
    lang: str
    direction: str
    byline: str
    minutes: str
    teaser: str
    teaser_from: str
    teaser_detail: str
    takeaways: tuple[str, ...]
    takeaways_from: str
    takeaways_detail: str
    suggested: tuple[str, ...]
    originals: tuple[Original, ...]
    reason: str
    changed: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A candidate that is not printed, and why."""

    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class ContentView:
    """The items that are printed, and those that are not."""

    included: tuple[ItemCard, ...]
    left_out: tuple[LeftOut, ...]
    advice: Advice


@dataclass(frozen=True, slots=True)
class EditionLink:
    """One edition in a list; `contents` says what is in it."""

    seq: int
    people: int
    contents: str
    href: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class PreviewView:
    """One edition, and links to the others."""

    seq: int
    subject: str
    preheader: str
    text: str
    people: int
    items: int
    headlines: int
    kilobytes: int
    hash: str
    editions: tuple[EditionLink, ...]


@dataclass(frozen=True, slots=True)
class AudienceView:
    """Who gets which edition, the deliveries by state, and the exclusions by reason."""

    sentence: str
    editions: tuple[EditionLink, ...]
    states: tuple[tuple[str, int], ...]
    exclusions: tuple[tuple[str, int], ...]
    no_exclusions: str


def head(
    connection: sa.Connection, context: SendingContext, issue_id: int, catalog: Catalog
) -> IssueHead:
    """Return title, lead and tabs of an issue; raise NotFound."""
    issue = issues.load(connection, issue_id)
    newsletter = context.publication.newsletter(issue.newsletter)
    path = f"/issues/{issue_id}"
    return IssueHead(
        title=issue_name(issue, newsletter),
        lead=describe(connection, issue, newsletter, context, catalog),
        tabs=tuple((tab, path if tab == TABS[0] else f"{path}/{tab.lower()}") for tab in TABS),
    )


def content(connection: sa.Connection, issue_id: int, catalog: Catalog) -> ContentView:
    """Return the items that are printed and those that are left out."""
    issue = issues.load(connection, issue_id)
    items = issues.load_items(connection, issue_id)
    left_out = (corrected(item) for item in items if not item.included)
    return ContentView(
        included=tuple(_item_card(connection, item, catalog) for item in items if item.included),
        left_out=tuple(LeftOut(item.title, item.reason) for item in left_out),
        advice=next_of(issue, catalog),
    )


def _item_card(connection: sa.Connection, stored: Item, catalog: Catalog) -> ItemCard:
    item = corrected(stored)
    article = articles.load(connection, item.article_id)
    authors = ", ".join(author.name for author in item.authors)
    return ItemCard(
        position=item.position,
        label=item.kicker or item.source,
        title=item.title,
        lang=item.lang,
        direction=item.direction,
        byline=" · ".join(filter(None, (authors, item.published))),
        minutes=catalog.count("issue.minutes", item.minutes),
        teaser=item.teaser.text,
        teaser_from=_origin(item.teaser.origin, catalog),
        teaser_detail=item.teaser.detail,
        takeaways=item.takeaways.items,
        takeaways_from=_origin(item.takeaways.origin, catalog),
        takeaways_detail=item.takeaways.detail,
        suggested=item.suggested.items,
        originals=_originals(stored, catalog),
        reason=item.reason,
        changed=article.revision != item.revision,
    )


def _originals(item: Item, catalog: Catalog) -> tuple[Original, ...]:
    """Return what staff corrected as it was before, so that both can be compared."""
    lines = {name: [line(item)] for name, line in LINES.items()}
    before: dict[str, Iterable[str]] = {**lines, "takeaways": item.takeaways.items}
    return tuple(
        Original(catalog.text(NAMES[name]), tuple(filter(None, lines)))
        for name, lines in before.items()
        if name in item.corrections
    )


def _origin(origin: str, catalog: Catalog) -> str:
    key = ORIGINS.get(origin)
    return catalog.text(key) if key else origin


def preview(connection: sa.Connection, issue_id: int, seq: int, name: str = "") -> PreviewView:
    """Return one edition, for a reader with this name, and links to the others; raise NotFound."""
    chosen = stored(connection, issue_id, seq)
    return PreviewView(
        seq=chosen.seq,
        subject=sentences.filled(chosen.nonce, chosen.subject, name),
        preheader=sentences.filled(chosen.nonce, chosen.preheader, name),
        text=sentences.filled(chosen.nonce, chosen.text, name),
        people=chosen.people,
        items=len(chosen.items),
        headlines=len(chosen.headlines),
        kilobytes=round(len(chosen.html.encode()) / 1024),
        hash=f"{chosen.hash[:8]}…{chosen.hash[-4:]}",
        editions=tuple(
            _edition_link(edition, counted(len(edition.items), "item"), chosen=edition.seq == seq)
            for edition in editions.heads(connection, issue_id)
        ),
    )


def sender(connection: sa.Connection, publication: Publication, issue_id: int) -> str:
    """Return the name from which an issue comes."""
    newsletter = publication.newsletter(issues.load(connection, issue_id).newsletter)
    own = publication.for_newsletter(newsletter) if newsletter else publication
    return own.sender.name or own.name


def waits_for_rendering(connection: sa.Connection, issue_id: int) -> bool:
    """Return whether an issue can still be changed and has no editions."""
    return issues.load(connection, issue_id).editable and not editions.heads(connection, issue_id)


def stored(connection: sa.Connection, issue_id: int, seq: int) -> Edition:
    """Return an edition of an issue; raise NotFound."""
    chosen = editions.find(connection, issue_id, seq)
    if chosen is None:
        msg = Phrase(
            "Issue {issue_id} has no edition {seq} yet. It is rendered when it is drafted.",
            issue_id=issue_id,
            seq=seq,
        )
        raise NotFound(msg)
    return chosen


def html(connection: sa.Connection, issue_id: int, seq: int) -> str:
    """Return an edition's HTML for a frame; the links to our pages lead nowhere."""
    chosen = stored(connection, issue_id, seq)
    return sentences.filled(chosen.nonce, chosen.html)


def _edition_link(edition: Edition, contents: str, *, chosen: bool = False) -> EditionLink:
    href = f"/issues/{edition.issue_id}/preview?edition={edition.seq}"
    translated = f", in {language_name(edition.language)}" if edition.language else ""
    tested = f", subject {edition.arm.upper()}" if edition.arm else ""
    shown = f"{contents}{translated}{tested}"
    return EditionLink(edition.seq, edition.people, shown, href, chosen)


def _first(titles: Mapping[int, str], edition: Edition) -> str:
    if not edition.items:
        return "headlines only"
    first = f"“{titles.get(edition.items[0], '')}”"
    more = len(edition.items) - 1
    return f"{first} and {more} more" if more else first


def audience(connection: sa.Connection, issue_id: int, catalog: Catalog) -> AudienceView:
    """Return who gets which edition, the deliveries by state and the exclusions by reason."""
    titles = {item.article_id: item.title for item in issues.load_items(connection, issue_id)}
    rendered = editions.heads(connection, issue_id)
    states = status.of(connection, issue_id).by_state
    reasons = deliveries.exclusion_reasons(connection, issue_id)
    frozen = sum(states.values())
    return AudienceView(
        sentence=_who(frozen, sum(edition.people for edition in rendered), catalog),
        editions=tuple(_edition_link(edition, _first(titles, edition)) for edition in rendered),
        states=tuple((catalog.text(STATES[name][0]), number) for name, number in states.items()),
        exclusions=tuple((explain(reason, catalog), n) for reason, n in reasons.items()),
        no_exclusions=catalog.text(
            "desk.audience.no_one" if frozen else "desk.audience.not_frozen"
        ),
    )


def _who(frozen: int, expected: int, catalog: Catalog) -> str:
    if frozen:
        return catalog.count("desk.audience.frozen", frozen)
    return catalog.count("desk.audience.now", expected)
