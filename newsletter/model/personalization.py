"""The values that differ between two recipients of one edition, and how they are filled in.

A placeholder reads `-nl<nonce>-<name>-`; the nonce is random per edition, so that no article text
can hold one. Each value has an HTML-escaped form (name `x`) and a plain form (name `x.t`).

`name` is filled in as a form of address with its own comma (", Ada"), and as nothing when no name
is known: "Good morning{name}." reads well either way.
"""

import html
import re
from collections.abc import Mapping

NAMES = ("token", "delivery", "name")
LONGEST_NAME = 60
NO_RECIPIENT = {"token": "preview", "delivery": "0-0", "name": ""}
"""What fills the placeholders that staff look at: the links to our pages lead nowhere."""
_FORGED = re.compile(r"://|www\.|[@<>\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def called(name: str) -> str:
    """Return how a subscriber is addressed: ", Ada", or nothing.

    A name comes from a public form: one that is long, or holds an address, a link or control
    characters, is not printed, so that no one can put their own words into our email.
    """
    words = " ".join(name.split())
    if not words or len(words) > LONGEST_NAME or _FORGED.search(words):
        return ""
    return f", {words}"


def placeholder(nonce: str, name: str, *, plain: bool = False) -> str:
    """Return the placeholder of `name` in an edition with this nonce."""
    return f"-nl{nonce}-{name}{'.t' if plain else ''}-"


def substitutions(nonce: str, values: Mapping[str, str]) -> dict[str, str]:
    """Map every placeholder of an edition to one recipient's value, in both forms."""
    values = {name: called(value) if name == "name" else value for name, value in values.items()}
    filled = {placeholder(nonce, name): html.escape(value) for name, value in values.items()}
    plain = {placeholder(nonce, name, plain=True): value for name, value in values.items()}
    return filled | plain


def unfilled(nonce: str, text: str) -> str:
    """Return a text of an edition without anyone's values."""
    return fill(text, substitutions(nonce, dict.fromkeys(NAMES, "")))


def fill(text: str, replacements: Mapping[str, str]) -> str:
    """Replace every placeholder of `text` in one pass; a value is never filled in again."""
    if not replacements:
        return text
    pattern = re.compile("|".join(map(re.escape, replacements)))
    return pattern.sub(lambda found: replacements[found[0]], text)
