"""An issue rendered for one distinct set of items, and who gets which set."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

from newsletter.model.issue import Item, corrected
from newsletter.model.languages import main_language
from newsletter.model.publication import Newsletter
from newsletter.model.sections import by_section, within_limits


@dataclass(frozen=True, slots=True)
class Edition:
    """Frozen bytes with placeholders; `hash` covers subject, preheader, html and text.

    `items` are the article ids printed in full, `headlines` those under "Also published", both in
    printed order. `people` is how many would get it when it was last counted. `language` is that of
    the texts around the articles, empty for the newsletter's. `rendered_from` is the hash of the configuration, templates and program that rendered it.
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
    language: str = ""

    @property
    def contents(self) -> "Contents":
        """Return what is printed."""
        return Contents(self.items, self.headlines, self.language)


class Contents(NamedTuple):
    """The article ids of one edition, printed in full and as headlines, and its language.

    The language is empty for the newsletter's.
    """

    items: tuple[int, ...]
    headlines: tuple[int, ...] = ()
    language: str = ""


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
    operations each; `choose` is the same in words. `languages` are those that an edition can have:
    the newsletter's (empty), and every other that a translation in the issue is in.
    """

    def __init__(self, items: Sequence[Item], newsletter: Newsletter) -> None:
        """Take the issue's items; those left out and doubled translations play no part."""
        printed = (corrected(item) for item in items if item.included)
        ordered = sorted(printed, key=lambda item: item.position)
        kept = one_of_each_pair(ordered, newsletter.language)
        self.tags = followable(kept)
        self.languages = ("", *_translated_into(ordered, newsletter.language))
        bit = {tag: 1 << place for place, tag in enumerate(self.tags)}
        self._items = {item.article_id: item for item in kept}
        self._pinned = {item.article_id for item in kept if item.pinned}
        self._masks = [(item.article_id, sum(bit[tag] for tag in set(item.tags))) for item in kept]
        self._limits = newsletter.items
        self._sections = newsletter.sections
        self._content = newsletter.content
        self._versions = {
            language: {
                item.article_id: version.article_id
                for item, version in zip(
                    kept, one_of_each_pair(ordered, language, newsletter.language), strict=True
                )
            }
            for language in self.languages[1:]
        }
        self._everything = self._cut([article for article, _ in self._masks])

    def mask(self, follows: Iterable[str]) -> int:
        """Return the bits of the followed tags; a tag that no item has counts nothing."""
        places = {tag: place for place, tag in enumerate(self.tags)}
        return sum({1 << places[tag] for tag in follows if tag in places})

    def language(self, chosen: str) -> str:
        """Return the language of the edition for a subscriber who chose this one."""
        wanted = main_language(chosen)
        return wanted if wanted in self._versions else ""

    def choose(self, follows: int | None, language: str = "") -> Contents | None:
        """Return what a subscriber with these bits gets, or None if that is nothing.

        None as `follows` means following no topic at all, which means everything. `language` is
        the one that the subscriber chose; an article that has no version in it is printed in the
        newsletter's.
        """
        chosen, language = self._chosen(follows), self.language(language)
        if chosen is None or not language:
            return chosen
        version = self._versions[language]
        return Contents(
            tuple(version[article] for article in chosen.items),
            tuple(version[article] for article in chosen.headlines),
            language,
        )

    def everything(self) -> tuple[Contents, ...]:
        """Return what subscribers who follow no topic get, one for each language, if anything."""
        found = (self.choose(None, language) for language in self.languages)
        return tuple(contents for contents in found if contents is not None)

    def originals(self) -> dict[int, int]:
        """Return the version in the newsletter's language of each translation."""
        return {
            other: article
            for version in self._versions.values()
            for article, other in version.items()
            if other != article
        }

    def _chosen(self, follows: int | None) -> Contents | None:
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
        return self._printed(wanted)

    def _cut(self, first: list[int], rest: Sequence[int] = ()) -> Contents | None:
        if min(len(first), self._limits.max) < self._limits.min or not first:
            return None
        printed = self._printed(first)
        return Contents(printed.items, (*printed.headlines, *rest))

    def _printed(self, wanted: Sequence[int]) -> Contents:
        """Divide articles into those in full, in the order of the sections, and headlines."""
        lead, most = self._items[wanted[0]], self._limits.max
        if not self._sections and (lead.published or lead.pinned):
            return Contents(tuple(wanted[:most]), tuple(wanted[most:]))
        items = (self._items[article] for article in wanted)
        full, over = within_limits(items, self._sections, most)
        printed = (item for _, group in by_section(full, self._sections) for item in group)
        return Contents(
            tuple(item.article_id for item in printed), tuple(item.article_id for item in over)
        )


def choose(
    items: Sequence[Item], follows: frozenset[str] | None, newsletter: Newsletter
) -> Contents | None:
    """Return what a subscriber who follows these tags gets; None follows nothing: everything."""
    chooser = Chooser(items, newsletter)
    return chooser.choose(None if follows is None else chooser.mask(follows))


def one_of_each_pair(items: Sequence[Item], *languages: str) -> list[Item]:
    """Keep one item of each translation pair: in the first of `languages` that it has, else the first.

    The one that stays is followed by the tags of all, and takes the place of the first of them.
    """
    pairs = _pairs(items)
    kept: list[Item] = []
    for item in items:
        pair = pairs.get(item.translation_group or -1, [item])
        if pair[0] is not item:
            continue
        versions = {main_language(version.lang): version for version in reversed(pair)}
        wanted = (versions.get(main_language(language)) for language in languages)
        best = next((version for version in wanted if version), item)
        tags = tuple(dict.fromkeys(tag for version in pair for tag in version.tags))
        pinned = any(version.pinned for version in pair)
        kept.append(replace(best, tags=tags, position=item.position, pinned=pinned))
    return kept


def _pairs(items: Iterable[Item]) -> dict[int, list[Item]]:
    pairs: dict[int, list[Item]] = {}
    for item in items:
        if item.translation_group is not None:
            pairs.setdefault(item.translation_group, []).append(item)
    return pairs


def _translated_into(items: Iterable[Item], own: str) -> list[str]:
    """Return the languages, other than the newsletter's own, that pairs have a version in."""
    pairs = (pair for pair in _pairs(items).values() if len(pair) > 1)
    found = {main_language(version.lang) for pair in pairs for version in pair}
    return sorted(found - {main_language(own), ""})


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


def plan(
    wanted: Mapping[Contents, int],
    everything: Sequence[Contents],
    newsletter: Newsletter,
    originals: Mapping[int, int] = MappingProxyType({}),
) -> Plan:
    """Bound the number of editions: the rarest sets take their largest available subset.

    `everything` holds the contents for subscribers who follow no topic, the newsletter's language
    first. Other languages that someone wants keep theirs, too. Beyond the bound, where only
    followed items are printed, an edition for each single item is kept in reserve, so that every
    subscriber who follows something gets something.
    """
    ranked = sorted(wanted, key=lambda contents: (-wanted[contents], contents))
    limit = max(1, newsletter.max_editions)
    spoken = {contents.language for contents in ranked}
    first, *others = everything
    whole = [first, *(contents for contents in others if contents.language in spoken)]
    own = [contents for contents in ranked if contents != first]
    crowded = len({*whole, *own}) > limit
    reserve = _singles(own)[: limit // 2] if crowded and newsletter.content == "followed" else []
    kept = list(dict.fromkeys([*whole, *reserve, *own]))[:limit]
    people = Counter({contents: wanted.get(contents, 0) for contents in kept})
    homes = Subsets(kept, newsletter, originals)
    lost = folded = 0
    rare = [contents for contents in own if contents not in people]
    for contents in rare:
        home = homes.of(contents)
        if home is None:
            lost += wanted[contents]
        else:
            folded += wanted[contents]
            people[home] += wanted[contents]
    used = [contents for contents in kept if contents in whole or people[contents]]
    order = sorted(used, key=lambda contents: _place(contents, whole, people[contents]))
    return Plan(tuple((contents, people[contents]) for contents in order), len(rare), folded, lost)


def _place(contents: Contents, whole: Sequence[Contents], people: int) -> tuple[int, int, Contents]:
    """Sort the editions that hold everything first, in their order, then the most wanted."""
    return (whole.index(contents) if contents in whole else len(whole), -people, contents)


def _singles(wanted: Iterable[Contents]) -> list[Contents]:
    """Return an edition for each single item, the most frequent first."""
    seen = Counter(
        Contents((article,), (), contents.language)
        for contents in wanted
        for article in contents.items
    )
    return [contents for contents, _ in seen.most_common()]


class Subsets:
    """Finds the rendered contents that a subscriber gets: the same, else the largest subset.

    A subset is in the same language and prints nothing in full that was not wanted. Where headlines
    show the rest anyway (`followed-first`), a subscriber whom no subset fits takes the first of the
    language, which holds everything. A language without a fitting edition takes the newsletter's:
    `originals` maps the articles of the other languages to those in the newsletter's.
    """

    def __init__(
        self,
        rendered: Sequence[Contents],
        newsletter: Newsletter,
        originals: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        """Take the rendered contents in the order of their editions."""
        self._rendered = frozenset(rendered)
        self._originals = originals
        ordered = sorted(rendered, key=lambda contents: -len(contents.items))
        articles = dict.fromkeys(article for contents in ordered for article in contents.items)
        self._bits = {article: 1 << place for place, article in enumerate(articles)}
        self._masks: dict[str, list[tuple[int, Contents]]] = {}
        for contents in ordered:
            mask = self._mask(contents.items)
            self._masks.setdefault(contents.language, []).append((mask, contents))
        strict = newsletter.content == "followed"
        # Backwards, so that the first of each language is kept.
        whole = {} if strict else {contents.language: contents for contents in reversed(rendered)}
        self._otherwise = whole

    def _mask(self, articles: Iterable[int]) -> int:
        return sum(self._bits.get(article, 0) for article in articles)

    def of(self, wanted: Contents) -> Contents | None:
        """Return what a subscriber who wants this gets, or None if nothing rendered fits."""
        found = self._within(wanted)
        if found is not None or not wanted.language:
            return found
        original = self._originals
        return self._within(
            Contents(
                tuple(original.get(article, article) for article in wanted.items),
                tuple(original.get(article, article) for article in wanted.headlines),
            )
        )

    def _within(self, wanted: Contents) -> Contents | None:
        if wanted in self._rendered:
            return wanted
        outside = ~self._mask(wanted.items)
        in_language = self._masks.get(wanted.language, ())
        fitting = (contents for mask, contents in in_language if not mask & outside)
        return next(fitting, self._otherwise.get(wanted.language))
