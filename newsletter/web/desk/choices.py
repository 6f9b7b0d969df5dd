"""Rows of choices. Every state of a view is an address, so that it can be shared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: its name, the address that selects it, and whether it is selected."""

    name: str
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Control:
    """A named row of options, one of them chosen."""

    name: str
    options: tuple[Option, ...]


def controls(
    path: str,
    present: Mapping[str, str],
    offered: Mapping[str, tuple[str, Sequence[str]]],
    name: Callable[[str], str] = str,
) -> tuple[Control, ...]:
    """Build a control for each offered key (`key: (label, words)`) around the present view.

    `name` returns what staff read for a label or word.
    """
    return tuple(
        Control(
            name(label),
            tuple(
                Option(
                    name(word), f"{path}?{urlencode({**present, key: word})}", present[key] == word
                )
                for word in words
            ),
        )
        for key, (label, words) in offered.items()
    )


def settle(
    asked: Mapping[str, str], offered: Mapping[str, tuple[str, Sequence[str]]]
) -> dict[str, str]:
    """Return the view that was asked for. A word that is not offered becomes the first one that is."""
    return {
        key: asked.get(key, "") if asked.get(key) in words else words[0]
        for key, (_, words) in offered.items()
    }
