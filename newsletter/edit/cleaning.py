"""Bound and clean what staff write, or refuse what cannot be printed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from newsletter.errors import NotAllowed
from newsletter.model import prose
from newsletter.model.issue import Block
from newsletter.model.subjects import SubjectTest
from newsletter.model.text import bounded, web_address
from subscribers.phrase import Phrase

LONGEST = {"subject": 160, "preheader": 200, "title": 300, "teaser": 1000, "image": 2000}
LONGEST_LINE = 240
"""The greatest length of the other texts."""
LEAST_SHARE, MOST_SHARE = 2, 90
"""In percent of the recipients."""
MINUTE, MOST_PATIENCE = timedelta(minutes=1), timedelta(days=7)
LONGEST_HEADING = 300
LONGEST_TAKEAWAY = 600
_LONGEST: Mapping[str, int] = {
    **LONGEST,
    "heading": LONGEST_HEADING,
    "takeaways": LONGEST_TAKEAWAY,
    "note": prose.LONGEST_PROSE,
    "text": prose.LONGEST_PROSE,
}
_PARTS: Mapping[str, Callable[[str], list[str]]] = {
    "takeaways": str.splitlines,
    "topics": lambda text: text.split(";"),
}
"""The texts whose parts are bounded, not the whole."""


def require_short(name: str, text: str) -> None:
    """Raise NotAllowed if only the beginning of a text of an issue, item or block is printed."""
    longest = _LONGEST.get(name, LONGEST_LINE)
    parts = _PARTS[name](text) if name in _PARTS else [text]
    is_prose = longest == prose.LONGEST_PROSE
    length = max((len(part if is_prose else bounded(part, len(part))) for part in parts), default=0)
    if length > longest:
        msg = Phrase(
            "{name}: this text has {length:,} characters; at most {longest:,} are printed",
            name=name,
            length=length,
            longest=longest,
        )
        raise NotAllowed(msg)


def clean_test(test: SubjectTest) -> SubjectTest:
    """Return a test of two subjects that can be made; raise NotAllowed."""
    if not LEAST_SHARE <= test.share <= MOST_SHARE:
        msg = Phrase(
            "the share is {share}%; expected {least}% to {most}%",
            share=test.share,
            least=LEAST_SHARE,
            most=MOST_SHARE,
        )
        raise NotAllowed(msg)
    if not MINUTE <= test.decide_after <= MOST_PATIENCE:
        msg = Phrase(
            "the decision is due after {decide_after}; expected one minute to seven days",
            decide_after=test.decide_after,
        )
        raise NotAllowed(msg)
    return replace(test, subject=bounded(test.subject, LONGEST["subject"]))


def clean_block(block: Block) -> Block:
    """Return a block that can be printed; raise NotAllowed."""
    heading = bounded(block.heading, LONGEST_HEADING)
    name = f"block “{heading}”"
    if block.url and not web_address(block.url):
        msg = Phrase(
            "The link of the {name} leads to “{url}”; use https://….", name=name, url=block.url
        )
        raise NotAllowed(msg)
    if block.image and not web_address(block.image).startswith("https://"):
        msg = Phrase(
            "The image of the {name} is at “{image}”; use https://….", name=name, image=block.image
        )
        raise NotAllowed(msg)
    return replace(
        block,
        heading=heading,
        text=clean_prose(block.text, name),
        link_text=bounded(block.link_text, LONGEST_LINE),
        image_alt=bounded(block.image_alt, LONGEST_LINE),
    )


def clean_prose(text: str, name: str) -> str:
    """Return text that staff wrote in Markdown; refuse links and images that cannot be printed."""
    if found := prose.problems(text):
        msg = Phrase("The {name} cannot be printed. {found}", name=name, found=" ".join(found))
        raise NotAllowed(msg)
    return prose.clean(text)


def require_printable(article_id: int, name: str, line: str) -> None:
    """Raise NotAllowed if a text cannot be printed as a headline, a date or an image."""
    if name == "title" and not line:
        msg = Phrase(
            "article {article_id} needs a headline; revert it to print the article's own",
            article_id=article_id,
        )
        raise NotAllowed(msg)
    if name == "date" and line and not _is_date(line):
        msg = Phrase(
            "the date of article {article_id} is “{line}”; expected YYYY-MM-DD",
            article_id=article_id,
            line=line,
        )
        raise NotAllowed(msg)
    if name == "image" and line and not web_address(line):
        msg = Phrase(
            "the image of article {article_id} is at “{line}”; use https://…",
            article_id=article_id,
            line=line,
        )
        raise NotAllowed(msg)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
