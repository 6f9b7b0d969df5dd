"""Which deliveries a mail server's log shows as accepted: Postfix, Exim and Amazon SES."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from newsletter.model.delivery import read_delivery

# The Message-ID of a delivery is <DELIVERY.MARK@HOST>; earlier versions left out the mark.
_OURS = re.compile(r"<?([0-9]+-[0-9]+)(\.[0-9a-f]{8})?@[^\s<>]+>?")
_POSTFIX_ID = re.compile(r"postfix[^ ]{0,60}/cleanup\[\d+\]: ([0-9A-Za-z]+): message-id=(\S+)")
_POSTFIX_QUEUED = re.compile(
    r"postfix[^ ]{0,60}/qmgr\[\d+\]: ([0-9A-Za-z]+): from=.*\(queue active\)"
)
_EXIM = re.compile(r" <= .* id=(\S+)")
_SES_REFUSED = frozenset({"Reject", "Rendering Failure", "RenderingFailure"})


def accepted(lines: Iterable[str]) -> set[str]:
    """Return the delivery ids, with their marks, of the messages that the log shows as accepted.

    Postfix logs the Message-ID while it still receives a message; it has accepted the message once
    the queue manager names it. Exim logs an arrival (`<=`) only after that. Amazon SES changes the
    Message-ID, but its events (JSON, one per line, also inside SNS notifications) keep ours.
    """
    found: set[str] = set()
    receiving: dict[str, str] = {}
    for line in lines:
        if line.lstrip().startswith("{"):
            found.update(_ses(line))
        elif match := _POSTFIX_ID.search(line):
            receiving[match[1]] = match[2]
        elif match := _POSTFIX_QUEUED.search(line):
            found.update(_delivery(receiving.pop(match[1], "")))
        elif match := _EXIM.search(line):
            found.update(_delivery(match[1]))
    return found


def _delivery(message_id: str) -> Iterator[str]:
    match = _OURS.fullmatch(message_id)
    if match and read_delivery(match[1]):
        yield match[1] + (match[2] or "")


def _ses(line: str) -> Iterator[str]:
    try:
        event: Any = json.loads(line)
        if isinstance(event.get("Message"), str):
            event = json.loads(event["Message"])
        kind = event.get("eventType") or event.get("notificationType")
        mail = event["mail"]
        named = {str(mail.get("commonHeaders", {}).get("messageId", ""))}
        named |= {
            str(header["value"])
            for header in mail.get("headers", ())
            if str(header["name"]).lower() == "message-id"
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    if kind and kind not in _SES_REFUSED:
        for message_id in named:
            yield from _delivery(message_id)
