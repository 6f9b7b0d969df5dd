"""What the preview of an issue shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import sqlalchemy as sa

from newsletter.model.persona import Persona
from newsletter.model.personalization import unfilled
from newsletter.model.publication import Publication
from newsletter.render.catalog import Catalog
from newsletter.render.inbox import InboxRow, rows
from newsletter.render.limits import CLIPPED
from newsletter.render.spoken import SpokenLine
from newsletter.store.content import earlier, editions, issues
from newsletter.usecases.proofs import ProofSent, Reader
from newsletter.web.desk import issue_views
from newsletter.web.desk.choices import Control, Option, controls
from newsletter.web.desk.issue_views import PreviewView
from subscribers.model import Subscriber

SHOW, WIDTH, LIGHT, IMAGES, STYLES = "show", "width", "light", "images", "styles"
OFFERED: Mapping[str, tuple[str, Sequence[str]]] = {
    SHOW: ("show", ("HTML", "text", "order", "headers", "source", "before")),
    WIDTH: ("width", ("600", "375", "320")),
    LIGHT: ("colors", ("light", "dark", "inverted")),
    IMAGES: ("images", ("on", "off")),
    STYLES: ("styles", ("on", "off")),
}
"""What can be chosen, by the name in the address: the name of the row, and its words."""
NAMES = {
    "show": "desk.view.show",
    "width": "desk.view.width",
    "colors": "desk.view.colors",
    "light": "desk.view.light",
    "images": "desk.view.images",
    "styles": "desk.view.styles",
    "HTML": "desk.view.page",
    "text": "desk.view.text",
    "order": "desk.view.order",
    "headers": "desk.view.headers",
    "source": "desk.view.source",
    "before": "desk.view.before",
    "dark": "desk.view.dark",
    "inverted": "desk.view.inverted",
    "on": "desk.view.on",
    "off": "desk.view.off",
}
PERSONAS = {
    Persona.NO_NAME: "desk.persona.no_name",
    Persona.NO_TOPICS: "desk.persona.no_topics",
    Persona.LONG_NAME: "desk.persona.long_name",
    Persona.KOREAN: "desk.persona.korean",
}
SPOKEN = {
    "heading": "desk.spoken.heading",
    "link": "desk.spoken.link",
    "image": "desk.spoken.image",
    "text": "desk.spoken.text",
}


@dataclass(frozen=True, slots=True)
class Who:
    """As whom the issue is shown. `found` are subscribers that a search found.

    `seen_as` goes into forms: the name of a persona, the id of a subscriber, or nothing.
    """

    seen_as: str
    name: str
    personas: tuple[Option, ...]
    query: str
    searched: bool
    found: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A property of this issue beside that of the issue before."""

    name: str
    now: str
    before: str
    differs: bool


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """An edition as a reader sees it; `inbox` is its row in several email clients.

    `lines` are what a screen reader says, `raw` headers or source, and `compared` the differences
    from the issue before: each is set if that is shown. `outcome` is what the last form did.
    """

    path: str
    edition: PreviewView
    size: int
    limit: int
    sender: str
    inbox: tuple[InboxRow, ...]
    controls: tuple[Control, ...]
    show: str
    width: str
    frame: str
    who: Who
    lines: tuple[tuple[str, str], ...] = ()
    raw: str = ""
    compared: tuple[ComparedRow, ...] = ()
    outcome: tuple[str, ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True)
class AskedPreview:
    """What a page was asked for: an edition, a reader, the settings of the controls, a search."""

    issue_id: int
    seq: int
    seen_as: str
    reader: Reader | None
    settled: Mapping[str, str]
    query: str

    @property
    def path(self) -> str:
        """Return the address of the page."""
        return f"/issues/{self.issue_id}/preview"

    @property
    def present(self) -> dict[str, str]:
        """Return the query of this page, which every link on it changes in one place."""
        return {**self.settled, "edition": str(self.seq), "as": self.seen_as}


def preview_page(
    connection: sa.Connection,
    publication: Publication,
    asked: AskedPreview,
    found: Sequence[Subscriber],
    catalog: Catalog,
) -> PreviewPage:
    """Return the page of an edition; raise NotFound."""
    issue_id, seq, settled = asked.issue_id, asked.seq, asked.settled
    name = asked.reader.name if asked.reader else ""
    edition = issue_views.preview(connection, issue_id, seq, name)
    sender = issue_views.sender(connection, publication, issue_id)
    stored = issue_views.stored(connection, issue_id, seq)
    body = {**settled, "as": asked.seen_as}
    return PreviewPage(
        path=f"/issues/{issue_id}",
        edition=edition,
        size=len(stored.html.encode()),
        limit=CLIPPED,
        sender=sender,
        inbox=tuple(rows(sender, edition.subject, edition.preheader)),
        controls=controls(asked.path, asked.present, OFFERED, lambda word: named(catalog, word)),
        show=settled[SHOW],
        width=settled[WIDTH],
        frame=f"{asked.path}/{seq}/body?{urlencode(body)}",
        who=_who(asked, found, catalog),
        compared=compared(connection, issue_id, seq, catalog) if settled[SHOW] == "before" else (),
    )


def _who(asked: AskedPreview, found: Sequence[Subscriber], catalog: Catalog) -> Who:
    def href(other: str) -> str:
        return f"{asked.path}?{urlencode({**asked.present, 'as': other})}"

    personas = tuple(
        Option(catalog.text(key), href(persona.value), asked.seen_as == persona.value)
        for persona, key in PERSONAS.items()
    )
    everyone = Option(catalog.text("desk.persona.none"), href(""), not asked.seen_as)
    persona = next((each.name for each in personas if each.chosen), "")
    reader = asked.reader
    return Who(
        asked.seen_as,
        persona or (reader.name or reader.address if reader else ""),
        (everyone, *personas),
        asked.query,
        bool(asked.query),
        tuple((_called(person), href(str(person.id))) for person in found),
    )


def _called(person: Subscriber) -> str:
    return f"{person.name} <{person.address}>" if person.name else person.address


def named(catalog: Catalog, word: str) -> str:
    """Return what staff read for a word of the controls; numbers are their own names."""
    return catalog.text(NAMES[word]) if word in NAMES else word


def said(lines: Sequence[SpokenLine], catalog: Catalog) -> tuple[tuple[str, str], ...]:
    """Return what a screen reader says for the page."""
    return tuple((catalog.text(SPOKEN[line.kind]), line.words) for line in lines)


def compared(
    connection: sa.Connection, issue_id: int, seq: int, catalog: Catalog
) -> tuple[ComparedRow, ...]:
    """Compare an edition with the first one of the issue before; empty without one."""
    before_id = earlier.last_sent(connection, issues.load(connection, issue_id))
    if before_id is None:
        return ()
    now = next(each for each in editions.of_issue(connection, issue_id) if each.seq == seq)
    before = next(iter(editions.of_issue(connection, before_id)), None)
    if before is None:
        return ()
    sides = (
        (
            "desk.compare.subject",
            unfilled(now.nonce, now.subject),
            unfilled(before.nonce, before.subject),
        ),
        (
            "desk.compare.preheader",
            unfilled(now.nonce, now.preheader),
            unfilled(before.nonce, before.preheader),
        ),
        ("desk.compare.items", str(len(now.items)), str(len(before.items))),
        ("desk.compare.headlines", str(len(now.headlines)), str(len(before.headlines))),
        ("desk.compare.bytes", f"{len(now.html.encode()):,}", f"{len(before.html.encode()):,}"),
        ("desk.compare.words", f"{len(now.text.split()):,}", f"{len(before.text.split()):,}"),
        ("desk.compare.images", str(now.html.count("<img")), str(before.html.count("<img"))),
        ("desk.compare.links", str(now.html.count("<a ")), str(before.html.count("<a "))),
        ("desk.compare.people", f"{now.people:,}", f"{before.people:,}"),
    )
    return tuple(
        ComparedRow(catalog.text(key), this, that, this != that) for key, this, that in sides
    )


def outcomes(done: Sequence[ProofSent], catalog: Catalog) -> tuple[str, ...]:
    """Say what became of a test send."""
    return tuple(
        catalog.text("desk.test.failed", edition=proof.edition.seq, why=proof.problem)
        if proof.problem
        else catalog.text("desk.test.sent", edition=proof.edition.seq, address=proof.address)
        for proof in done
    )
