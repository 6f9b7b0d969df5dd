"""Logs of mail servers show which messages were accepted, and only those."""

import json

import pytest

from newsletter.send.maillog import accepted

POSTFIX = """\
Nov 23 08:00:01 mx postfix/smtpd[11]: 4BcD1x2Yz3: client=news.example.org[192.0.2.1]
Nov 23 08:00:01 mx postfix/cleanup[12]: 4BcD1x2Yz3: message-id=<7-1@example.org>
Nov 23 08:00:01 mx postfix/qmgr[9]: 4BcD1x2Yz3: from=<brief@example.org>, size=40123, nrcpt=1 (queue active)
Nov 23 08:00:02 mx postfix/smtp[13]: 4BcD1x2Yz3: to=<reader1@example.net>, status=sent (250 OK)
Nov 23 08:00:02 mx postfix/cleanup[12]: 5AbC9: message-id=<7-2@example.org>
Nov 23 08:00:09 mx postfix/smtpd[11]: lost connection after DATA from news.example.org[192.0.2.1]
Nov 23 08:00:10 mx postfix/cleanup[12]: 6AbC9: message-id=<someone@else.example>
Nov 23 08:00:10 mx postfix/qmgr[9]: 6AbC9: from=<x@else.example>, size=1, nrcpt=1 (queue active)
Nov 23 08:00:10 mx postfix/submission/cleanup[12]: 7AbC9: message-id=<7-4.0a1b2c3d@example.org>
Nov 23 08:00:10 mx postfix/qmgr[9]: 7AbC9: from=<brief@example.org>, size=1, nrcpt=1 (queue active)
"""
EXIM = """\
2026-11-23 08:00:01 1tEsTa-000001-Ab <= brief@example.org H=news [192.0.2.1] P=esmtps S=401 id=7-1@example.org
2026-11-23 08:00:01 1tEsTa-000001-Ab => reader1@example.net R=dnslookup T=remote_smtp
2026-11-23 08:00:02 H=news [192.0.2.1] F=<brief@example.org> rejected after DATA: id=7-2@example.org
"""


def ses(kind: str, delivery: str, *, key: str = "eventType") -> str:
    header = {"name": "Message-ID", "value": f"<{delivery}@example.org>"}
    return json.dumps({key: kind, "mail": {"messageId": "0100018", "headers": [header]}})


def test_postfix_has_accepted_what_its_queue_manager_names() -> None:
    assert accepted(POSTFIX.splitlines()) == {"7-1", "7-4.0a1b2c3d"}


def test_exim_has_accepted_what_has_arrived() -> None:
    assert accepted(EXIM.splitlines()) == {"7-1"}


@pytest.mark.parametrize("kind", ["Send", "Delivery", "Bounce", "Complaint"])
def test_amazon_ses_has_accepted_what_it_has_events_about(kind: str) -> None:
    assert accepted([ses(kind, "7-1"), ses("Reject", "7-2")]) == {"7-1"}
    notification = json.dumps({"Message": ses(kind, "7-3", key="notificationType")})
    common = json.dumps(
        {"eventType": kind, "mail": {"commonHeaders": {"messageId": "<7-5@example.org>"}}}
    )
    assert accepted([notification, common]) == {"7-3", "7-5"}


@pytest.mark.parametrize("line", ["", "{", "{}", "[]", '{"mail": 3}', '{"eventType": "Send"}', "x"])
def test_other_lines_say_nothing(line: str) -> None:
    assert accepted([line]) == set()
