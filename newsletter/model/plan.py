"""Which editions of an issue are rendered when readers want too many different ones."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from newsletter.model.edition import Contents
from newsletter.model.publication import Newsletter


@dataclass(frozen=True, slots=True)
class Plan:
    """Which contents are rendered, how many people get each, and how many get another one instead.

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

    A subset is in the same language and prints nothing in full that was not wanted, and nowhere an
    article that the subscriber muted or has had. Where headlines show the rest anyway
    (`followed-first`), a subscriber who wants all and whom no subset fits takes the first of the
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
        articles = dict.fromkeys(
            article
            for contents in ordered
            for part in (contents.items, contents.headlines)
            for article in part
        )
        self._bits = {article: 1 << place for place, article in enumerate(articles)}
        self._masks: dict[str, list[tuple[int, int, Contents]]] = {}
        for contents in ordered:
            masks = self._mask(contents.items), self._mask(contents.headlines)
            self._masks.setdefault(contents.language, []).append((*masks, contents))
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
        in_full = self._mask(wanted.items)
        anywhere = in_full | self._mask(wanted.headlines)
        fitting = (
            contents
            for full, short, contents in self._masks.get(wanted.language, ())
            if not (full & ~in_full or short & ~anywhere)
        )
        whole = self._otherwise.get(wanted.language)
        all_wanted = whole is not None and {*whole.items, *whole.headlines} <= {
            *wanted.items,
            *wanted.headlines,
        }
        return next(fitting, whole if all_wanted else None)
