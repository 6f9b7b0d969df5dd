"""Read single cells; pure."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from subscribers.model import Frequency

NAME_LIMIT = 200


_FREQUENCIES = {one.value: one for one in Frequency}


class CellError(ValueError):
    """A cell that stops its row; the text is the reason."""


def split(cell: str) -> list[str]:
    """Split a cell of several names: JSON, quoted and separated by commas, or just separated."""
    if cell.startswith("["):
        try:
            return [clean(str(name)) for name in json.loads(cell)]
        except (ValueError, RecursionError, TypeError):
            pass
    return [name for part in re.split(r"[,;|]", cell) if (name := clean(part.strip('" ')))]


def attribute_tags(cell: str) -> list[str]:
    """Return the tags that a listmonk attribute cell holds under `tags` or `topics`."""
    try:
        attributes = json.loads(cell)
    except (ValueError, RecursionError):
        return []
    if not isinstance(attributes, dict):
        return []
    found = [attributes.get(key) for key in ("tags", "topics")]
    return [clean(str(name)) for names in found if isinstance(names, list) for name in names]


def objects(cell: str, column: str) -> Sequence[dict[str, Any]]:
    """Read a list of JSON objects that an export of ours wrote; raise CellError."""
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        msg = f"{column} is not what an export wrote there"
        raise CellError(msg)
    return found


def frequency(word: str) -> Frequency:
    """Read a frequency; what is none means each issue."""
    return _FREQUENCIES.get(word, Frequency.EACH)


@lru_cache(maxsize=4096)
def moment(cell: str) -> datetime | None:
    """Read a time; without a zone it is UTC, what is none is None."""
    if not cell:
        return None
    try:
        moment = datetime.fromisoformat(cell)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def full_name(cells: Mapping[str, str]) -> str:
    """Return the name that a row gives, from one column or two."""
    name = cells.get("name") or f"{cells.get('first_name', '')} {cells.get('last_name', '')}"
    return clean(name)[:NAME_LIMIT].rstrip()


def language_tag(cells: Mapping[str, str]) -> str:
    """Return the language that a row gives, if it is a language tag."""
    found = cells.get("language", "").replace("_", "-").strip()
    return found if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", found) else ""


def clean(text: str) -> str:
    """Take out what no name holds: line ends, control characters, separators of lists."""
    if text.isprintable() and text.isascii():
        return " ".join(text.split())
    kept = (" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in text)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())
