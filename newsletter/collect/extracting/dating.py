"""Decide when an article was published, where its statements disagree, and flag every guess."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from newsletter.collect.extracting.head import Head
from newsletter.collect.extracting.metadata import Metadata
from newsletter.collect.text.dates import When

NEAR = timedelta(days=1)
"""Two statements of the same day may differ by their time zones."""
Dated = tuple[When, str]


def published(
    meta: Metadata, head: Head, marked: When | None, guess: Callable[[], When | None]
) -> tuple[When | None, str, bool]:
    """Return the date, its origin, and whether it is a guess.

    `marked` is the date that the markup around the title states.
    """
    stated = list(meta.whens)
    if marked:
        stated.append((marked, "markup around the title"))
    if head.when and head.when_certain:
        stated.append((head.when, "below the title"))
    if stated:
        when, origin = _chosen(stated, meta.modified)
        return when, origin, False
    if head.when:
        return head.when, "near the title (guessed)", True
    guessed = guess()
    return guessed, "htmldate (guessed)" if guessed else "", guessed is not None


def _chosen(stated: Sequence[Dated], modified: When | None) -> Dated:
    """Return the first statement that another one confirms, or else the most reliable one.

    Some templates write the day of the last change, or of the request, as the day of publication.
    Such a date is later than another statement, and the same as that of the change.
    """
    for number, (when, origin) in enumerate(stated):
        if any(_agree(when, other) for other, _ in stated[number + 1 :]):
            return when, origin
    first = stated[0]
    earlier = [dated for dated in stated if dated[0].day < first[0].day]
    if modified and earlier and _agree(first[0], modified):
        return earlier[0]
    return first


def _agree(one: When, other: When) -> bool:
    return abs(one.day - other.day) <= NEAR
