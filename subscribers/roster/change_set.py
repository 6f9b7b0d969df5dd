"""What an import does, counted, with examples."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from subscribers.roster.deciding import Change
from subscribers.roster.reading import ListFile
from subscribers.roster.row import RefusedRow
from subscribers.roster.statuses import RowStatus

EXAMPLES = 5
REFUSALS = 20
STATUSES = 50
RENAMED = 50


@dataclass(frozen=True, slots=True)
class Example:
    """A row to look at, and what happens with it."""

    row: int
    address: str
    words: str


@dataclass(slots=True)
class Outcomes:
    """What happens with the rows of a list, or of a chunk of one."""

    counts: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Example]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    def rename(self, tags: Iterable[tuple[str, str]]) -> None:
        """Note (name, slug) of tags whose usual slug belongs to a tag with another name."""
        for name, slug in tags:
            if len(self.renamed) < RENAMED:
                self.renamed.setdefault(name, slug)

    def add(self, change: Change) -> None:
        """Count one row."""
        self.counts[change.outcome] += 1
        if change.withheld:
            self.withheld.update(change.withheld)
        kept = self.examples.setdefault(change.outcome, [])
        if len(kept) < (REFUSALS if change.outcome == "refused" else EXAMPLES):
            row = change.row
            kept.append(Example(row.number, row.address.text, change.describe()))

    def refuse(self, row: RefusedRow) -> None:
        """Count a row that cannot be read."""
        self.counts["refused"] += 1
        kept = self.examples.setdefault("refused", [])
        if len(kept) < REFUSALS:
            kept.append(Example(row.number, row.address[:100], row.reason))


@dataclass(slots=True, kw_only=True)
class ChangeSet(Outcomes):
    """The changes of an import; `id` is 0 until it has a number."""

    listing: ListFile
    id: int = 0
    statuses: Counter[str] = field(default_factory=Counter)

    def count(self, status: RowStatus) -> None:
        """Count what the status columns of a row say, such as “have emails disabled”."""
        for cause in status.causes:
            if cause in self.statuses or len(self.statuses) < STATUSES:
                self.statuses[cause] += 1
