"""What a collection brought, source by source, in values and in words."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["collected", "unchanged", "failed", "not due"]


@dataclass(frozen=True, slots=True)
class Collected:
    """An article that a source brought; `verdict` is new, changed, enriched, same or seen."""

    article_id: int
    title: str
    verdict: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class SourceReport:
    """How the collection of one source went.

    `skipped` names each thing that was there and not taken, with the reason; `notes` says what
    else a person should know.
    """

    source: str
    outcome: Outcome
    articles: tuple[Collected, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    found: int = 0
    seconds: float = 0.0

    def count(self, verdict: str) -> int:
        """Count the articles with a verdict."""
        return sum(one.verdict == verdict for one in self.articles)

    @property
    def new(self) -> int:
        """Count the new articles."""
        return self.count("new")

    @property
    def failed(self) -> bool:
        """Say whether the source itself could not be read."""
        return self.outcome == "failed"

    @property
    def says(self) -> str:
        """Say in one line how it went."""
        if self.outcome == "failed":
            return self.problem
        if self.outcome == "unchanged":
            return "unchanged since the last check"
        if self.outcome == "not due":
            return "not due yet"
        parts = [f"{self.new} new"]
        parts += [f"{n} {word}" for word in ("changed", "enriched") if (n := self.count(word))]
        if same := self.count("same"):
            parts.append(f"{same} known already")
        if seen := self.count("seen"):
            parts.append(f"{seen} that were there before, marked as seen")
        if self.skipped:
            parts.append(f"{len(self.skipped)} not taken")
        return ", ".join((*parts, *self.notes))


@dataclass(frozen=True, slots=True)
class CollectReport:
    """How a collection went, in the order of the configuration."""

    sources: tuple[SourceReport, ...] = ()

    @property
    def new(self) -> int:
        """Count the new articles of all sources."""
        return sum(one.new for one in self.sources)

    @property
    def failed(self) -> tuple[SourceReport, ...]:
        """Return the sources that could not be read."""
        return tuple(one for one in self.sources if one.failed)
