"""The first configuration of a new publication, as `newsletter init` writes it."""

import json
from dataclasses import dataclass

TEMPLATE = """\
# The whole publication. docs/configuration.md and newsletter.example.toml explain every key;
# what is left out has a default that is right for a small publisher.

[publication]
name = {name}
url = {url}
timezone = {timezone}
language = {language}
from = {sender}
postal_address = {postal_address}   # required by law: without it nothing is sent
provider = "outbox"   # one .eml file per delivery in outbox/; later "smtp" or "sendgrid"

# What articles are about and readers follow; an article's own topics match by label or alias.
# [topics.south-korea]
# labels = {{ en = "South Korea", ko = "한국" }}
# aliases = ["ROK"]

{source}
[newsletters.weekly]
title = "The Weekly Brief"
cadence = "mon 08:00"   # or "daily 07:30", "mon,thu 08:00", "1st mon 09:00"
segment = "everyone"
lead = "3d"             # the draft is made this long before
"""
FEED = """\
[sources.commentary]
kind = "feed"
url = {feed}
"""
FOLDER = """\
# HTML and text files in this folder are articles. A feed would be: kind = "feed", url = "https://…"
[sources.articles]
kind = "folder"
path = "articles/"
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What has to be known of a publication before its first issue; `feed` may be empty."""

    name: str
    url: str
    sender: str
    timezone: str
    language: str
    postal_address: str
    feed: str = ""


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
    """Write a TOML string; JSON's escapes are a part of TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
