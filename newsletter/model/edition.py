"""An issue rendered for one distinct set of items, and who gets which set."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from newsletter.model.issue import Item, corrected
from newsletter.model.languages import main_language
from newsletter.model.publication import Newsletter
from newsletter.model.sections import by_section, within_limits
from newsletter.model.subjects import Arm
from subscribers.model import MUTE


@dataclass(frozen=True, slots=True)
class Edition:
    """Frozen bytes with placeholders; `hash` covers subject, preheader, html and text.

    `items` are the article ids printed in full, `headlines` those under "Also published", both in
    printed order. `people` is how many would get it when it was last counted. `language` is that of
    the texts around the articles, empty for the newsletter's. `arm` is A or B if two subjects are
    tested: editions of both have the same contents. `rendered_from` are the hashes of the
    configuration, templates and program that rendered it and that decided which editions there are.
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
    arm: Arm | None = None

    @property
    def contents(self) -> "Contents":
        """Return what is printed."""
        return Contents(self.items, self.headlines, self.language)


class Taste(NamedTuple):
    """What one subscriber wants of an issue, as bits in the order of a Chooser.

    `follows` and `mutes` are tags; None as `follows` means following no topic, which means all of
    them. `language` is the one that the subscriber chose. `had` are the places of the articles that
    the subscriber has received before.
    """

    follows: int | None
    mutes: int = 0
    language: str = ""
    had: int = 0


EVERYTHING = Taste(None)


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


def by_contents(editions: Iterable[Edition], arm: Arm | None = None) -> dict[Contents, Edition]:
    """Return the edition of each contents: of a test of two subjects, the one of `arm`, else of A."""
    unwanted = Arm.A if arm is Arm.B else Arm.B
    return {edition.contents: edition for edition in editions if edition.arm is not unwanted}


def followable(items: Iterable[Item]) -> tuple[str, ...]:
    """Return every tag by which some included item can be followed, sorted."""
    return tuple(sorted({tag for item in items if item.included for tag in item.tags}))


class Chooser:
    """Chooses the contents of an edition; compiled once per issue, then one step per follower.

    Tags are bits in the order of `asked`, so that a million followers cost a few integer
    operations each; `choose` is the same in words. The tags by which the items can be followed come
    first in `asked`, and the tags that mute them follow in the same order. `languages` are those
    that an edition can have: the newsletter's (empty), and every other that a translation in the
    issue is in.
    """

    def __init__(self, items: Sequence[Item], newsletter: Newsletter) -> None:
        """Take the issue's items; those left out and doubled translations play no part."""
        printed = (corrected(item) for item in items if item.included)
        ordered = sorted(printed, key=lambda item: item.position)
        kept = one_of_each_pair(ordered, newsletter.language)
        self.tags = followable(kept)
        self.asked = (*self.tags, *(f"{MUTE}{tag}" for tag in self.tags))
        self.languages = ("", *_translated_into(ordered, newsletter.language))
        bit = {tag: 1 << place for place, tag in enumerate(self.tags)}
        self._items = {item.article_id: item for item in kept}
        self._pinned = {item.article_id for item in kept if item.pinned}
        self._full = {item.article_id for item in kept if item.form == "full"}
        self._short = {item.article_id for item in kept if item.form == "headline"}
        self._masks = [(item.article_id, sum(bit[tag] for tag in set(item.tags))) for item in kept]
        self.places = {article: place for place, (article, _) in enumerate(self._masks)}
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
        self.places |= {other: self.places[article] for other, article in self.originals().items()}
        self._everything = self._cut([article for article, _ in self._masks])

    def taste(self, tags: Iterable[str], *, topics: bool, language: str = "") -> Taste:
        """Return the taste of a subscriber with these tags; `topics` if they follow any topic."""
        places = {tag: place for place, tag in enumerate(self.asked)}
        bits = sum({1 << places[tag] for tag in tags if tag in places})
        return self.taste_of(bits, topics=topics, language=language)

    def taste_of(self, bits: int, *, topics: bool, language: str = "", had: int = 0) -> Taste:
        """Return the taste of a subscriber who has the tags of `asked` whose bits are set."""
        follows = bits & ((1 << len(self.tags)) - 1)
        return Taste(follows if topics or follows else None, bits >> len(self.tags), language, had)

    def language(self, chosen: str) -> str:
        """Return the language of the edition for a subscriber who chose this one."""
        wanted = main_language(chosen)
        return wanted if wanted in self._versions else ""

    def choose(self, taste: Taste) -> Contents | None:
        """Return what a subscriber gets, or None if that is nothing.

        A muted tag takes an item out, even if another of its tags is followed. Where all get the
        `same`, only what a subscriber has had before is left out. Pinned items always stay. An
        article that has no version in the chosen language is printed in the newsletter's.
        """
        chosen, language = self._chosen(taste), self.language(taste.language)
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
        found = (self.choose(Taste(None, language=language)) for language in self.languages)
        return tuple(contents for contents in found if contents is not None)

    def originals(self) -> dict[int, int]:
        """Return the version in the newsletter's language of each translation."""
        return {
            other: article
            for version in self._versions.values()
            for article, other in version.items()
            if other != article
        }

    def _chosen(self, taste: Taste) -> Contents | None:
        same = self._content == "same"
        mutes = 0 if same else taste.mutes
        left = [
            (article, mask)
            for place, (article, mask) in enumerate(self._masks)
            if article in self._pinned or not (mask & mutes or taste.had >> place & 1)
        ]
        if taste.follows is None or same:
            complete = len(left) == len(self._masks)
            return self._everything if complete else self._cut([article for article, _ in left])
        return self._followed(left, taste.follows)

    def _followed(self, left: Sequence[tuple[int, int]], follows: int) -> Contents | None:
        strict = self._content == "followed"
        always = self._pinned if strict else self._pinned | self._full
        wanted = [article for article, mask in left if mask & follows or article in always]
        if strict:
            return self._only(wanted)
        taken = set(wanted)
        rest = [article for article, _ in left if article not in taken]
        missing = max(0, self._limits.min - self._count(wanted))
        filling = [article for article in rest if article not in self._short][:missing]
        others = [article for article in rest if article not in filling]
        return self._cut([*wanted, *filling], others)

    def _count(self, articles: Sequence[int]) -> int:
        """Return how many of these articles can be printed in full."""
        return sum(article not in self._short for article in articles)

    def _only(self, wanted: list[int]) -> Contents | None:
        count = self._count(wanted)
        if count < self._limits.min or not count:
            return None
        return self._printed(wanted)

    def _cut(self, first: list[int], rest: Sequence[int] = ()) -> Contents | None:
        count = self._count(first)
        if min(count, self._limits.max) < self._limits.min or not count:
            return None
        printed = self._printed(first)
        return Contents(printed.items, (*printed.headlines, *rest))

    def _printed(self, wanted: Sequence[int]) -> Contents:
        """Divide articles into those in full, in the order of the sections, and headlines."""
        lead, most = self._items[wanted[0]], self._limits.max
        plain = not (self._sections or self._full or self._short)
        if plain and (lead.published or lead.pinned):
            return Contents(tuple(wanted[:most]), tuple(wanted[most:]))
        items = [self._items[article] for article in wanted]
        full, over = within_limits(items, self._sections, most)
        printed = (item for _, group in by_section(full, self._sections) for item in group)
        return Contents(
            tuple(item.article_id for item in printed), tuple(item.article_id for item in over)
        )


def choose(
    items: Sequence[Item],
    follows: frozenset[str] | None,
    newsletter: Newsletter,
    mutes: Iterable[str] = (),
) -> Contents | None:
    """Return what a subscriber who follows these tags gets; None follows nothing: everything."""
    chooser = Chooser(items, newsletter)
    tags = {*(follows or ()), *(f"{MUTE}{tag}" for tag in mutes)}
    return chooser.choose(chooser.taste(tags, topics=follows is not None))


def one_of_each_pair(items: Sequence[Item], *languages: str) -> list[Item]:
    """Keep one item of each translation pair: in the first of `languages` that it has, else the first.

    The one that stays is followed by the tags of all, takes the place of the first of them, and is
    printed in the form that staff chose for any of them.
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
        form = next((version.form for version in (best, *pair) if version.form), best.form)
        kept.append(replace(best, tags=tags, position=item.position, pinned=pinned, form=form))
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
