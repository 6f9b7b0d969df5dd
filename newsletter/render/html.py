"""Inline the styles of an email with premailer, without access to the network."""

import logging
import re
from functools import lru_cache
from typing import Any

import cssutils
from premailer import Premailer
from typing_extensions import override

from newsletter.errors import TemplateFailed

_STYLE = re.compile(r"<style(?P<marks>[^>]*)>(?P<css>.*?)</style>", re.DOTALL | re.IGNORECASE)
_FETCHES = re.compile(r"@import|url\s*\(|expression\s*\(|behavior\s*:", re.IGNORECASE)
_INLINED = re.compile(r"""(?<= )style=(?:"[^"]*"|'[^']*')(?=[ >])""")
_LOOSE = re.compile(r"([;:,]) ")
# cssutils shortens #aabbcc to #abc, which some clients do not read in attributes.
_SHORT = re.compile(r"#([0-9a-f])([0-9a-f])([0-9a-f])(?![0-9a-fA-F])")
_GAP = re.compile(r">\n\s+")
_ATTRIBUTES = (
    "width",
    "height",
    "bgcolor",
    "align",
    "valign",
    "text-align",
    "vertical-align",
    "background-color",
)
DOCTYPE = "<!DOCTYPE html>"


def inline(page: str) -> str:
    """Return the page with its styles inlined into the elements.

    The first `<style>` is inlined. Those with `data-premailer="ignore"` (dark mode, phones) are
    kept. Raises TemplateFailed if the page would lose its doctype or fetch anything.
    """
    if not page.startswith(DOCTYPE):
        msg = f"an email must begin with exactly {DOCTYPE}; the template begins with {page[:20]!r}"
        raise TemplateFailed(msg)
    for style in _STYLE.finditer(page):
        if found := _FETCHES.search(style["css"]):
            msg = f"the styles of an email must not fetch anything; remove {found[0]!r}"
            raise TemplateFailed(msg)
    inlined = _Inliner(
        page,
        method="html",
        strip_important=False,
        allow_network=False,
        remove_classes=False,
        disable_validation=True,
        align_floating_images=False,
        preserve_handlebar_syntax=True,
        preserve_inline_attachments=True,
        disable_link_rewrites=True,
        cssutils_logging_level=logging.CRITICAL,
        disable_basic_attributes=list(_ATTRIBUTES),
    ).transform(pretty_print=False)
    return _INLINED.sub(_tightened, _GAP.sub(">\n", str(inlined))).strip() + "\n"


def _tightened(found: re.Match[str]) -> str:
    """Remove blanks from a style (an eighth of a long email) and write out short colors."""
    return _SHORT.sub(r"#\1\1\2\2\3\3", _LOOSE.sub(r"\1", found[0]))


class _Inliner(Premailer):  # type: ignore[misc]
    """A premailer whose CSS parser never fetches what a style sheet imports."""

    @override
    def _parse_css_string(self, css_body: str, validate: bool = True) -> Any:
        return _parsed(css_body)


# Editions share their styles, and parsing them takes most of the time of inlining.
@lru_cache(maxsize=512)
def _parsed(css: str) -> Any:  # noqa: ANN401 - cssutils has no types
    parser = cssutils.CSSParser(
        loglevel=logging.CRITICAL, validate=False, parseComments=False, fetcher=lambda _url: None
    )
    return parser.parseString(css)
