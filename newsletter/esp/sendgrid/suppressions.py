"""Read SendGrid's own suppression lists, page by page, with the package's client."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import orjson

from newsletter.errors import NotAllowed
from newsletter.esp.sendgrid.client import PooledClient, open_api
from newsletter.esp.text import quoted_answer
from newsletter.esp.wire.pool import NotSentError, Patience, Pool, UnansweredError

PAGE = 500
"""Entries of a page: the most that SendGrid returns."""


class ListKind(StrEnum):
    """The lists, by their names in SendGrid's API."""

    BOUNCES = "bounces"
    BLOCKS = "blocks"
    INVALID = "invalid_emails"
    SPAM = "spam_reports"
    UNSUBSCRIBES = "unsubscribes"


@dataclass(frozen=True, slots=True)
class ListedAddress:
    """An entry of a list. `address` is as SendGrid has it; `reason` contains no address."""

    address: str
    at: datetime
    reason: str


class SuppressionLists:
    """The suppression lists of an account. Close it when done."""

    def __init__(self, key: str, host: str = "", patience: Patience = Patience()) -> None:  # noqa: B008 - frozen
        """Take the key, which needs the scope "Suppressions", and the host as in `open_api`."""
        self._api = open_api(key, host)
        self._pool = Pool(self._api.host, patience=patience)
        self._api.client = PooledClient(self._api.client, self._pool)

    def pages(self, kind: ListKind, since: datetime) -> Iterator[list[ListedAddress]]:
        """Yield the entries of a list since a time, page by page; raise NotAllowed."""
        offset = 0
        while True:
            entries = self._page(kind, since, offset)
            yield [found for entry in entries if (found := _entry(entry)) is not None]
            if len(entries) < PAGE:
                return
            offset += PAGE

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def _page(self, kind: ListKind, since: datetime, offset: int) -> list[Any]:
        query = {"start_time": int(since.timestamp()), "limit": PAGE, "offset": offset}
        try:
            answer = getattr(self._api.client.suppression, kind.value).get(query)
        except (NotSentError, UnansweredError) as error:
            msg = f"SendGrid's list of {_name(kind)} cannot be read: {error}"
            raise NotAllowed(msg) from error
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            msg = (
                f"SendGrid's list of {_name(kind)} cannot be read: the key is not allowed to. Give"
                ' SENDGRID_API_KEY the scope "Suppressions", read access'
            )
            raise NotAllowed(msg)
        try:
            found = orjson.loads(answer.body)
        except ValueError:
            found = None
        if answer.status != HTTPStatus.OK or not isinstance(found, list):
            msg = f"SendGrid's list of {_name(kind)} cannot be read: HTTP {answer.status}"
            raise NotAllowed(msg)
        return found


def _entry(entry: object) -> ListedAddress | None:
    if not isinstance(entry, dict):
        return None
    address, created = entry.get("email"), entry.get("created")
    reason = entry.get("reason")
    if not isinstance(address, str) or isinstance(created, bool) or not isinstance(created, int):
        return None
    if not 0 <= created < 253_402_300_800:  # noqa: PLR2004 - the end of the year 9999
        return None
    words = quoted_answer(reason) if isinstance(reason, str) else ""
    return ListedAddress(address, datetime.fromtimestamp(created, UTC), words)


def _name(kind: ListKind) -> str:
    return kind.value.replace("_", " ")
