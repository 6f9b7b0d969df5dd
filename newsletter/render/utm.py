"""Add utm tags to the addresses of articles, so that the publisher's statistics know the issue."""

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter

_NAME = re.compile(r"\{(\w+)\}")

Tags = tuple[tuple[str, str], ...]


def tags_of(newsletter: Newsletter, issue: Issue) -> Tags:
    """Return the tags of an issue, with {key}, {number} and {date} filled in.

    The kind replaces the number of an issue that has none: "weekly-digest".
    """
    values = {
        "key": newsletter.key,
        "number": str(issue.number) if issue.number > 0 else issue.kind.value,
        "date": issue.day(newsletter.timezone).isoformat(),
    }
    return tuple(
        (f"utm_{name}", _NAME.sub(lambda found: values.get(found[1], found[0]), text))
        for name, text in newsletter.utm
    )


def tagged(url: str, tags: Tags) -> str:
    """Return an address with the tags; those that it already has are kept."""
    parts = urlsplit(url)
    present = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = urlencode([tag for tag in tags if tag[0] not in present], quote_via=quote)
    if not added:
        return url
    query = f"{parts.query}&{added}" if parts.query else added
    return urlunsplit(parts._replace(query=query))
