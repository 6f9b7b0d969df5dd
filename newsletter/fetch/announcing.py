"""Post alerts to the webhook of a chat or another service."""

from collections.abc import Mapping
from datetime import datetime

from newsletter.fetch.wire import post
from newsletter.model.webhook import Announcement, Webhook


def announce(url: str, publication: str, values: Mapping[str, object], at: datetime) -> str:
    """Post what an alert says; return what went wrong, or an empty text.

    `values` are those of the alert's email. A command to run stays in the email.
    """
    webhook = Webhook.parse(url)
    advice = "" if values.get("step") else str(values.get("next_step", ""))
    body, content_type = webhook.body(Announcement(publication, str(values["what"]), advice, at))
    return post(webhook.url, body, content_type)
