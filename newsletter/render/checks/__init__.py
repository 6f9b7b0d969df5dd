"""Pre-flight checks: pure, and the same for pages, the command line and cron.

Each check yields findings with a default level; `apply_policy` applies the publisher's own levels.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from newsletter.model.finding import Finding, Level

_LEVELS: Mapping[str, Level | None] = {"block": "block", "warn": "warn", "off": None}
_MOST_SERIOUS_FIRST = ("block", "warn", "note")


def apply_policy(policy: Mapping[str, str], findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings with the publisher's levels, most serious first; `off` drops a check."""
    kept = []
    for finding in findings:
        level = _LEVELS.get(policy.get(finding.check, ""), finding.level)
        if level is not None:
            kept.append(replace(finding, level=level))
    return sorted(kept, key=lambda finding: _MOST_SERIOUS_FIRST.index(finding.level))
