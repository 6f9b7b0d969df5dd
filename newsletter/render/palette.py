"""The colours of a publication: the few that it sets, and the rest derived from them."""

from dataclasses import dataclass

from newsletter.model.publication import Brand

INK, SOFT = "#1b1d21", "#4d4a44"
DARK_PAPER = "#1a1d21"
HOUSE = Brand()
ENOUGH, GOOD = 4.5, 7.0
LINEAR_BELOW = 0.04045


@dataclass(frozen=True, slots=True)
class Palette:
    """One scheme of colours, each as #rrggbb."""

    paper: str
    ground: str
    tint: str
    ink: str
    soft: str
    rule: str
    accent: str


def light(brand: Brand) -> Palette:
    """Return the colours by day; those of the house when the publisher set no paper."""
    if brand.paper.lower() == HOUSE.paper:
        return Palette(HOUSE.paper, "#f4f1ea", "#f6f2e9", INK, SOFT, "#d8d2c6", brand.accent)
    paper = brand.paper
    shades = (mix(paper, INK, share) for share in (0.05, 0.04, 0.18))
    ground, tint, rule = shades
    return Palette(paper, ground, tint, INK, SOFT, rule, brand.accent)


def dark(brand: Brand) -> Palette:
    """Return the colours by night; an accent that the publisher changed only by day is lightened."""
    accent = brand.accent_dark
    if accent == HOUSE.accent_dark and brand.accent != HOUSE.accent:
        accent = legible(brand.accent, DARK_PAPER)
    return Palette(DARK_PAPER, "#121417", "#22262b", "#ece8df", "#b9b4a8", "#3a3d42", accent)


def legible(colour: str, paper: str) -> str:
    """Return the colour, lightened until it reads well on dark paper."""
    for step in range(11):
        found = mix(colour, "#ffffff", step / 10)
        if contrast(found, paper) >= GOOD:
            return found
    return "#ffffff"


def mix(colour: str, other: str, share: float) -> str:
    """Return `colour` with a share of the other in it."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours as WCAG 2 defines it."""
    dim, bright = sorted((_luminance(one), _luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


def _channels(colour: str) -> tuple[int, int, int]:
    digits = colour.lstrip("#")
    if len(digits) == len("rgb"):
        digits = "".join(one * 2 for one in digits)
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _luminance(colour: str) -> float:
    linear = [
        part / 12.92 if part <= LINEAR_BELOW else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
