"""The values that differ between two recipients of one edition, and how they are filled in.

A placeholder reads `-nl<nonce>-<name>-`; the nonce is random per edition, so that no article text
can hold one. Each value has an HTML-escaped form (name `x`) and a plain form (name `x.t`).
"""

import html
import re
from collections.abc import Mapping

NAMES = ("token", "delivery", "name")


def placeholder(nonce: str, name: str, *, plain: bool = False) -> str:
    """Return the placeholder that stands for `name` in an edition with this nonce."""
    return f"-nl{nonce}-{name}{'.t' if plain else ''}-"


def substitutions(nonce: str, values: Mapping[str, str]) -> dict[str, str]:
    """Map every placeholder of an edition to one recipient's value, in both forms."""
    filled = {placeholder(nonce, name): html.escape(value) for name, value in values.items()}
    plain = {placeholder(nonce, name, plain=True): value for name, value in values.items()}
    return filled | plain


def fill(text: str, replacements: Mapping[str, str]) -> str:
    """Replace every placeholder of `text` in one pass; a value is never filled in again."""
    if not replacements:
        return text
    pattern = re.compile("|".join(map(re.escape, replacements)))
    return pattern.sub(lambda found: replacements[found[0]], text)
