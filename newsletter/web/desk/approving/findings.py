"""What the checks found, as the page shows it: each with its place, and what may be waived."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.model.finding import Finding, IssuePlace, PlaceKind
from newsletter.render.catalog import Catalog
from newsletter.render.reasons import explain

TONES = {"block": "bad", "warn": "warn", "note": "soft", "waived": "soft"}
LEVELS = {
    "block": "desk.check.block",
    "warn": "desk.check.warn",
    "note": "desk.check.note",
    "waived": "desk.check.waived",
}


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding; `href` is where it is settled, empty if that is not a page.

    `mark` is set if it can be waived, `waived` if it was: by whom, and why.
    """

    level: str
    tone: str
    says: str
    where: str
    href: str
    mark: str
    waived: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the checks found, and who would be left out."""

    findings: tuple[FindingRow, ...]
    excluded: tuple[tuple[str, int], ...] = ()


def check_result(
    issue_id: int,
    findings: Sequence[Finding],
    catalog: Catalog,
    excluded: Mapping[str, int] | None = None,
) -> CheckResult:
    """Return what the checks found for the page."""
    return CheckResult(
        tuple(_row(issue_id, finding, catalog) for finding in findings),
        tuple((explain(reason, catalog), number) for reason, number in (excluded or {}).items()),
    )


def _row(issue_id: int, finding: Finding, catalog: Catalog) -> FindingRow:
    waiver = finding.waiver
    return FindingRow(
        level=catalog.text(LEVELS[finding.level]),
        tone=TONES[finding.level],
        says=finding.says,
        where=finding.where,
        href=place_of(issue_id, finding.place),
        mark=finding.mark if finding.level == "warn" else "",
        waived=f"{waiver.actor.label}: {waiver.reason}" if waiver else "",
    )


def place_of(issue_id: int, place: IssuePlace) -> str:
    """Return the page on which a finding can be settled; empty for the configuration."""
    path = f"/issues/{issue_id}"
    match place.kind:
        case PlaceKind.EDITION:
            return f"{path}/preview?edition={place.number or 1}"
        case PlaceKind.ARTICLE:
            return f"{path}/edit#article-{place.number}"
        case PlaceKind.AUDIENCE:
            return f"{path}/audience"
        case PlaceKind.SETTINGS:
            return ""
        case PlaceKind.TEXTS | PlaceKind.ISSUE:
            return f"{path}/edit"
