"""The bodies for SendGrid: right for every recipient, and never over a documented limit."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.esp.port import Letter, Recipient
from newsletter.esp.sendgrid.body import PART, BodyTemplate
from newsletter.esp.sendgrid.limits import MOST_VALUES, BodyError, check
from newsletter.model.personalization import fill
from newsletter.model.publication import Mailbox
from newsletter.send.headers import letter
from tests.fakes.issues import NONCE, NOW, PUBLICATION, WEEKLY, sample_edition

LETTER = letter(PUBLICATION, WEEKLY, sample_edition(), kind="regular", date=NOW)
ADA = Recipient("7-1", "ada@example.net", "Ada", "m1a2b.weekly.1.0f0f")


def _body(*people: Recipient, letter: Letter = LETTER) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(BodyTemplate(letter).fill("7.1:1", people).content)
    return body


def test_a_personalization_contains_everything_for_one_recipient() -> None:
    (person,) = _body(ADA)["personalizations"]
    assert person == {
        "to": [{"email": "ada@example.net", "name": "Ada"}],
        "custom_args": {"nl_delivery": "7-1", "nl_attempt": "7.1:1"},
        "headers": {
            "List-Unsubscribe": "<https://news.example.org/unsubscribe/m1a2b.weekly.1.0f0f>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "substitutions": {
            f"-nl{NONCE}-token-": ADA.token,
            f"-nl{NONCE}-token.t-": ADA.token,
            f"-nl{NONCE}-delivery-": "7-1",
            f"-nl{NONCE}-name-": ", Ada",
            f"-nl{NONCE}-name.t-": ", Ada",
        },
    }


def test_everything_else_is_transmitted_once() -> None:
    body = _body(ADA)
    del body["personalizations"]
    assert body == {
        "from": {"email": "brief@example.org", "name": "Peninsula Review"},
        "reply_to": {"email": "editors@example.org"},
        "subject": "Edition 1 of the week",
        "content": [
            {"type": "text/plain", "value": LETTER.text},
            {"type": "text/html", "value": LETTER.html},
        ],
        "headers": {
            "List-ID": '"The Weekly Brief" <weekly.example.org>',
            "Feedback-ID": "7:regular:weekly:exampleorg",
        },
        "categories": ["weekly"],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
        },
    }


LETTERS = st.text(alphabet="aä한 _-'\"<\\n\n\t;,.%\u202e\x00", max_size=8)


@given(st.lists(st.text(max_size=80) | LETTERS, min_size=1, max_size=6))
def test_any_name_gives_the_same_text_as_over_smtp(names: list[str]) -> None:
    people = [
        Recipient(f"7-{n}", f"reader{n}@example.net", name, f"tok.{n}")
        for n, name in enumerate(names)
    ]
    body = _body(*people)
    assert len(body["personalizations"]) == len(people)
    for recipient, person in zip(people, body["personalizations"], strict=True):
        assert person["to"][0]["email"] == recipient.address
        assert not set(";,\r\n") & set(person["to"][0].get("name", ""))
        assert person["to"][0].get("name", "x") != ""
        filled = recipient.replacements(NONCE)
        assert fill(LETTER.html, person["substitutions"]) == fill(LETTER.html, filled)
        assert fill(LETTER.text, person["substitutions"]) == fill(LETTER.text, filled)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=50))
def test_the_text_of_the_letter_is_unchanged(words: str) -> None:
    changed = replace(LETTER, html=f"<p>{words} 100% %s {{}}</p>", text=f"x{words}")
    content = _body(ADA, letter=changed)["content"]
    assert [part["value"] for part in content] == [changed.text, changed.html]


@pytest.mark.parametrize(
    "address",
    [
        "no-at-sign",
        "two@at@signs.example",
        "with space@example.net",
        "josé@example.net",
        "@example.net",
        "ada@",
        "",
        "a@" + "x" * 320,
        "ada@example.net\nbcc@example.net",
    ],
)
def test_an_address_that_sendgrid_would_refuse_is_left_out_alone(address: str) -> None:
    others = [
        ADA,
        Recipient("7-2", address, "B", "t"),
        ADA._replace(delivery="7-3", address="c@d.e"),
    ]
    body = BodyTemplate(LETTER).fill("7.1:1", others)
    assert list(body.refused) == ["7-2"]
    assert [recipient.delivery for recipient in body.recipients] == ["7-1", "7-3"]
    assert len(json.loads(body.content)["personalizations"]) == 2


ADDRESSES = st.text(alphabet='aZ0.+"\\;@@ \n\x7f\xe9\u2028\ud800', max_size=6)


@given(st.lists(ADDRESSES | st.just("b@c.de"), min_size=1, max_size=4))
def test_an_address_is_left_out_exactly_if_it_is_invalid(addresses: list[str]) -> None:
    """Whether a recipient is refused does not depend on the others in the batch."""
    people = [Recipient(f"7-{n}", address, "", "t") for n, address in enumerate(addresses)]
    refused = BodyTemplate(LETTER).fill("7.1:1", people).refused
    seen: set[str] = set()
    for recipient in people:
        local, at, domain = recipient.address.partition("@")
        plain = all("!" <= letter <= "~" for letter in recipient.address)
        right = bool(local and at and domain) and "@" not in domain and plain
        assert (recipient.delivery in refused) == (not right or recipient.address.lower() in seen)
        seen.add(recipient.address.lower())


def test_the_same_address_in_other_letter_case_is_included_once() -> None:
    body = BodyTemplate(LETTER).fill(
        "7.1:1", [ADA, ADA._replace(delivery="7-2", address="ADA@example.net")]
    )
    assert body.refused == {"7-2": "the same address twice in one batch"}


def test_quotation_marks_in_an_address_are_escaped() -> None:
    body = _body(ADA._replace(address='"ada"@example.net'))
    assert body["personalizations"][0]["to"][0]["email"] == '"ada"@example.net'


def test_substitutions_over_ten_thousand_bytes_refuse_the_recipient() -> None:
    body = BodyTemplate(LETTER).fill("7.1:1", [ADA._replace(token="t" * 9000)])
    assert list(body.refused) == ["7-1"]
    assert not body.content


@pytest.mark.parametrize("name", ["Ada", "'" * 60, "한" * 60, "😀" * 60, "a" * 9000, ""])
def test_substitutions_are_weighed_to_the_byte_as_transmitted(name: str) -> None:
    """10,000 bytes are accepted, 10,001 are not."""
    recipient = ADA._replace(name=name, token="t")  # noqa: S106 - no password
    (person,) = _body(recipient)["personalizations"]
    room = MOST_VALUES - len(orjson.dumps(person["substitutions"]))
    full = recipient._replace(token="t" * (1 + room // 2), delivery="7-1" + "1" * (room % 2))
    (person,) = _body(full)["personalizations"]
    assert len(orjson.dumps(person["substitutions"])) == MOST_VALUES
    over = full._replace(delivery=full.delivery + "1")
    body = BodyTemplate(LETTER).fill(
        "7.1:1", [over, ADA._replace(delivery="7-9", address="b@c.de")]
    )
    assert list(body.refused) == [over.delivery]


@pytest.mark.parametrize("number", [1, PART - 1, PART, PART + 1, 2 * PART, 1000])
def test_a_body_has_every_recipient_in_order_however_many_parts_it_has(number: int) -> None:
    people = [
        ADA._replace(delivery=f"7-{place}", address=f"reader{place}@example.net")
        for place in range(1, number + 1)
    ]
    filled = BodyTemplate(LETTER).fill("7.1:1", people)
    assert len(filled.parts) == 1 + -(-number // PART)
    found = json.loads(filled.content)["personalizations"]
    assert [each["custom_args"]["nl_delivery"] for each in found] == [p.delivery for p in people]
    assert found[-1] == _body(people[-1])["personalizations"][0]


def test_more_than_a_thousand_recipients_are_never_sent() -> None:
    people = [Recipient(f"7-{n}", f"r{n}@example.net", "", "t") for n in range(1001)]
    with pytest.raises(BodyError, match="1001 recipients"):
        BodyTemplate(LETTER).fill("7.1:1", people)


def test_a_body_of_thirty_megabytes_is_never_sent() -> None:
    with pytest.raises(BodyError, match="bytes"):
        BodyTemplate(replace(LETTER, html="x" * 30_000_000)).fill("7.1:1", [ADA])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"headers": (("To", "x@example.org"),)}, "reserved"),
        ({"headers": (("x-sg-eid", "1"),)}, "reserved"),
        ({"headers": (("X Y", "1"),)}, "not a valid header name"),
        ({"headers": (("X-Ü", "1"),)}, "not a valid header name"),
        ({"headers": (("X-A", "한국"),)}, "one line of ASCII"),
        ({"headers": (("X-A", "a\r\nBcc: b"),)}, "one line of ASCII"),
        ({"headers": (("X-A", "1"), ("x-a", "2"))}, "is there twice"),
        ({"headers": (("Content-Type", "text/plain"),)}, "reserved"),
        ({"headers": (("Bcc", "x@example.org"),)}, "reserved"),
        ({"sender": Mailbox("P", "bücher@example.org")}, "the address of sender"),
        ({"reply_to": Mailbox("P", "a b@example.org")}, "the address of reply_to"),
        ({"subject": "News\r\nBcc: a@example.org"}, "subject must be one line"),
        ({"subject": "News\0"}, "subject must be one line"),
        ({"subject": " "}, "subject is empty"),
        ({"text": ""}, "part of the email is empty"),
        ({"categories": ("a", "a")}, "unique"),
        ({"categories": tuple("abcdefghijk")}, "at most 10"),
        ({"categories": ("한국",)}, "ASCII"),
        ({"categories": ("x" * 256,)}, "255"),
    ],
)
def test_a_letter_over_a_limit_is_rejected(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(BodyError, match=problem):
        check(replace(LETTER, **changes))


def test_sandbox_mode_is_requested_in_the_body() -> None:
    body = json.loads(BodyTemplate(LETTER, sandbox=True).fill("7.1:1", [ADA]).content)
    assert body["mail_settings"] == {"sandbox_mode": {"enable": True}}


def test_tracking_is_stated_explicitly_if_configured() -> None:
    tracked = replace(LETTER, opens=True, clicks=True)
    settings = _body(ADA, letter=tracked)["tracking_settings"]
    assert settings["open_tracking"] == {"enable": True}
    assert settings["click_tracking"] == {"enable": True, "enable_text": False}
    assert settings["subscription_tracking"] == {"enable": False}


@pytest.fixture
def valid() -> Callable[[Any], None]:
    """Return a validator of SendGrid's published description, if its path is set."""
    path = os.environ.get("SENDGRID_OPENAPI", "")
    if not path:
        pytest.skip("SENDGRID_OPENAPI names no tsg_mail_v3.json")
    jsonschema = pytest.importorskip("jsonschema_rs")
    spec = json.loads(Path(path).read_text("utf-8"))
    body = _followed(spec, spec["paths"]["/v3/mail/send"]["post"]["requestBody"])
    schema = body["content"]["application/json"]["schema"]
    validator = jsonschema.Draft202012Validator({"components": spec["components"], **schema})
    return validator.validate  # type: ignore[no-any-return]


def _followed(spec: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return the node that a node refers to, or the node itself."""
    while "$ref" in node:
        found: Any = spec
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        node = found
    return node


def test_bodies_validate_against_the_published_description(valid: Callable[[Any], None]) -> None:
    people = [
        Recipient(f"7-{n}", f"reader{n}@example.net", "Ada" * (n % 3), f"tok{n}")
        for n in range(1000)
    ]
    valid(_body(*people))
    valid(json.loads(BodyTemplate(LETTER, sandbox=True).fill("7.1:1", people[:1]).content))
