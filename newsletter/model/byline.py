"""Authors as one line that a person can edit: `Ada Quell (Fellow, Harbor Institute); Bo Lind`."""

import re
from collections.abc import Sequence

from newsletter.model.article import Author

_AUTHOR = re.compile(r"(?P<name>[^()]*?)\s*(?:\((?P<role>.*)\))?")


def written(authors: Sequence[Author]) -> str:
    """Return authors as a line; the organization follows the role."""
    return "; ".join(map(_written, authors))


def _written(author: Author) -> str:
    role = ", ".join(text for text in (author.role, author.org) if text)
    return f"{author.name} ({role})" if role else author.name


def authors_of(line: str) -> tuple[Author, ...]:
    """Return the authors of a line; what is in parentheses is the role."""
    found = (_AUTHOR.fullmatch(part.strip()) for part in line.split(";") if part.strip())
    return tuple(Author(author["name"], author["role"] or "") for author in found if author)
