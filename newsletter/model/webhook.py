"""Write alerts for a chat or another service, in the format that it expects.

`ALERT_WEBHOOK_URL` names the format before the scheme, `mattermost+https://…`, unless its host does.
Sources: Slack "Sending messages using incoming webhooks"; Mattermost "Incoming webhooks"; Teams
"Create incoming webhooks with Workflows" (an Adaptive Card); ntfy "Publishing".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import orjson

FORMATS = ("slack", "teams", "mattermost", "ntfy", "json")
_HOSTS = {
    "hooks.slack.com": "slack",
    "webhook.office.com": "teams",
    "logic.azure.com": "teams",
    "powerplatform.com": "teams",
    "ntfy.sh": "ntfy",
}
_ADDRESS = re.compile(r"[^\s<>()\"“”@,;:]{1,64}@[^\s<>()\"“”@,;:]{1,255}")
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Announcement:
    """What staff read: what happened, and a sentence of advice, which may be empty."""

    publication: str
    what: str
    advice: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where alerts are posted, and in which format."""

    url: str
    format: str

    @classmethod
    def parse(cls, text: str) -> "Webhook":
        """Read an address with or without its format; a ValueError never repeats it."""
        name, plus, rest = text.partition("+")
        named = bool(plus) and name.isalpha() and "://" in rest
        url = rest if named else text
        try:
            parts = urlsplit(url)
            valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            valid = False
        if not valid or " " in text or not text.isascii():
            msg = "expected an address that begins with https://, or with a format: slack+https://"
            raise ValueError(msg)
        if named and name not in FORMATS:
            msg = f"expected one of the formats {', '.join(FORMATS)} before the +"
            raise ValueError(msg)
        return cls(url, name if named else _known(urlsplit(url).hostname or ""))

    def body(self, announcement: Announcement) -> tuple[bytes, str]:
        """Return what is posted, and its content type. It names no address of a person."""
        hidden = Announcement(
            announcement.publication,
            without_addresses(announcement.what),
            without_addresses(announcement.advice),
            announcement.at,
        )
        text = f"{hidden.publication}: {hidden.what}"
        if hidden.advice:
            text = f"{text}\n{hidden.advice}"
        if self.format == "ntfy":
            return text.encode(), "text/plain; charset=utf-8"
        return orjson.dumps(_BODIES[self.format](hidden, text)), JSON


def without_addresses(text: str) -> str:
    """Hide the email addresses in a text."""
    return _ADDRESS.sub("(address)", text)


def _known(host: str) -> str:
    for ending, name in _HOSTS.items():
        if host == ending or host.endswith(f".{ending}"):
            return name
    return "json"


def _slack(_: Announcement, text: str) -> dict[str, object]:
    # The only three characters that Slack interprets; they also begin mentions.
    return {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}


def _mattermost(_: Announcement, text: str) -> dict[str, object]:
    return {"text": text.replace("@", "@\u200b")}  # a title may not mention @all


def _teams(_: Announcement, text: str) -> dict[str, object]:
    blocks = [{"type": "TextBlock", "text": line, "wrap": True} for line in text.split("\n")]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def _json(announcement: Announcement, text: str) -> dict[str, object]:
    return {
        "publication": announcement.publication,
        "what": announcement.what,
        "advice": announcement.advice,
        "text": text,
        "at": announcement.at.isoformat(),
    }


_BODIES: Mapping[str, Callable[[Announcement, str], dict[str, object]]] = {
    "slack": _slack,
    "mattermost": _mattermost,
    "teams": _teams,
    "json": _json,
}
