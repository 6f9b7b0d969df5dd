"""Checks of an issue as a whole: its items, its audience, its colours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from newsletter.model.finding import CHECKS, Finding
from newsletter.model.issue import Issue, IssueKind, Item
from newsletter.model.publication import Publication
from newsletter.render.palette import ENOUGH, Palette, contrast, dark, light

_CARRIED = "carries over"


@dataclass(frozen=True, slots=True)
class IssueFacts:
    """What is known of an issue besides its bytes.

    `people` get an edition; `nothing` follow topics on which there is nothing; `lost` would need
    an edition that was too rare. `repeated` and `outdated` are article ids.
    """

    people: int
    nothing: int
    lost: int
    repeated: Sequence[int] = ()
    outdated: Sequence[int] = ()


def check(
    issue: Issue, items: Sequence[Item], publication: Publication, facts: IssueFacts
) -> Iterator[Finding]:
    """Yield what staff should know of the issue before it leaves."""
    printed = [one for one in items if one.included]
    if not printed and not (issue.note or issue.blocks):
        yield _finding("nothing to print", "The issue holds no item and no note; put something in.")
    yield from _audience(issue, facts)
    yield from _items(items, facts)
    yield from _colours(publication)


def _finding(name: str, says: str, where: str = "") -> Finding:
    return Finding(name, CHECKS[name], says, where)


def _audience(issue: Issue, facts: IssueFacts) -> Iterator[Finding]:
    if not facts.people and issue.kind is not IssueKind.CORRECTION:
        yield _finding(
            "audience",
            "Nobody would get this issue; look at the segment and the topics with"
            " `newsletter segment`.",
        )
    if facts.lost:
        yield _finding(
            "uncovered",
            f"{facts.lost:,} people follow a set of topics so rare that no edition fits; raise"
            " max_editions.",
        )
    if facts.nothing:
        says = f"For {facts.nothing:,} people there is nothing on the topics they follow."
        yield _finding("carried over", says)


def _items(items: Sequence[Item], facts: IssueFacts) -> Iterator[Finding]:
    titles = {one.article_id: one.title for one in items}
    for article in facts.repeated:
        yield _finding(
            "printed before", f"“{titles[article]}” was in an earlier issue; exclude it."
        )
    for article in facts.outdated:
        yield _finding(
            "outdated",
            f"The source has changed “{titles[article]}” since it was laid out; edit the issue to"
            " print the new text.",
        )
    waiting = [
        one
        for one in items
        if one.included and one.suggested.items and "takeaways" not in one.corrections
    ]
    if waiting:
        have = "1 item has" if len(waiting) == 1 else f"{len(waiting)} items have"
        says = f"{have} suggested takeaways that nobody has accepted or refused."
        yield _finding("suggestions", says)
    over = sum(_CARRIED in one.reason for one in items if not one.included)
    if over:
        carry = (
            "1 article did not fit and carries"
            if over == 1
            else f"{over} articles did not fit and carry"
        )
        yield _finding("carried over", f"{carry} over.")


def _colours(publication: Publication) -> Iterator[Finding]:
    for name, scheme in (("day", light(publication.brand)), ("night", dark(publication.brand))):
        for words, colour, on in _pairs(scheme):
            ratio = contrast(colour, on)
            if ratio < ENOUGH:
                yield _finding(
                    "contrast",
                    f"By {name}, the {words} has a contrast of {ratio:.1f}; {ENOUGH} is the least"
                    " that can be read. Change [brand] in newsletter.toml.",
                )


def _pairs(scheme: Palette) -> Iterator[tuple[str, str, str]]:
    yield "text on paper", scheme.ink, scheme.paper
    yield "small text on paper", scheme.soft, scheme.paper
    yield "accent on paper", scheme.accent, scheme.paper
    yield "text on the takeaways box", scheme.ink, scheme.tint
