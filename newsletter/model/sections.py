"""Order the items of an edition by the sections of its newsletter."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from newsletter.model.issue import Item
from newsletter.model.publication import Department

TOP = -1
"""The place of items above all sections: pinned ones, and those that no section takes."""


def place_of(item: Item, sections: Sequence[Department]) -> int:
    """Return the number of the first section that takes an item, from 0, or TOP."""
    if item.pinned:
        return TOP
    tags = set(item.tags)
    takers = (
        number
        for number, section in enumerate(sections)
        if tags & set(section.topics) or item.source in section.sources
    )
    return next(takers, TOP)


def with_shared_tags(items: Sequence[Item]) -> list[Item]:
    """Give each item the tags and the pin of its translations, so that all have one section."""
    groups: dict[int, list[Item]] = {}
    for item in items:
        if item.translation_group is not None and item.included:
            groups.setdefault(item.translation_group, []).append(item)
    shared = []
    for item in items:
        pair = groups.get(item.translation_group or TOP, [item])
        tags = tuple(dict.fromkeys(tag for version in pair for tag in version.tags))
        shared.append(replace(item, tags=tags, pinned=any(version.pinned for version in pair)))
    return shared


def within_limits(
    items: Sequence[Item], sections: Sequence[Department], most: int
) -> tuple[list[Item], list[Item]]:
    """Return the items that are printed in full, at most `most`, and the others.

    Those that staff want in full come before the limits: the others get the room that is left.
    """
    full: list[Item] = []
    over: list[Item] = []
    wanted = [item for item in items if item.form == "full"]
    places = {item.article_id: place_of(item, sections) for item in items}
    free = most - len(wanted)
    taken = Counter(places[item.article_id] for item in wanted)
    for item in items:
        place = places[item.article_id]
        limit = sections[place].most if place != TOP else 0
        crowded = free <= 0 or (limit and taken[place] >= limit)
        if item.form == "full":
            full.append(item)
        elif item.form == "headline" or crowded:
            over.append(item)
        else:
            free -= 1
            full.append(item)
            taken[place] += 1
    return full, over


def by_section(
    items: Sequence[Item], sections: Sequence[Department]
) -> list[tuple[str, list[Item]]]:
    """Group items by section in printed order; empty sections are left out.

    The first group, without a title, are the items above all sections. An undated item leads only
    if it is pinned: otherwise the first dated one is printed above it, and above the sections.
    """
    places = [TOP, *range(len(sections))]
    groups = {
        place: [item for item in items if place_of(item, sections) == place] for place in places
    }
    lead = next((item for place in places for item in groups[place]), None)
    if lead is not None and not (lead.published or lead.pinned):
        dated = next((item for item in items if item.published), None)
        if dated is not None:
            for group in groups.values():
                group[:] = [item for item in group if item is not dated]
            groups[TOP].insert(0, dated)
    return [
        (sections[place].title if place != TOP else "", groups[place])
        for place in places
        if groups[place]
    ]
