"""The values that templates see: frozen, every text ready to print, every address checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from newsletter.model.article import Extracted
from newsletter.model.article_address import ArticleSigner
from newsletter.model.issue import Issue
from newsletter.model.picture import StoredPicture
from newsletter.model.publication import Newsletter, Publication
from newsletter.render.catalog import Catalog, Catalogs
from newsletter.render.palette import Palette
from newsletter.render.utm import Tags


@dataclass(frozen=True, slots=True)
class TextLocale:
    """The language, direction and alignment of a text, and the CSS class of its script."""

    lang: str
    dir: str
    align: str
    script: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An image, its size in pixels as printed, and the line below it.

    The size is 0 if it is unknown; then the image is printed at its own size, if there is room.
    `limit` is the width to which it may grow on a phone.
    """

    url: str
    alt: str
    width: int
    height: int
    limit: int
    caption: str = ""


@dataclass(frozen=True, slots=True)
class ItemView:
    """An article that is printed in full, and the blocks that follow it.

    `narrow` is its image as it fits in a column.
    """

    locale: TextLocale
    label_locale: TextLocale
    number: int
    topics: tuple[str, ...]
    title: str
    authors: str
    by: str
    role: str
    meta: tuple[str, ...]
    teaser: str
    label: str
    takeaways: tuple[str, ...]
    image: Picture | None
    narrow: Picture | None
    href: str
    link: str
    why: str
    why_text: str
    why_label: str
    blocks: tuple["BlockView", ...] = ()


@dataclass(frozen=True, slots=True)
class PartView:
    """A section of an issue; `title` is empty above the first one.

    `rows` are the same items for two columns: the lead of the issue, and each item with blocks
    after it, end a row.
    """

    title: str
    items: tuple[ItemView, ...]
    rows: tuple[tuple[ItemView, ...], ...]


@dataclass(frozen=True, slots=True)
class HeadlineView:
    """An article under "Also published"."""

    locale: TextLocale
    title: str
    href: str
    meta: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoteView:
    """A footnote of a letter."""

    n: int
    text: str
    href: str


@dataclass(frozen=True, slots=True)
class RunView:
    """A piece of text, and the number of the footnote after it (empty for none)."""

    text: str
    mark: str


@dataclass(frozen=True, slots=True)
class SectionView:
    """A heading, which may be empty, and its paragraphs."""

    heading: str
    paragraphs: tuple[tuple[RunView, ...], ...]


@dataclass(frozen=True, slots=True)
class LetterView:
    """The whole text of the lead article."""

    sections: tuple[SectionView, ...]
    notes: tuple[NoteView, ...]
    about_author: str
    about_label: str
    notes_label: str
    link: str


@dataclass(frozen=True, slots=True)
class SpanView:
    """A piece of staff's text with one style; `href` is empty unless it is a link."""

    text: str
    bold: bool
    italic: bool
    href: str


@dataclass(frozen=True, slots=True)
class ProseView:
    """A part of staff's text; `kind` is paragraph, list, numbered, image or signature.

    `lines` are those of a paragraph or signature, or the points of a list. `texts` are the same
    lines for the text part, with the address after each link.
    """

    kind: str
    lines: tuple[tuple[SpanView, ...], ...]
    texts: tuple[str, ...]
    image: Picture | None


@dataclass(frozen=True, slots=True)
class BlockView:
    """A block that staff added; `label` marks an advertisement and is empty otherwise."""

    label: str
    heading: str
    parts: tuple[ProseView, ...]
    href: str
    link: str
    image: Picture | None


@dataclass(frozen=True, slots=True)
class PublicationView:
    """What all emails of a publication share: its name, colors, fonts and footer."""

    name: str
    site: str
    logo: str
    logo_dark: str
    logo_width: int
    logo_alt: str
    serif: str
    sans: str
    light: Palette
    dark: Palette
    footer: tuple[str, ...]
    postal_line: str


@dataclass(frozen=True, slots=True)
class IssueView:
    """An edition of an issue, ready for the templates.

    `correction` says which issue it corrects, and is empty otherwise.
    """

    locale: TextLocale
    publication: PublicationView
    title: str
    number: str
    date: str
    subject: str
    preheader: str
    correction: str
    note: tuple[ProseView, ...]
    note_text: tuple[ProseView, ...]
    contents: tuple[str, ...]
    items: tuple[ItemView, ...]
    parts: tuple[PartView, ...]
    headlines: tuple[HeadlineView, ...]
    blocks: tuple[BlockView, ...]
    letter: LetterView | None
    read: str
    read_text: str
    preferences: str
    preferences_text: str
    unsubscribe: str
    unsubscribe_text: str


@dataclass(frozen=True, slots=True)
class RenderContext:
    """What rendering an edition needs besides the issue: publication, newsletter, words, nonce.

    `texts` contains the articles, by id, whose whole text is printed (layout "letter"). Dates in
    `year`, the year of the issue, are printed without the year. `articles` signs the addresses of
    articles that have no page elsewhere. `utm` is added to the addresses of the others. `language`
    is the edition's, empty for the newsletter's. `pictures` holds what is known about images, by
    address. `corrects` is the issue that a correction corrects.
    """

    publication: Publication
    newsletter: Newsletter
    catalogs: Catalogs
    nonce: str
    texts: Mapping[int, Extracted]
    articles: ArticleSigner
    year: int = 0
    utm: Tags = ()
    language: str = ""
    pictures: Mapping[str, StoredPicture] = field(default_factory=dict)
    corrects: Issue | None = None

    @property
    def catalog(self) -> Catalog:
        """Return the catalog of the edition's language, else of the newsletter's."""
        return self.catalogs.of(self.frame, self.publication.language)

    @property
    def frame(self) -> str:
        """Return the language of the texts around the articles: the edition's if it has a catalog."""
        has_own = self.language and self.catalogs.has(self.language)
        return self.language if has_own else self.newsletter.language
