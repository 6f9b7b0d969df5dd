"""Alerts are posted in the format that each service reads, and name no one's address."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.dispatch.heartbeat import Heartbeat, failing
from newsletter.fetch.announcing import announce
from newsletter.model.webhook import Announcement, Webhook
from tests.fakes.receiver import receiver

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
SPEAKING = Announcement("House", "<!channel> @all: ann@example.org bounced", "Look.", NOW)
CARD = "application/vnd.microsoft.card.adaptive"


def posted(name: str) -> Any:  # noqa: ANN401 - JSON
    body, content_type = Webhook("https://example.org", name).body(SPEAKING)
    assert content_type == "application/json"
    return json.loads(body)


def test_slack_reads_a_text_without_mentions() -> None:
    assert posted("slack") == {
        "text": "House: &lt;!channel&gt; @all: (address) bounced\nLook.",
    }


def test_mattermost_reads_a_text_without_mentions() -> None:
    assert posted("mattermost") == {
        "text": "House: <!channel> @\u200ball: (address) bounced\nLook."
    }


def test_teams_reads_an_adaptive_card() -> None:
    (attachment,) = posted("teams")["attachments"]
    assert attachment["contentType"] == CARD
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert [block["text"] for block in card["body"]] == [
        "House: <!channel> @all: (address) bounced",
        "Look.",
    ]


def test_ntfy_reads_plain_text() -> None:
    body, content_type = Webhook("https://ntfy.sh/topic", "ntfy").body(SPEAKING)
    assert content_type == "text/plain; charset=utf-8"
    assert body.decode() == "House: <!channel> @all: (address) bounced\nLook."


def test_any_other_service_reads_fields() -> None:
    assert posted("json") == {
        "publication": "House",
        "what": "<!channel> @all: (address) bounced",
        "advice": "Look.",
        "text": "House: <!channel> @all: (address) bounced\nLook.",
        "at": "2026-12-01T08:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://hooks.slack.com/services/T/B/x", "slack"),
        ("https://prod-1.westeurope.logic.azure.com:443/workflows/x", "teams"),
        ("https://ntfy.sh/topic", "ntfy"),
        ("https://slack.com.example.org/x", "json"),
        ("https://chat.example.org/hooks/x", "json"),
        ("mattermost+https://chat.example.org/hooks/x", "mattermost"),
        ("ntfy+http://127.0.0.1:2586/topic", "ntfy"),
    ],
)
def test_the_format_follows_from_the_address(text: str, name: str) -> None:
    webhook = Webhook.parse(text)
    assert webhook.format == name
    assert webhook.url == text.partition("+")[2] or webhook.url == text


@pytest.mark.parametrize(
    "text",
    ["chat", "ftp://example.org", "irc+https://example.org/secret", "https://", "https://[x"],
)
def test_a_wrong_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="expected") as refused:
        Webhook.parse(text)
    assert "secret" not in str(refused.value)


def test_an_alert_is_posted_without_the_command_that_only_the_email_shows() -> None:
    values = {"what": "It broke", "next_step": "Run this:", "step": {"kind": "RunCheckup"}}
    with receiver() as server:
        assert announce(f"slack+{server.url}/hook", "House", values, NOW) == ""
        server.status = 404
        assert announce(f"slack+{server.url}/hook", "House", values, NOW) == "answers 404"
    assert [(path, json.loads(body)) for path, _, body in server.posted] == [
        ("/hook", {"text": "House: It broke"})
    ] * 2
    assert announce(f"{server.url}/secret", "House", values, NOW) == "refuses the connection"


def test_the_dead_mans_switch_reports_each_change_and_the_rest_once_a_minute() -> None:
    pings: list[str] = []
    heart = Heartbeat("https://hc.example.org/uuid", lambda url: pings.append(url) or "")
    heart.beat("issues", NOW, good=True)
    heart.beat("collect", NOW.replace(second=20), good=True)
    assert len(pings) == 1
    heart.beat("collect", NOW.replace(second=40), good=False)
    heart.beat("issues", NOW.replace(second=41), good=True)  # the other part has not recovered
    assert pings[1:] == ["https://hc.example.org/uuid/fail"]
    heart.beat("collect", NOW.replace(second=59), good=True)
    assert pings[2:] == ["https://hc.example.org/uuid"]
    heart.beat("issues", NOW.replace(minute=2), good=True)
    assert len(pings) == 4


def test_the_dead_mans_switch_pings_over_http_and_only_if_there_is_one() -> None:
    with receiver() as server:
        heart = Heartbeat(f"{server.url}/uuid?x=1")
        assert heart.beat("pass", NOW, good=False) == ""
        server.status = 500
        assert heart.beat("pass", NOW, good=True) == "answers 500"
    assert [path for path, *_ in server.posted] == ["/uuid/fail?x=1", "/uuid?x=1"]
    assert Heartbeat("").beat("pass", NOW, good=True) == ""
    assert failing("https://hc.example.org/uuid/") == "https://hc.example.org/uuid/fail"
