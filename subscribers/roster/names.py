"""The names of subscribers in lists, without what other systems put in place of a name; pure."""

import re
from collections.abc import Mapping
from html import unescape

from subscribers.roster.cells import clean

NAME_LIMIT = 200

# Lower or upper case only: Null is also a family name.
_PLACEHOLDERS = frozenset(
    {"null", "nil", "none", "undefined", "nan", "n/a", "#n/a", "unknown", "(none)", "(null)"}
    | {"[null]", "<null>", "test", "anonymous"}
)
# In any case: no one is named like this.
_NEVER_NAMES = frozenset(
    {
        "name",
        "full name",
        "first name",
        "last name",
        "firstname",
        "lastname",
        "first_name",
        "last_name",
    }
    | {"vorname", "nachname", "vollständiger name", "prénom", "nombre", "이름", "성명", "성함"}
    | {"unbekannt", "inconnu", "inconnue", "desconocido", "desconocida", "미입력", "없음", "무명"}
    | {
        "\\n",
        "#ref!",
        "#value!",
        "#name?",
        "#div/0!",
        "#num!",
        "고객",
        "고객님",
        "고객 님",
        "회원님",
    }
)
_FIELD = re.compile(r"[{%\[<*|$#]+.*[}%\]>*|$#]+")
_LETTER = re.compile(r"[^\W\d_]")


def full_name(cells: Mapping[str, str]) -> str:
    """Return the name that a row gives, from one column or two."""
    if name := _name(cells.get("name", "")):
        return name
    parts = (_name(cells.get(field, "")) for field in ("first_name", "last_name"))
    return " ".join(part for part in parts if part)[:NAME_LIMIT].rstrip()


def _name(text: str) -> str:
    """Return a name, or "" for a placeholder, a merge field, a formula or an address."""
    name = clean(unescape(text) if "&" in text else text)[:NAME_LIMIT].rstrip()
    if name.lower() in _NEVER_NAMES or _is_placeholder(name):
        return ""
    if "@" in name or name.startswith(("=", "+")) or _FIELD.fullmatch(name):
        return ""
    # "null NULL" and "N/A -" in one cell; a loop, because this runs for every row
    for word in name.split():
        if not _is_placeholder(word) and _LETTER.search(word):
            return name
    return ""


def _is_placeholder(text: str) -> bool:
    plain = text.lower()
    return plain in _PLACEHOLDERS and text in {plain, text.upper()}
