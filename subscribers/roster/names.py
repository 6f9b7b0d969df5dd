"""The names of subscribers in lists, without what other systems put in place of a name; pure."""

import re
from collections.abc import Mapping

from subscribers.roster.cells import clean

NAME_LIMIT = 200

# Lower or upper case only: Null is also a family name.
_PLACEHOLDERS = frozenset(
    {"null", "nil", "none", "undefined", "nan", "n/a", "#n/a", "unknown", "(none)", "(null)"}
    | {"[null]", "<null>", "test", "anonymous", "first name", "last name", "firstname", "lastname"}
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
    name = clean(text)[:NAME_LIMIT].rstrip()
    plain = name.lower()
    if plain in _PLACEHOLDERS and name in {plain, name.upper()}:
        return ""
    if "@" in name or name.startswith(("=", "+")) or _FIELD.fullmatch(name):
        return ""
    # "null NULL" and "N/A -" in one cell; a loop, because this runs for every row
    for word in plain.split():
        if word not in _PLACEHOLDERS and _LETTER.search(word):
            return name
    return ""
