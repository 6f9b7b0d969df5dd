"""Pre-flight checks: pure, the same for the page, the command line and cron.

Each check yields findings with its own level; `policy` lays the publisher's policy over them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from newsletter.model.finding import Finding, Level

_LEVELS: Mapping[str, Level | None] = {"block": "block", "warn": "warn", "off": None}
_GRAVEST = ("block", "warn", "note")


def apply_policy(policy: Mapping[str, str], findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings under the publisher's policy, the gravest first; `off` hides a check."""
    kept = []
    for one in findings:
        level = _LEVELS.get(policy.get(one.check, ""), one.level)
        if level is not None:
            kept.append(replace(one, level=level))
    return sorted(kept, key=lambda one: _GRAVEST.index(one.level))
