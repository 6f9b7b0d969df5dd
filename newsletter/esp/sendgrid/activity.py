"""Ask SendGrid's Email Activity API whether it has seen an attempt.

The API is an add-on that not every account has, and takes six requests per minute. That its filters
work for custom arguments and categories was not checked against the live API. So a filter only finds
a candidate: an attempt counts as seen if the details of a message have its id and our mark.
"""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import orjson

from newsletter.errors import NotAllowed
from newsletter.esp.sendgrid.client import PooledClient, open_api
from newsletter.esp.wire.pool import HttpAnswer, NotSentError, Patience, Pool, UnansweredError

_MESSAGE = re.compile(r"[A-Za-z0-9._=-]{1,200}", re.ASCII)


class ActivityFeed:
    """What SendGrid knows about emails. Close it when done."""

    def __init__(self, key: str, host: str = "", patience: Patience = Patience()) -> None:  # noqa: B008 - frozen
        """Take the key, which needs the scope "Email Activity", and the host as in `open_api`."""
        self._api = open_api(key, host)
        self._pool = Pool(self._api.host, patience=patience)
        self._api.client = PooledClient(self._api.client, self._pool)

    def has_seen(self, attempt: str, origin: str) -> bool:
        """Return whether an email of an attempt is known, marked with `origin`; raise NotAllowed.

        False proves nothing: emails appear there some minutes later.
        """
        condition = (
            f'(unique_args[\'nl_attempt\']="{attempt}") AND (Contains(categories,"{origin}"))'
        )
        messages = self._api.client.messages
        found = _json(_answer(lambda: messages.get({"query": condition, "limit": 1}))).get(
            "messages"
        )
        candidate = found[0] if isinstance(found, list) and found else None
        name = candidate.get("msg_id") if isinstance(candidate, dict) else None
        if not isinstance(name, str) or not _MESSAGE.fullmatch(name):
            return False
        details = _json(_answer(lambda: messages._(name).get({})))
        categories = details.get("categories")
        return (
            _arguments(details.get("unique_args")).get("nl_attempt") == attempt
            and isinstance(categories, list)
            and origin in categories
        )

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()


def _answer(request: Callable[[], HttpAnswer]) -> HttpAnswer:
    try:
        return request()
    except (NotSentError, UnansweredError) as error:
        msg = f"SendGrid's Email Activity cannot be read: {error}"
        raise NotAllowed(msg) from error


def _json(answer: HttpAnswer) -> Mapping[str, Any]:
    if answer.status in _REFUSALS:
        msg = f"SendGrid's Email Activity cannot be read: {_REFUSALS[HTTPStatus(answer.status)]}"
        raise NotAllowed(msg)
    try:
        found = orjson.loads(answer.body)
    except ValueError:
        found = None
    if answer.status != HTTPStatus.OK or not isinstance(found, dict):
        msg = f"SendGrid's Email Activity cannot be read: HTTP {answer.status}"
        raise NotAllowed(msg)
    return found


_NO_ADD_ON = (
    "the account does not have the add-on “additional email activity history”, or the key lacks the"
    " scope “Email Activity”"
)
_REFUSALS = {
    HTTPStatus.UNAUTHORIZED: _NO_ADD_ON,
    HTTPStatus.FORBIDDEN: _NO_ADD_ON,
    HTTPStatus.TOO_MANY_REQUESTS: "it takes six requests per minute; ask again in a minute",
}


def _arguments(found: object) -> Mapping[str, Any]:
    """Return the custom arguments, which the API describes as an object in a text."""
    if isinstance(found, str):
        try:
            found = orjson.loads(found)
        except ValueError:
            return {}
    return found if isinstance(found, dict) else {}
