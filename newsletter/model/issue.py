"""One dated number of a newsletter, and the articles in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Any, Literal

from newsletter.model.actor import Actor
from newsletter.model.article import Author, Image, author_tags
from newsletter.model.byline import authors_of
from newsletter.model.states import EDITABLE, IssueState
from newsletter.model.subjects import Arm, SubjectTest
from subscribers.model import AUTHOR, Frequency
from subscribers.phrase import Phrase

NOTHING_NEW = Phrase("nothing new to print")
"""Why an issue was skipped for which there was no article."""
TOO_FEW = Phrase("there are too few new articles")
"""Why a draft waits for a person, also under automatic approval."""


class IssueKind(StrEnum):
    """Regular issues follow the cadence; the others have a slot of their own."""

    REGULAR = "regular"
    SPECIAL = "special"
    CORRECTION = "correction"
    DIGEST = "digest"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Text:
    """A printed text and where it came from.

    `origin` is `author`, `description`, `body`, `extracted`, `staff` or `feed`; `detail` is what a
    person reads beside it ("sentences 4, 18 and 40 of the text").
    """

    text: str
    origin: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Takeaways:
    """The key points as printed; `origin` is `author`, `extracted`, `staff` or empty for none."""

    items: tuple[str, ...] = ()
    origin: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """An extra that staff put into an issue: an event, a notice; `url` and `image` may be empty."""

    heading: str
    text: str
    url: str = ""
    link_text: str = ""
    image: str = ""
    image_alt: str = ""
    sponsor: bool = False
    after: int = 0


ItemDecision = Literal["", "out", "later", "never"]
ItemForm = Literal["", "full", "headline"]
"""How staff want an item printed wherever it is; empty leaves it to each edition."""


@dataclass(frozen=True, slots=True)
class Item:
    """An article's place in an issue, with everything that is printed there.

    `included` False means: a candidate that was left out, for `reason`. `suggested` holds
    extracted takeaways that staff have not accepted; they are never printed. The fields say what
    the article says; `corrections` (keys of CORRECTABLE) what staff made of it, and `corrected`
    lays one over the other. `tags` are the slugs by which a subscriber follows the item.
    `alternatives` are other teasers that staff can choose. `decision` is what staff decided about an
    item that is left out: `out` of this issue, `later`, or `never` in this newsletter. `link_text`
    is empty unless staff set it.
    """

    article_id: int
    position: int
    included: bool
    reason: str
    title: str
    url: str
    kicker: str
    authors: tuple[Author, ...]
    published: str
    topics: tuple[str, ...]
    lang: str
    direction: str
    minutes: int
    teaser: Text
    takeaways: Takeaways
    suggested: Takeaways = Takeaways()
    image: Image | None = None
    pinned: bool = False
    source: str = ""
    translation_group: int | None = None
    revision: int = 1
    corrections: Mapping[str, object] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    alternatives: tuple[Text, ...] = ()
    decision: ItemDecision = ""
    link_text: str = ""
    form: ItemForm = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue's row; times are aware UTC, `nominal` is the slot's local wall time.

    `test` is set if two subjects are tested; `winner` is A or B once the rest gets its subject.
    With reader time, `due_at` is when the first readers get it, `reader_time` the local time at which
    each of them does, and `ends_at` when the last ones do; else these two are empty.
    """

    id: int
    newsletter: str
    number: int
    kind: IssueKind
    state: IssueState
    reason: str
    nominal: str
    due_at: datetime
    subject: str
    preheader: str
    note: str
    blocks: tuple[Block, ...]
    approved_hash: str
    approved_by: Actor | None
    approved_at: datetime | None
    leaves_at: datetime | None
    corrects_issue_id: int | None
    drafted_at: datetime
    submitted_at: datetime | None
    created_by: Actor
    frozen_at: datetime | None = None
    test: SubjectTest | None = None
    winner: Arm | None = None
    reader_time: str = ""
    ends_at: datetime | None = None

    def printed_as(self, arm: Arm | None) -> "Issue":
        """Return the issue with the subject of an arm."""
        if self.test is None or arm is not Arm.B:
            return self
        return replace(self, subject=self.test.subject)

    @property
    def decides_at(self) -> datetime | None:
        """Return when the rest gets the first subject; None before the freeze or without a test."""
        if self.test is None or self.frozen_at is None:
            return None
        last = self.frozen_at if self.ends_at is None else max(self.frozen_at, self.ends_at)
        return last + self.test.decide_after

    def day(self, zone: tzinfo) -> date:
        """Return the date that is printed: the slot's, or the day on which a correction was drafted."""
        if self.kind is IssueKind.CORRECTION:
            return self.due_at.astimezone(zone).date()
        return date.fromisoformat(self.nominal[:10])

    @property
    def digest(self) -> Frequency | None:
        """Return the frequency of the subscribers whom a digest is for; None for other issues."""
        if self.kind is not IssueKind.DIGEST:
            return None
        return Frequency(self.nominal.rpartition(" ")[2])

    @property
    def editable(self) -> bool:
        """Whether staff may still change what is printed (an approval is voided by it)."""
        return self.state in EDITABLE


CORRECTABLE = (
    "kicker",
    "title",
    "authors",
    "date",
    "topics",
    "teaser",
    "takeaways",
    "image",
    "alt",
    "caption",
    "link",
)
EXTRACTED = "takeaways extracted"
"""Beside corrected takeaways: where in the text they stand, None if staff wrote them."""
TAGS = "tags"
"""Beside corrected topics: the slugs by which subscribers follow them."""


def corrected(item: Item) -> Item:
    """Return the item as it is printed: staff corrections laid over what the article says."""
    made = item.corrections
    if not made:
        return item
    changes: dict[str, Any] = {
        field: convert(made[name]) for name, (field, convert) in _CHANGED.items() if name in made
    }
    if "teaser" in made:
        text = str(made["teaser"])
        chosen = (other for other in item.alternatives if other.text == text)
        changes["teaser"] = next(chosen, Text(text, "staff"))
    if "takeaways" in made:
        changes["takeaways"] = _from_staff(_lines(made["takeaways"]), item)
    if "authors" in changes or TAGS in made:
        topics = (tag for tag in changes.get("tags", item.tags) if not tag.startswith(AUTHOR))
        changes["tags"] = (*topics, *author_tags(changes.get("authors", item.authors)))
    return replace(item, **changes, image=_image(item.image, made))


def _lines(value: object) -> tuple[str, ...]:
    return tuple(str(line) for line in value) if isinstance(value, list | tuple) else ()


_CHANGED: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "kicker": ("kicker", str),
    "title": ("title", str),
    "authors": ("authors", lambda line: authors_of(str(line))),
    "date": ("published", str),
    "topics": ("topics", _lines),
    TAGS: ("tags", _lines),
    "link": ("link_text", str),
}
"""Which field of an item each correction changes, and how the stored value becomes its value."""


def _image(own: Image | None, made: Mapping[str, object]) -> Image | None:
    """Return the image that staff chose; the article's description does not fit another image."""
    chosen = Image(str(made["image"])) if made.get("image") else None
    image = chosen if "image" in made else own
    if image is None:
        return None
    alt, caption = made.get("alt", image.alt), made.get("caption", image.caption)
    return replace(image, alt=str(alt), caption=str(caption))


def _from_staff(lines: tuple[str, ...], item: Item) -> Takeaways:
    """Return what staff chose; sentences of the text stay what they are: extracted."""
    detail = item.corrections.get(EXTRACTED)
    if lines and detail is not None:
        return Takeaways(lines, "extracted", str(detail))
    return Takeaways(lines, "staff" if lines else "")
