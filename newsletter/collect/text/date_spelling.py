"""Rewrite the odd spellings of dates that programs produce as usual ones; pure.

Each pattern works on a line of a few dozen characters.
"""

import re
from collections.abc import Callable

_ERAS = {"令和": 2018, "平成": 1988, "民國": 1911, "民国": 1911}
"""The year before the first one of an era."""


def _of_era(found: re.Match[str]) -> str:
    return f"{_ERAS[found[1]] + (1 if found[2] == '元' else int(found[2]))}年"


def _offset(found: re.Match[str]) -> str:
    return f" {found[1]}{int(found[2]):02d}:{found[3] or '00'}"


_SPELLINGS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), usual)
    for pattern, usual in (
        ("−", "-"),
        # The word for "year" after it, in Slavic languages: "26 listopada 2026 r."
        (r"(\b\d{4})\s?(?:г\.|года|год|р\.|року|r\.|roku|ж\.)", r"\1"),
        # JavaScript and some servers add the name of the zone, Java its place.
        (r"(?<=\d{4})\s\((?-i:[A-Z])[A-Za-z .-]{3,40}\)$|(?<=[+-]\d{4})\s(?-i:[A-Z]{3,4})$", ""),
        (r"\[[A-Z][A-Z_/+-]{2,40}\]$|(?<=\d)\s(?-i:[A-Z])[A-Z_]{2,20}/[A-Z_/]{2,30}$", ""),
        # Offsets such as GMT+0900, UTC+9 and, in brackets, GMT+7.
        (r"(?<=\s)(?:GMT|UTC)(?=[+-]\d\d)", ""),
        (r"\s\(?(?:GMT|UTC)([+-])(\d{1,2})(?::(\d{2}))?\)?$", _offset),
        # A plus sign that was decoded as a space, and an offset without one.
        (r"(T\d{2}:\d{2}:\d{2}) (\d{2}:\d{2})$", r"\1+\2"),
        (r"(\d{4} \d{2}:\d{2}:\d{2}) ([01]\d[0134][05])$", r"\1 +\2"),
        (r"(:\d{2}\s?[+-])(\d{3})$", r"\g<1>0\2"),
        # Seconds with a comma, with dots, or none at all.
        (r"(:\d{2})[.,]\d{0,9}(?=\s?(?:Z|[+-]\d|$))", r"\1"),
        (r"(?<=\d{4} )(\d{2})\.(\d{2})\.(\d{2})\b", r"\1:\2:\3"),
        (r"(?<=\dT)(\d{2})(?=Z|[+-]|$)", r"\1:00"),
        (r"(?<=:)(\d)(?=:|\s|$)", r"0\1"),
        # ISO 8601 without its signs.
        (r"^(\d{4})(\d{2})(\d{2})T?(\d{2})(\d{2})(\d{2})?(?=Z|[+-]|$)", r"\1-\2-\3T\4:\5"),
        (r"^(\d{4}-\d{2}-\d{2}T\d{2})(\d{2})(?:\d{2})?(?=Z|[+-]|$)", r"\1:\2"),
        # RFC 850, logs of web servers, and databases.
        (r"^([^\W\d]{2,12}\.?,)(?=\d)", r"\1 "),
        (r"\b(\d{1,2})[-/]([^\W\d]{3,9})\.?[-/](\d{4}|\d{2})(?::(?=\d{2}:))?\b", r"\1 \2 \3 "),
        (r"^(\d{4})-([^\W\d]{3,9})-(\d{1,2})\b", r"\3 \2 \1"),
        # East Asia: eras, weekdays in brackets, and the words for hour and minute.
        (r"(令和|平成|民國|民国)\s?(元|\d{1,3})\s?年", _of_era),
        (r"\s?[(（][월화수목금토일月火水木金土日][)）]", " "),
        (r"\s?(\d{1,2})\s?[時时시]\s?(\d{1,2})\s?[分분](?:\s?\d{1,2}\s?[秒초])?", r" \1:\2"),
        (r"\s?(\d{1,2})\s?[時时시]$", r" \1:00"),
        (r"^(?:Thứ|Chủ)\s[^\W\d]{2,4},?\s", ""),
        (r"\b(\d{1,2})\s?h$", r"\1h00"),
    )
)


def usual(line: str) -> str:
    """Return a line with its date, if it is one, in a usual spelling."""
    for pattern, replacement in _SPELLINGS:
        line = pattern.sub(replacement, line)
    return line.strip()
