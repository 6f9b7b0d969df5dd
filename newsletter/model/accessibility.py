"""What was checked so that everyone can read an issue, and with which result."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RuleResult:
    """A rule, on how many editions it was checked, and its problems; none means that it passed."""

    rule: str
    editions: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """The results of all rules for the editions that `content_hash` identifies."""

    content_hash: str
    results: tuple[RuleResult, ...]
    checked_at: datetime | None = None

    @property
    def passed(self) -> int:
        """Return how many rules have no problem."""
        return sum(not result.problems for result in self.results)

    @property
    def summary(self) -> str:
        """Return the result in one line."""
        failed = [result.rule for result in self.results if result.problems]
        named = f"; not: {', '.join(failed)}" if failed else ""
        return f"{self.passed} of {len(self.results)} accessibility rules passed{named}"


def merged(
    content_hash: str, pages: Sequence[dict[str, tuple[str, ...]]], checked_at: datetime | None
) -> Audit:
    """Return the audit of an issue from the problems of each edition by rule."""
    rules = list(pages[0]) if pages else []
    results = (
        RuleResult(
            rule,
            len(pages),
            tuple(dict.fromkeys(problem for page in pages for problem in page[rule])),
        )
        for rule in rules
    )
    return Audit(content_hash, tuple(results), checked_at)
