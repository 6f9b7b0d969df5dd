"""Write the first configuration of a new publication."""

import json
from dataclasses import dataclass
from pathlib import Path

EXAMPLE = "newsletter.example.toml"
TEMPLATE = """\
# The configuration of the publication. newsletter.example.toml, beside this file, explains every
# key. The defaults of the keys that are not here suit a small publisher.

[publication]
name = {name}
url = {url}
timezone = {timezone}
language = {language}
from = {sender}
postal_address = {postal_address}   # required by law: nothing is sent without it
provider = "outbox"   # one .eml file per delivery in outbox/; later "smtp" or "sendgrid"

# Topics that subscribers can follow. An article's own topics match by slug, label or alias.
# [topics.south-korea]
# labels = {{ en = "South Korea", ko = "한국" }}
# aliases = ["ROK"]

{source}
[newsletters.weekly]
title = "The Weekly Brief"
cadence = "mon 08:00"   # or "daily 07:30", "mon,thu 08:00", "1st mon 09:00"
segment = "everyone"
lead = "3d"             # make the draft this long before it is due
"""
FEED = """\
[sources.commentary]
kind = "feed"
url = {feed}
"""
FOLDER = """\
# HTML and text files in this folder are articles. For a feed: kind = "feed", url = "https://…"
[sources.articles]
kind = "folder"
path = "articles/"
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a publication needs before its first issue; `feed` may be empty."""

    name: str
    url: str
    sender: str
    timezone: str
    language: str
    postal_address: str
    feed: str = ""


def example_file() -> Path:
    """Return the file that explains every key: inside an installed package, or in the source."""
    package = Path(__file__).parents[1]
    packaged = package / EXAMPLE
    return packaged if packaged.exists() else package.parent / EXAMPLE


def first_configuration(answers: Answers) -> str:
    """Return the text of a first `newsletter.toml`."""
    source = FEED.format(feed=_quoted(answers.feed)) if answers.feed else FOLDER
    return TEMPLATE.format(
        name=_quoted(answers.name),
        url=_quoted(answers.url),
        timezone=_quoted(answers.timezone),
        language=_quoted(answers.language),
        sender=_quoted(answers.sender),
        postal_address=_quoted(answers.postal_address),
        source=source,
    )


def _quoted(text: str) -> str:
    """Return a TOML string. TOML accepts every JSON escape; only DEL has to be escaped as well."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
