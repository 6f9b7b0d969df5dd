"""Report which articles readers get in another language than the one they chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.model.edition import one_of_each_pair
from newsletter.model.issue import Item, corrected
from newsletter.model.languages import main_language
from newsletter.model.publication import Newsletter
from newsletter.render.catalog import language_name

MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Fallback:
    """The articles without a version in a language, and how many people chose it.

    `titles` are the first few, `articles` is how many there are, `whole` whether that is every
    article of the issue. `instead` is the language of most of them.
    """

    language: str
    people: int
    titles: tuple[str, ...]
    articles: int
    whole: bool
    instead: str

    def sentence(self) -> str:
        """Return the sentence that staff read."""
        chosen, instead = language_name(self.language), language_name(self.instead)
        readers = "1 subscriber gets" if self.people == 1 else f"{self.people:,} subscribers get"
        if self.whole:
            return f"Nothing in this issue is in {chosen}; {readers} {instead} instead."
        named = ", ".join(f"“{title}”" for title in self.titles)
        more = f" and {self.articles - len(self.titles):,} more"
        rest = more if self.articles > len(self.titles) else ""
        return f"No {chosen} version of {named}{rest}; {readers} {instead}."


def fallbacks(
    items: Sequence[Item], newsletter: Newsletter, languages: Mapping[str, int]
) -> list[Fallback]:
    """Return a fallback for each language, by how many people chose it, that is not complete."""
    included = [item for item in items if item.included]
    found = []
    for language, people in sorted(languages.items()):
        if language in {"", main_language(newsletter.language)}:
            continue
        printed = one_of_each_pair(included, language, newsletter.language)
        missing = [
            corrected(item) for item in printed if main_language(item.lang) not in {language, ""}
        ]
        if missing:
            spoken = [main_language(item.lang) for item in missing]
            found.append(
                Fallback(
                    language,
                    people,
                    titles=tuple(item.title for item in missing[:MOST_NAMED]),
                    articles=len(missing),
                    whole=len(missing) == len(printed),
                    instead=max(spoken, key=spoken.count),
                )
            )
    return found
