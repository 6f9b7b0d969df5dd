"""A collected, extracted piece."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from subscribers.model import AUTHOR, slug


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote it, and in which capacity, as the byline says."""

    name: str
    role: str = ""
    org: str = ""


def author_tags(authors: Iterable[Author]) -> tuple[str, ...]:
    """Return the tags by which subscribers follow the authors of an article."""
    found = (slug(f"{AUTHOR}{author.name}") for author in authors)
    return tuple(dict.fromkeys(tag for tag in found if tag))


@dataclass(frozen=True, slots=True)
class Section:
    """A heading (None for the text before the first) and its paragraphs, marks untouched."""

    heading: str | None
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Footnote:
    """A note at the end; `url` is empty when it names none."""

    n: int
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Translation:
    """The same article in another language, as an `hreflang` link of the page or the sitemap says."""

    lang: str
    url: str


@dataclass(frozen=True, slots=True)
class Image:
    """The lead image; `alt` is what the page says it shows, `caption` the line below it, with credit."""

    url: str
    alt: str = ""
    width: int | None = None
    height: int | None = None
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was recovered from one document; `provenance` says where each field came from.

    `takeaways` are only ever the author's own. `published` is None when the document holds no
    date; `date_guessed` marks one that was inferred. `teaser` is the page's or feed's own
    description, empty when it has none worth printing; `feed_teaser` is the feed's if the page has another.
    """

    title: str
    url: str = ""
    kicker: str = ""
    authors: tuple[Author, ...] = ()
    published: date | None = None
    published_at: datetime | None = None
    date_guessed: bool = False
    topics: tuple[str, ...] = ()
    takeaways_label: str = ""
    takeaways: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    footnotes: tuple[Footnote, ...] = ()
    author_bio: str = ""
    teaser: str = ""
    feed_teaser: str = ""
    image: Image | None = None
    lang: str = ""
    direction: Literal["ltr", "rtl"] = "ltr"
    translations: tuple[Translation, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> int:
        """Count the words of the body (characters / 2 for scripts without spaces)."""
        text = " ".join(p for section in self.sections for p in section.paragraphs)
        if self.lang[:2] in {"ja", "zh"}:
            return len(text) // 2
        return len(text.split())


@dataclass(frozen=True, slots=True)
class ArticleKey:
    """One thing by which an article is known again: `kind` is url, guid, text, file or alternate."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Article:
    """A stored article: what was extracted, and what the database knows about it.

    `state` is `new` (eligible), `seen` (already there at the first collection), `gone` (taken off
    its site) or `hidden` (by staff).
    Translations of one article share `translation_group`.
    """

    id: int
    source: str
    state: Literal["new", "seen", "gone", "hidden"]
    revision: int
    first_seen_at: datetime
    changed_at: datetime | None
    translation_group: int | None
    content: Extracted


def plain(content: Extracted) -> dict[str, Any]:
    """Turn extracted content into what a JSON column holds."""
    values = asdict(content)
    values["published"] = content.published.isoformat() if content.published else None
    values["published_at"] = content.published_at.isoformat() if content.published_at else None
    return values


def restored(values: Mapping[str, Any]) -> Extracted:
    """Turn what a JSON column holds back into extracted content."""
    published, at, image = values["published"], values["published_at"], values["image"]
    return Extracted(
        **{
            **values,
            "authors": tuple(Author(**author) for author in values["authors"]),
            "published": date.fromisoformat(published) if published else None,
            "published_at": datetime.fromisoformat(at) if at else None,
            "topics": tuple(values["topics"]),
            "takeaways": tuple(values["takeaways"]),
            "sections": tuple(
                Section(section["heading"], tuple(section["paragraphs"]))
                for section in values["sections"]
            ),
            "footnotes": tuple(Footnote(**footnote) for footnote in values["footnotes"]),
            "image": Image(**image) if image else None,
            "translations": tuple(
                Translation(**translation) for translation in values["translations"]
            ),
        }
    )
