"""The result of a collection, source by source."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["collected", "unchanged", "emptied", "failed", "not due", "not reached", "paused"]
_NOTHING = {
    "unchanged": "unchanged since the last check",
    "not due": "not due yet",
    "paused": "paused by staff",
    "not reached": "not reached in the time for this pass; it comes first in the next",
}
"""What a result without articles means."""


@dataclass(frozen=True, slots=True)
class Collected:
    """A collected article. `verdict` is new, changed, enriched, same or seen."""

    article_id: int
    title: str
    verdict: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class SourceReport:
    """The result of collecting a source.

    `skipped` lists everything that was not taken, with reasons. `without_page` lists the articles
    that were taken from the feed alone, with the reason. `notes` is what else staff should know.
    A source is `emptied` if it can be read, but no longer has any of its entries.
    """

    source: str
    outcome: Outcome
    articles: tuple[Collected, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    found: int = 0
    seconds: float = 0.0
    without_page: tuple[tuple[str, str], ...] = ()

    def count(self, verdict: str) -> int:
        """Count the articles with a verdict."""
        return sum(article.verdict == verdict for article in self.articles)

    @property
    def new(self) -> int:
        """Count the new articles."""
        return self.count("new")

    @property
    def failed(self) -> bool:
        """Return whether the source itself could not be read."""
        return self.outcome == "failed"

    @property
    def summary(self) -> str:
        """Describe the result in a line."""
        if self.outcome in {"failed", "emptied"}:
            return self.problem
        if self.outcome in _NOTHING:
            return _NOTHING[self.outcome]
        parts = [f"{self.new} new"]
        parts += [f"{n} {word}" for word in ("changed", "enriched") if (n := self.count(word))]
        if same := self.count("same"):
            parts.append(f"{same} already known")
        if seen := self.count("seen"):
            parts.append(f"{seen} older ones marked as seen")
        if self.without_page:
            parts.append(f"{len(self.without_page)} of them without their page")
        if self.skipped:
            parts.append(f"{len(self.skipped)} not taken")
        return ", ".join((*parts, *self.notes))


@dataclass(frozen=True, slots=True)
class CollectReport:
    """The result of a collection, in the order of the configuration."""

    sources: tuple[SourceReport, ...] = ()

    @property
    def new(self) -> int:
        """Count the new articles of all sources."""
        return sum(report.new for report in self.sources)

    @property
    def failed(self) -> tuple[SourceReport, ...]:
        """Return the sources that could not be read."""
        return tuple(report for report in self.sources if report.failed)
