"""Read robots.txt (RFC 9309): groups, longest match, `*` and `$`."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

LARGEST = 500_000
LONGEST_DELAY = 10.0


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules that apply to us: pattern length, allowed or not, and pattern."""

    rules: tuple[tuple[int, bool, re.Pattern[str]], ...] = ()
    delay: float = 0.0

    def allows(self, url: str) -> bool:
        """Return whether `url` may be fetched. The longest pattern decides; a tie allows."""
        parts = urlsplit(url)
        path = _normal(parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        best = max(
            ((length, allow) for length, allow, pattern in self.rules if pattern.match(path)),
            default=(0, True),
        )
        return best[1]


EVERYTHING = Robots()
NOTHING = Robots(((1, False, re.compile("/")),))


def read_robots(raw: bytes, agent: str) -> Robots:
    """Read the group for `agent` (a product name), or else the group for every agent."""
    groups: dict[str, list[tuple[str, str]]] = {}
    names: list[str] = []
    open_group = False
    for field, value in _lines(raw):
        if field == "user-agent":
            names = [*names, value.lower()] if open_group else [value.lower()]
            open_group = True
            groups.setdefault(value.lower(), [])
        else:
            open_group = False
            for name in names:
                groups[name].append((field, value))
    mine = [
        rule for name in groups if name != "*" and name in agent.lower() for rule in groups[name]
    ]
    named = any(name != "*" and name in agent.lower() for name in groups)
    return _robots(mine if named else groups.get("*", []))


def _lines(raw: bytes) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for line in raw[:LARGEST].decode("utf-8-sig", "replace").splitlines():
        field, colon, value = line.partition("#")[0].partition(":")
        if colon:
            found.append((field.strip().lower(), value.strip()))
    return found


def _robots(lines: list[tuple[str, str]]) -> Robots:
    rules: list[tuple[int, bool, re.Pattern[str]]] = []
    delay = 0.0
    for field, value in lines:
        if field in {"allow", "disallow"} and value:
            rules.append((len(value), field == "allow", _pattern(value)))
        elif field == "crawl-delay" and re.fullmatch(r"\d{1,4}(\.\d+)?", value):
            delay = min(float(value), LONGEST_DELAY)
    return Robots(tuple(rules), delay)


def _pattern(value: str) -> re.Pattern[str]:
    ends = value.endswith("$")
    path = re.sub(r"\*+", "*", value.removesuffix("$"))
    parts = [re.escape(_normal(part)) for part in path.split("*")]
    return re.compile(".*?".join(parts) + ("$" if ends else ""))


def _normal(path: str) -> str:
    return quote(unquote(path), safe="/:@!$&'()*+,;=~-._?")
