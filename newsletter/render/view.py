"""What the templates see: frozen values, every text ready to print, every address checked."""

from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.model.article import Extracted
from newsletter.model.publication import Newsletter, Publication
from newsletter.render.palette import Palette
from newsletter.render.words import Catalogues, Words


@dataclass(frozen=True, slots=True)
class TextLocale:
    """How a piece of text is marked: language, direction, alignment and the class of its script."""

    lang: str
    dir: str
    align: str
    script: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An image above a headline; `width` is at most the measure."""

    url: str
    alt: str
    width: int


@dataclass(frozen=True, slots=True)
class ItemView:
    """One article as it is printed in full."""

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
    href: str
    link: str


@dataclass(frozen=True, slots=True)
class HeadlineView:
    """One article under "Also published"."""

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
    """A run of text, and the number of the footnote that follows it (empty for none)."""

    text: str
    mark: str


@dataclass(frozen=True, slots=True)
class SectionView:
    """A heading (possibly empty) and its paragraphs."""

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
class BlockView:
    """An extra of staff."""

    heading: str
    paragraphs: tuple[str, ...]
    href: str
    link: str
    image: Picture | None


@dataclass(frozen=True, slots=True)
class PublicationView:
    """What is the same in every mail of a publication: its names, colours, fonts and footer."""

    name: str
    site: str
    logo: str
    logo_alt: str
    serif: str
    sans: str
    light: Palette
    dark: Palette
    footer: tuple[str, ...]
    postal_line: str


@dataclass(frozen=True, slots=True)
class IssueView:
    """One edition of an issue, ready for its templates."""

    locale: TextLocale
    publication: PublicationView
    title: str
    number: str
    date: str
    subject: str
    preheader: str
    note: tuple[str, ...]
    note_text: tuple[str, ...]
    contents: tuple[str, ...]
    items: tuple[ItemView, ...]
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
    """Everything about an edition that is not the issue: the house, its words, the nonce.

    `texts` holds the articles whose whole text is printed (the letter layout), by id. Dates of
    `year`, the issue's own, are printed without it.
    """

    publication: Publication
    newsletter: Newsletter
    catalogues: Catalogues
    nonce: str
    texts: Mapping[int, Extracted]
    year: int = 0

    @property
    def words(self) -> Words:
        """The words of the newsletter's language."""
        return self.catalogues.of(self.newsletter.language, self.publication.language)


MEASURE = 528
