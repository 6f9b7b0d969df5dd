"""Read robots.txt (RFC 9309): groups, longest match, `*` and `$`."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

LARGEST = 500_000
"""Bytes. RFC 9309 asks for at least 500 KiB."""
MOST_RULES, MOST_AGENTS, LONGEST_LINE, LONGEST_PATH = 2000, 500, 2000, 4000
LONGEST_DELAY = 10.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A path pattern, cut at its wildcards, with its written length."""

    length: int
    allows: bool
    parts: tuple[str, ...]
    to_the_end: bool = False

    def matches(self, path: str) -> bool:
        """Match the parts from left to right, each at its first place: linear, without a regex."""
        first, *rest = self.parts
        if not path.startswith(first):
            return False
        at = len(first)
        if self.to_the_end and rest:
            *rest, last = rest
        else:
            last = ""
        for part in rest:
            at = path.find(part, at)
            if at < 0:
                return False
            at += len(part)
        if not self.to_the_end:
            return True
        return (
            path.endswith(last) and len(path) - len(last) >= at
            if len(self.parts) > 1
            else at == len(path)
        )


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules that apply to us."""

    rules: tuple[Rule, ...] = ()
    delay: float = 0.0

    def allows(self, url: str) -> bool:
        """Return whether `url` may be fetched. The longest pattern decides; a tie allows."""
        parts = urlsplit(url)
        path = _normal(parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        path = path[:LONGEST_PATH]
        matching = ((rule.length, rule.allows) for rule in self.rules if rule.matches(path))
        return max(matching, default=(0, True))[1]


EVERYTHING = Robots()
NOTHING = Robots((Rule(1, allows=False, parts=("/",)),))


def read_robots(raw: bytes, agent: str) -> Robots:
    """Read the group for `agent` (a product name), or else the group for every agent."""
    mine: list[tuple[str, str]] = []
    general: list[tuple[str, str]] = []
    open_groups: list[list[tuple[str, str]]] = []
    naming = named = False
    agents = 0
    for field, value in _lines(raw):
        if field == "user-agent":
            agents += 1
            if not naming:
                open_groups = []
            naming = True
            ours = value != "*" and bool(value) and value.lower() in agent.lower()
            named = named or ours
            group = mine if ours else general
            if (ours or value == "*") and not any(group is known for known in open_groups):
                open_groups.append(group)
        else:
            naming = False
            for group in open_groups:
                group.append((field, value))
        if agents > MOST_AGENTS:
            break
    return _robots(mine if named else general)


def _lines(raw: bytes) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for line in raw[:LARGEST].decode("utf-8-sig", "replace").splitlines():
        field, colon, value = line[:LONGEST_LINE].partition("#")[0].partition(":")
        if colon:
            found.append((field.strip().lower(), value.strip()))
    return found


def _robots(lines: list[tuple[str, str]]) -> Robots:
    rules: list[Rule] = []
    delay = 0.0
    for field, value in lines:
        if field in {"allow", "disallow"} and value and len(rules) < MOST_RULES:
            rules.append(_rule(value, allows=field == "allow"))
        elif field == "crawl-delay" and re.fullmatch(r"\d{1,4}(\.\d{1,9})?", value):
            delay = min(float(value), LONGEST_DELAY)
    return Robots(tuple(rules), delay)


def _rule(value: str, *, allows: bool) -> Rule:
    ends = value.endswith("$")
    parts = [_normal(part) for part in value.removesuffix("$").split("*")]
    # Several wildcards in a row are one.
    inner = [part for part in parts[1:-1] if part]
    kept = [parts[0], *inner, parts[-1]] if len(parts) > 1 else parts
    return Rule(len(value), allows, tuple(kept), to_the_end=ends)


def _normal(path: str) -> str:
    return quote(unquote(path), safe="/:@!$&'()*+,;=~-._?")
