"""Make cells safe for spreadsheets, and restore them; pure."""

import re

# Signs that begin a formula, full-width forms included, and the apostrophe itself, so that `armed`
# restores every text. Before them: the start, or a delimiter with spaces and quotation marks.
_SIGNS = "=+\\-@＝＋－＠'\\t\\r"  # noqa: RUF001 - spreadsheets in East Asia accept these
_BEFORE = r"(^|[;,|\t\r\n；，｜](?:(?![\t\r\n])[\s\"])*)"  # noqa: RUF001
_FORMULA = re.compile(rf"{_BEFORE}(?=[{_SIGNS}])")
_DEFUSED = re.compile(rf"{_BEFORE}'(?=[{_SIGNS}])")


def defused(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula.

    That is text at the start of a cell, or after a sign at which a spreadsheet with other settings
    splits the line into cells. `armed` is the inverse.
    """
    return _FORMULA.sub(r"\1'", text)


def armed(text: str) -> str:
    """Remove the apostrophes that `defused` added."""
    return _DEFUSED.sub(r"\1", text)
