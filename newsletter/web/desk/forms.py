"""Read the forms of the desk, whose texts may have several lines."""

import re
from typing import Annotated

from fastapi import Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request

from newsletter.web.public.forms import FIELDS_LIMIT, Form

LONGEST_TEXT = 20_000
"""Characters of one field; the whole body is limited, too."""
LONGEST_NUMBER = 9
"""Digits of a number that the database can have."""
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]+")


async def read_desk_form(request: Request) -> Form:
    """Read a form in either encoding. A malformed one reads as an empty form."""
    try:
        async with request.form(max_files=0, max_fields=FIELDS_LIMIT) as form:
            found: dict[str, list[str]] = {}
            for name, value in form.multi_items():
                if isinstance(value, str):
                    found.setdefault(_clean(name), []).append(_clean(value))
    except (HTTPException, ValueError, LookupError):
        return Form({})
    return Form({name: tuple(values) for name, values in found.items()})


DeskForm = Annotated[Form, Depends(read_desk_form)]
"""What a form of the desk contains; empty for a request without one."""


def number(text: str) -> int | None:
    """Read the number of a row; None if it is not one."""
    short = len(text) <= LONGEST_NUMBER
    return int(text) if short and text.isascii() and text.isdigit() else None


def _clean(text: str) -> str:
    """Remove control characters and lone surrogates; keep line breaks."""
    readable = text[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8", "replace")
    return _CONTROLS.sub(" ", readable.replace("\r\n", "\n").replace("\r", "\n")).strip()
