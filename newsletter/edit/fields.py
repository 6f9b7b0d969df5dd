"""The texts of an item that staff can change, each as one line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from newsletter.edit.operations import Draft
from newsletter.model import byline
from newsletter.model.article import Image
from newsletter.model.issue import Item, corrected


@dataclass(frozen=True, slots=True)
class TextConflict:
    """A text that someone else changed in another way since the editor saw it."""

    name: str
    theirs: str
    yours: str


_NO_IMAGE = Image("")
LINES: Mapping[str, Callable[[Item], str]] = {
    "kicker": lambda item: item.kicker,
    "title": lambda item: item.title,
    "authors": lambda item: byline.written(item.authors),
    "date": lambda item: item.published[:10],
    "topics": lambda item: "; ".join(item.topics),
    "teaser": lambda item: item.teaser.text,
    "image": lambda item: (item.image or _NO_IMAGE).url,
    "alt": lambda item: (item.image or _NO_IMAGE).alt,
    "caption": lambda item: (item.image or _NO_IMAGE).caption,
    "link": lambda item: item.link_text,
}
"""How each correctable field of an item is written, takeaways aside."""
ITEM_TEXTS = (
    *("kicker", "title", "authors", "date", "topics"),
    *("teaser", "takeaways", "link", "image", "alt", "caption"),
)
"""The texts of an item in the order of a form."""


def printed(item: Item, name: str) -> str:
    """Return a text as the issue prints it."""
    return LINES[name](corrected(item))


def uncorrected(item: Item, name: str) -> str:
    """Return what a text is when its correction is reverted."""
    others = {key: value for key, value in item.corrections.items() if key != name}
    return LINES[name](corrected(replace(item, corrections=others)))


def texts_of(draft: Draft, item: Item | None = None) -> dict[str, str]:
    """Return the texts that an editor can change: of an item, or of the issue."""
    if item is None:
        return {"subject": draft.subject, "preheader": draft.preheader, "note": draft.note}
    takeaways = "\n".join(corrected(item).takeaways.items)
    return {name: takeaways if name == "takeaways" else printed(item, name) for name in ITEM_TEXTS}


def same_text(first: str, second: str) -> bool:
    """Return whether two texts print the same; forms change line ends and outer spaces."""
    return first.split() == second.split() and _lines(first) == _lines(second)


def _lines(text: str) -> int:
    return len(text.strip().splitlines())
