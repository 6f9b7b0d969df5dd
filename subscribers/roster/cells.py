"""Read single cells of a list; pure."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from subscribers import zones
from subscribers.model import Frequency
from subscribers.phrase import Phrase
from subscribers.roster.vocabulary import FREQUENCIES, fold

_PARTS = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?=[,;|]|$)|([^,;|]+)')
_UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of a text, so that it looks like another one."""
_YEARS = range(1900, 3000)


class CellError(ValueError):
    """A cell that makes its row invalid; the text is the reason."""


def parsed(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Parse JSON; raise ValueError if it is invalid or escapes half a character."""
    found = json.loads(text)
    if "\\u" in text:
        json.dumps(found, ensure_ascii=False).encode()
    return found


def as_text(value: object) -> str:
    """Return a JSON value as the text of a table cell."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=4096)
def split(cell: str) -> tuple[str, ...]:
    """Split a cell of several names: JSON, quoted and separated, or separated."""
    if cell.startswith("["):
        try:
            return tuple(clean(str(name)) for name in parsed(cell))
        except (ValueError, RecursionError, TypeError):
            pass
    parts = (quoted or bare for quoted, bare in _PARTS.findall(cell))
    return tuple(name for part in parts if (name := clean(part.replace('""', '"').strip('" '))))


def attribute_tags(cell: str) -> list[str]:
    """Return the tags under `tags` or `topics` in a listmonk attribute cell."""
    try:
        attributes = parsed(cell)
    except (ValueError, RecursionError):
        return []
    if not isinstance(attributes, dict):
        return []
    found = [attributes.get(key) for key in ("tags", "topics")]
    return [clean(str(name)) for names in found if isinstance(names, list) for name in names]


def objects(cell: str, column: str) -> Sequence[dict[str, Any]]:
    """Read a list of JSON objects that one of our exports contains; raise CellError."""
    try:
        found = parsed(cell)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        msg = Phrase("the cell “{column}” is not from one of our exports", column=column)
        raise CellError(msg)
    return found


def frequency(cell: str) -> tuple[Frequency, tuple[str, ...]]:
    """Return the frequency that a cell gives, and what is withheld if the word is unknown."""
    if not cell:
        return Frequency.EACH, ()
    word = fold(cell)
    unknown = f"unknown frequency “{clean(cell)[:40]}”; they get each issue"
    withheld = () if word in FREQUENCIES or not word else (unknown,)
    return FREQUENCIES.get(word, Frequency.EACH), withheld


@lru_cache(maxsize=4096)
def moment(cell: str) -> datetime | None:
    """Read an ISO time, UTC if it has no zone; None for anything else or an absurd year."""
    if not cell:
        return None
    try:
        found = datetime.fromisoformat(cell)
        aware = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return aware if aware.year in _YEARS else None


def language_tag(cells: Mapping[str, str]) -> str:
    """Return the language that a row gives, if it is a language tag."""
    if not (cell := cells.get("language", "")):
        return ""
    found = cell.replace("_", "-").strip()
    return found if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", found) else ""


def zone(cells: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the time zone that a row gives, and what is withheld if there is no such zone."""
    if not (cell := clean(cells.get("timezone", ""))):
        return "", ()
    found = zones.parse(cell) or ""
    unknown = f"unknown time zone “{cell[:40]}”; expected a name such as Asia/Seoul"
    return found, () if found else (unknown,)


def clean(text: str) -> str:
    """Remove what does not belong in a name: line ends, control and direction characters."""
    if text.isprintable() and text.isascii():
        return " ".join(text.split())
    kept = (" " if unicodedata.category(char) in _UNSEEN else char for char in text)
    kept = (char for char in kept if char not in _TURNING)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())
