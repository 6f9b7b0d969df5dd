"""What a pre-flight check found, and which of it staff waived."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from newsletter.model.actor import Actor

Level = Literal["block", "warn", "note", "waived"]

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
    "audience size": "warn",
    "teaser": "warn",
    "note marks": "warn",
    "unsubscribe page": "warn",
    "sender domain": "warn",
    "opening": "warn",
    "outdated": "warn",
    "printed before": "warn",
    "segment": "warn",
    "uncovered": "warn",
    "suggestions": "note",
    "carried over": "note",
    "not checked": "note",
}
"""Every check and how grave it is unless the publisher's policy says otherwise."""


class PlaceKind(StrEnum):
    """Where a finding can be settled; the number of a place is that of its edition or article."""

    ISSUE = "issue"
    EDITION = "edition"
    ARTICLE = "article"
    TEXTS = "texts"
    AUDIENCE = "audience"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class IssuePlace:
    """The place in an issue that a finding is about; `number` is 0 where one is not needed."""

    kind: PlaceKind = PlaceKind.ISSUE
    number: int = 0


THE_ISSUE = IssuePlace()


@dataclass(frozen=True, slots=True)
class Waiver:
    """A warning that a person decided to accept; `mark` identifies what the check had found."""

    mark: str
    check: str
    reason: str
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know before an issue leaves.

    `check` is the check's key in the policy, `says` a whole sentence that ends with what to do,
    `where` the edition or item it was seen in (empty for the issue). `found` lists everything that
    the check found, if the sentence names only examples. `waiver` is set if the level is `waived`.
    """

    check: str
    level: Level
    says: str
    where: str = ""
    place: IssuePlace = THE_ISSUE
    found: tuple[str, ...] = ()
    waiver: Waiver | None = None

    @property
    def mark(self) -> str:
        """Return what identifies this finding: it changes with everything that the check found."""
        parts = (self.check, self.says, *sorted(self.found))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that stop an approval."""
    return [finding for finding in findings if finding.level == "block"]


def waive(findings: Iterable[Finding], waivers: Iterable[Waiver]) -> list[Finding]:
    """Return the findings with the waived warnings marked, and last."""
    known = {waiver.mark: waiver for waiver in waivers}
    marked = [
        replace(finding, level="waived", waiver=known[finding.mark])
        if finding.level == "warn" and finding.mark in known
        else finding
        for finding in findings
    ]
    return sorted(marked, key=lambda finding: finding.level == "waived")
