"""What a pre-flight check found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Level = Literal["block", "warn", "note"]

CHECKS: Mapping[str, Level] = {
    "nothing to print": "block",
    "audience": "block",
    "postal address": "block",
    "unsubscribe": "block",
    "leftovers": "block",
    "links": "block",
    "clipped": "block",
    "styles": "block",
    "text part": "block",
    "contrast": "block",
    "misspelled tag": "block",
    "size": "warn",
    "insecure links": "warn",
    "broken links": "warn",
    "accessibility": "warn",
    "alt text": "warn",
    "images": "warn",
    "raw marks": "warn",
    "sponsor": "warn",
    "subject": "warn",
    "opening": "warn",
    "outdated": "warn",
    "printed before": "warn",
    "segment": "warn",
    "uncovered": "warn",
    "suggestions": "note",
    "carried over": "note",
}
"""Every check and how grave it is unless the publisher's policy says otherwise."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know before an issue leaves.

    `check` is the check's key in the policy, `says` a whole sentence that ends with what to do,
    `where` the edition or item it was seen in (empty for the issue).
    """

    check: str
    level: Level
    says: str
    where: str = ""


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that stop an approval."""
    return [finding for finding in findings if finding.level == "block"]
