"""Where articles are collected from, as configured, and what is known of each."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from newsletter.model.clock import JUMPED

SourceKind = Literal["feed", "page", "sitemap", "folder"]
Identity = Literal["auto", "guid", "link", "title+date"]


FAILURES = 3
"""Failures in a row after which a source counts as failing; a page may be down for an hour."""


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

    @property
    def fingerprint(self) -> str:
        """Return a short hash of what changes the answer of the source, or when it is due.

        It is stored: another folder around the whole publication does not change it.
        """
        values = (
            *(self.kind, self.url, self.path.name if self.path else ""),
            *(self.links, self.ignore, self.identity, self.language, list(self.topics)),
            *(self.allow_private, self.max_bytes, self.every.total_seconds()),
        )
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class CollectLimits:
    """What a collection may use.

    `parsers` is the number of parsing processes; 0 is one for each core. They run as `user` where
    the program runs as root. `per_source` and `per_pass` bound the time; what they cut off is due
    again in the next pass.
    """

    parsers: int = 0
    user: str = "nobody"
    per_source: timedelta = timedelta(minutes=3)
    per_pass: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is remembered of a source between two checks.

    `etag`, `last_modified` and `body_hash` are from the last answer that was parsed. `learnt_url`
    replaces the configured address after a permanent redirect was seen often enough; `redirected_to`
    and `redirects_seen` count it. `found` is the number of entries at the last success, `health`
    the last problem in words, empty when there is none. `configured` is the fingerprint of the
    configuration that this state belongs to.
    """

    source: str
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    learnt_url: str = ""
    redirected_to: str = ""
    redirects_seen: int = 0
    first_collected_at: datetime | None = None
    checked_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    next_check_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    found: int = 0
    health: str = ""
    configured: str = ""

    def of(self, source: Source) -> "SourceState":
        """Return the state under the present configuration of the source.

        If that has changed, the source is due, and what is known of the last answer may belong to
        another address.
        """
        present = source.fingerprint
        if self.configured in {"", present}:
            return replace(self, configured=present)
        return replace(
            self,
            configured=present,
            etag="",
            last_modified="",
            body_hash="",
            learnt_url="",
            redirected_to="",
            redirects_seen=0,
            next_check_at=None,
        )

    @property
    def is_emptied(self) -> bool:
        """Return whether the source can be read, but no longer has any of its entries."""
        return self.failing_since is None and bool(self.health)

    def is_due(self, now: datetime) -> bool:
        """Return whether the source is to be checked.

        One that was never checked is, and one that was checked by a clock that had jumped ahead.
        """
        if self.next_check_at is None or self.checked_at is None:
            return True
        return self.next_check_at <= now or self.checked_at > now + JUMPED


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """An entry that a source has shown before; it stays known when it vanishes.

    `fingerprint` changes when the entry does. `attempts` counts failed readings of its page.
    """

    key: str
    fingerprint: str
    article_id: int | None = None
    attempts: int = 0
    reason: str = ""
