"""Where articles are collected from, as configured."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

SourceKind = Literal["feed", "page", "sitemap", "folder"]
Identity = Literal["auto", "guid", "link", "title+date"]


@dataclass(frozen=True, slots=True)
class Source:
    """A feed, page, sitemap or folder; exactly one of `url` and `path` is set.

    `path` may also name a single feed file. `links` and `ignore` are regular expressions over the
    addresses found on a listing page. `backfill` is how many of the articles already there count
    as new on the first collection.
    """

    key: str
    kind: SourceKind
    url: str = ""
    path: Path | None = None
    topics: tuple[str, ...] = ()
    every: timedelta = timedelta(minutes=30)
    backfill: int = 8
    language: str = ""
    links: str = ""
    ignore: str = ""
    identity: Identity = "auto"
    allow_private: bool = False
    max_bytes: int = 15_000_000
