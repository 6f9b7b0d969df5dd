"""Derive the color schemes of a publication from the few colors that it sets."""

from collections.abc import Callable
from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import asdict, dataclass

from newsletter.model.publication import Brand

INK, SOFT = "#1b1d21", "#4d4a44"
DARK_PAPER = "#1a1d21"
DEFAULT = Brand()
# WCAG 2, contrast (minimum) and contrast (enhanced).
ENOUGH, GOOD = 4.5, 7.0
# sRGB is linear below this value (IEC 61966-2-1).
LINEAR_BELOW = 0.04045


@dataclass(frozen=True, slots=True)
class Palette:
    """A color scheme; every color is #rrggbb."""

    paper: str
    ground: str
    tint: str
    ink: str
    soft: str
    rule: str
    accent: str


def light(brand: Brand) -> Palette:
    """Return the colors of light mode."""
    if brand.paper.lower() == DEFAULT.paper:
        return Palette(DEFAULT.paper, "#f4f1ea", "#f6f2e9", INK, SOFT, "#d8d2c6", brand.accent)
    paper = brand.paper
    shades = (mix(paper, INK, share) for share in (0.05, 0.04, 0.18))
    ground, tint, rule = shades
    return Palette(paper, ground, tint, INK, SOFT, rule, brand.accent)


def dark(brand: Brand) -> Palette:
    """Return the colors of dark mode; an accent that is set only for light mode is lightened."""
    accent = brand.accent_dark
    if accent == DEFAULT.accent_dark and brand.accent != DEFAULT.accent:
        accent = legible(brand.accent, DARK_PAPER)
    return Palette(DARK_PAPER, "#121417", "#22262b", "#ece8df", "#b9b4a8", "#3a3d42", accent)


def legible(color: str, paper: str) -> str:
    """Return the color, lightened until it is legible on dark paper."""
    for step in range(11):
        found = mix(color, "#ffffff", step / 10)
        if contrast(found, paper) >= GOOD:
            return found
    return "#ffffff"


def mix(color: str, other: str, share: float) -> str:
    """Return `color` mixed with a share of `other`."""
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(own + (added - own) * share):02x}" for own, added in pairs)


def contrast(color: str, other: str) -> float:
    """Return the contrast ratio of two colors as WCAG 2 defines it."""
    dim, bright = sorted((_luminance(color), _luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


def _channels(color: str) -> tuple[int, int, int]:
    digits = color.lstrip("#")
    if len(digits) == len("rgb"):
        digits = "".join(digit * 2 for digit in digits)
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _luminance(color: str) -> float:
    linear = [
        part / 12.92 if part <= LINEAR_BELOW else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in _channels(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def inverted(scheme: Palette) -> Palette:
    """Return the colors as Gmail on phones shows a light email in dark mode: every channel inverted."""
    return _changed(scheme, lambda channels: tuple(255 - channel for channel in channels))


def darkened(scheme: Palette) -> Palette:
    """Return the colors as Outlook shows a light email in dark mode: lightness inverted, hue kept."""
    return _changed(scheme, _lightness_inverted)


def _lightness_inverted(channels: tuple[int, ...]) -> tuple[int, ...]:
    hue, lightness, saturation = rgb_to_hls(*(channel / 255 for channel in channels))
    return tuple(round(part * 255) for part in hls_to_rgb(hue, 1 - lightness, saturation))


def _changed(scheme: Palette, change: Callable[[tuple[int, ...]], tuple[int, ...]]) -> Palette:
    colors = {
        name: "#" + "".join(f"{channel:02x}" for channel in change(_channels(color)))
        for name, color in asdict(scheme).items()
    }
    return Palette(**colors)
