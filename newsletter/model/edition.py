"""An issue rendered for one distinct set of items, and who gets which set."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from newsletter.model.issue import Item
from newsletter.model.publication import Newsletter


@dataclass(frozen=True, slots=True)
class Edition:
    """Frozen bytes with placeholders; `hash` covers subject, preheader, html and text.

    `items` are the article ids printed in full, `headlines` those under "Also published", both in
    printed order. `people` is how many would get it when it was last counted.
    `rendered_from` is the hash of the configuration, templates and program that rendered it.
    """

    id: int
    issue_id: int
    seq: int
    items: tuple[int, ...]
    headlines: tuple[int, ...]
    nonce: str
    subject: str
    preheader: str
    html: str
    text: str
    hash: str
    people: int
    rendered_from: str = ""


class Contents(NamedTuple):
    """The article ids of one edition: printed in full, and as headlines."""

    items: tuple[int, ...]
    headlines: tuple[int, ...] = ()


def edition_hash(subject: str, preheader: str, html: str, text: str) -> str:
    """Return the hash of an edition's bytes; parts are length-prefixed, so none can shift."""
    digest = hashlib.sha256()
    for part in (subject, preheader, html, text):
        raw = part.encode()
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()


def issue_hash(editions: Iterable[Edition]) -> str:
    """Return the hash that an approval is bound to: every edition's, in order."""
    parts = (f"{edition.seq}:{edition.hash}" for edition in editions)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def followable(items: Iterable[Item]) -> tuple[str, ...]:
    """Return every tag by which some included item can be followed, sorted."""
    return tuple(sorted({tag for item in items if item.included for tag in item.tags}))


class Chooser:
    """Chooses the contents of an edition; compiled once per issue, then one step per follower.

    Tags are bits in the order of `tags`, so that a million followers cost a few integer
    operations each; `choose` is the same in words.
    """

    def __init__(self, items: Sequence[Item], newsletter: Newsletter) -> None:
        """Take the issue's items; those left out and doubled translations play no part."""
        ordered = sorted((item for item in items if item.included), key=lambda item: item.position)
        kept = one_of_each_pair(ordered, newsletter.language)
        self.tags = followable(kept)
        bit = {tag: 1 << place for place, tag in enumerate(self.tags)}
        self._pinned = {item.article_id for item in kept if item.pinned}
        self._masks = [(item.article_id, sum(bit[tag] for tag in set(item.tags))) for item in kept]
        self._limits = newsletter.items
        self._content = newsletter.content
        self._everything = self._cut([article for article, _ in self._masks])

    def mask(self, follows: Iterable[str]) -> int:
        """Return the bits of the followed tags; a tag that no item has counts nothing."""
        places = {tag: place for place, tag in enumerate(self.tags)}
        return sum({1 << places[tag] for tag in follows if tag in places})

    def choose(self, follows: int | None) -> Contents | None:
        """Return what a subscriber with these bits gets, or None if that is nothing.

        None as `follows` means following no topic at all, which means everything.
        """
        if follows is None or self._content == "same":
            return self._everything
        wanted = [
            article for article, mask in self._masks if mask & follows or article in self._pinned
        ]
        if self._content == "followed":
            return self._only(wanted)
        taken = set(wanted)
        rest = [article for article, _ in self._masks if article not in taken]
        missing = max(0, self._limits.min - len(wanted))
        return self._cut([*wanted, *rest[:missing]], rest[missing:])

    def _only(self, wanted: list[int]) -> Contents | None:
        if len(wanted) < self._limits.min or not wanted:
            return None
        return Contents(tuple(wanted[: self._limits.max]), tuple(wanted[self._limits.max :]))

    def _cut(self, first: list[int], rest: Sequence[int] = ()) -> Contents | None:
        full, over = first[: self._limits.max], first[self._limits.max :]
        if len(full) < self._limits.min or not full:
            return None
        return Contents(tuple(full), (*over, *rest))


def choose(
    items: Sequence[Item], follows: frozenset[str] | None, newsletter: Newsletter
) -> Contents | None:
    """Return what a subscriber who follows these tags gets; None follows nothing: everything."""
    chooser = Chooser(items, newsletter)
    return chooser.choose(None if follows is None else chooser.mask(follows))


def one_of_each_pair(items: Sequence[Item], language: str) -> list[Item]:
    """Keep one item of each translation pair: in `language` first, else the first in order.

    The one that stays is followed by the tags of all, and takes the place of the first of them.
    """
    pairs: dict[int, list[Item]] = {}
    for item in items:
        if item.translation_group is not None:
            pairs.setdefault(item.translation_group, []).append(item)
    kept: list[Item] = []
    for item in items:
        pair = pairs.get(item.translation_group or -1, [item])
        if pair[0] is not item:
            continue
        best = next((version for version in pair if version.lang[:2] == language[:2]), item)
        tags = tuple(dict.fromkeys(tag for version in pair for tag in version.tags))
        pinned = any(version.pinned for version in pair)
        kept.append(replace(best, tags=tags, position=item.position, pinned=pinned))
    return kept


@dataclass(frozen=True, slots=True)
class Plan:
    """Which contents are rendered, with how many people each, and where everybody else went.

    The first is what a subscriber who follows nothing gets. `folded` counts the people of sets that
    were too rare for an edition of their own and take the largest subset that has one; `rare` is
    the number of those sets; `lost` counts the people for whom no edition fits.
    """

    contents: tuple[tuple[Contents, int], ...]
    rare: int = 0
    folded: int = 0
    lost: int = 0


def plan(wanted: Mapping[Contents, int], everything: Contents, newsletter: Newsletter) -> Plan:
    """Bound the number of editions: the rarest sets take their largest available subset.

    Beyond the bound, where only followed items are printed, an edition for each single item is
    kept in reserve, so that every subscriber who follows something gets something.
    """
    ranked = sorted(wanted, key=lambda one: (-wanted[one], one))
    limit = max(1, newsletter.max_editions)
    own = [contents for contents in ranked if contents != everything]
    crowded = len(own) + 1 > limit
    reserve = _singles(own)[: limit // 2] if crowded and newsletter.content == "followed" else []
    kept = list(dict.fromkeys([everything, *reserve, *own]))[:limit]
    people = Counter({contents: wanted.get(contents, 0) for contents in kept})
    homes = Subsets(kept, newsletter)
    lost = folded = 0
    rare = [contents for contents in own if contents not in people]
    for contents in rare:
        home = homes.of(contents)
        if home is None:
            lost += wanted[contents]
        else:
            folded += wanted[contents]
            people[home] += wanted[contents]
    used = [contents for contents in kept if contents == everything or people[contents]]
    order = [everything, *sorted(used[1:], key=lambda one: (-people[one], one))]
    return Plan(tuple((contents, people[contents]) for contents in order), len(rare), folded, lost)


def _singles(wanted: Iterable[Contents]) -> list[Contents]:
    """Return an edition for each single item, the most frequent first."""
    seen = Counter(article for contents in wanted for article in contents.items)
    return [Contents((article,)) for article, _ in seen.most_common()]


class Subsets:
    """Finds the rendered contents that a subscriber gets: the same, else the largest subset.

    A subset prints nothing in full that was not wanted. Where headlines show the rest anyway
    (`followed-first`), a subscriber whom no subset fits takes the first, which holds everything.
    """

    def __init__(self, rendered: Sequence[Contents], newsletter: Newsletter) -> None:
        """Take the rendered contents in the order of their editions."""
        self._rendered = frozenset(rendered)
        ordered = sorted(rendered, key=lambda one: -len(one.items))
        articles = dict.fromkeys(article for contents in ordered for article in contents.items)
        self._bits = {article: 1 << place for place, article in enumerate(articles)}
        self._masks = [(self._mask(contents.items), contents) for contents in ordered]
        strict = newsletter.content == "followed"
        self._otherwise = None if strict or not rendered else rendered[0]

    def _mask(self, articles: Iterable[int]) -> int:
        return sum(self._bits.get(article, 0) for article in articles)

    def of(self, wanted: Contents) -> Contents | None:
        """Return what a subscriber who wants this gets, or None if nothing rendered fits."""
        if wanted in self._rendered:
            return wanted
        outside = ~self._mask(wanted.items)
        fitting = (one for mask, one in self._masks if not mask & outside)
        return next(fitting, self._otherwise)
