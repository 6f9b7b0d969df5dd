"""A preview for a subscriber and a test send are what that subscriber gets, with inert links."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from newsletter.errors import NotAllowed
from newsletter.usecases import proofs, reviewing
from tests.fakes.house import MONDAY, STAFF, House, continued

TOKEN = re.compile(r"/unsubscribe/([\w.~-]+)")


def approve(opened: House) -> None:
    opened.pass_at(MONDAY - timedelta(days=3))
    opened.pass_at(MONDAY - timedelta(days=1))
    opened.approve()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[House]:
    """Open a publication with an approved issue; its topics make two editions or more."""
    with continued(tmp_path, approve, 'content = "followed"') as opened:
        yield opened


def parsed(data: bytes) -> EmailMessage:
    """Parse an email."""
    message = message_from_bytes(data, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def parts(data: bytes) -> dict[str, str]:
    """Return the headers and bodies that a subscriber reads, with the link's token taken out."""
    message = parsed(data)
    found = {name: str(message[name]) for name in ("To", "From", "Subject", "Date", "List-ID")}
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        found[kind] = str(body.get_content())
    (token,) = set(TOKEN.findall(found["html"]))
    return {
        name: re.sub(r"/1-\d+/", "/1/", text.replace(token, "")) for name, text in found.items()
    }


def test_a_preview_for_a_subscriber_is_the_email_that_goes_out(desk: House) -> None:
    context = desk.app.context
    rendered = reviewing.render(context, STAFF, 1)
    shown = {}
    for address in ("ann@example.org", "bob@example.org", "cyd@example.org"):
        reader = proofs.reader_of(context, STAFF, rendered, address)
        edition = next(one for one in rendered.editions if one.seq == reader.edition)
        shown[address] = proofs.email_for(context, STAFF, rendered, edition, reader)
    desk.pass_at(MONDAY)
    sent = {}
    for path in desk.app.settings.outbox.glob("1-*.eml"):
        data = path.read_bytes()
        sent[parsed(data)["To"].addresses[0].addr_spec] = data
    assert shown.keys() == sent.keys()
    for address, data in sent.items():
        assert parts(shown[address]) == parts(data)
    assert parts(shown["ann@example.org"])["To"] == "Ann <ann@example.org>"


def test_a_test_send_as_a_subscriber_is_marked_and_holds_that_edition(desk: House) -> None:
    context = desk.app.context
    everything = proofs.send_test(context, STAFF, 1, "staff@example.org")
    assert len(everything) > 1
    outbox = desk.app.settings.outbox
    before = set(outbox.glob("test-*.eml"))
    (sent,) = proofs.send_test(context, STAFF, 1, "staff@example.org", subscriber="ann@example.org")
    assert sent.problem == ""
    (path,) = set(outbox.glob("test-*.eml")) - before
    message = parsed(path.read_bytes())
    assert message["Subject"] == f"[TEST] {sent.edition.subject}"
    assert message["To"] == "Ann <staff@example.org>"
    assert not list(outbox.glob("1-*.eml"))


def test_a_test_send_as_a_stranger_is_refused(desk: House) -> None:
    with pytest.raises(NotAllowed, match="not a subscriber"):
        proofs.send_test(
            desk.app.context, STAFF, 1, "staff@example.org", subscriber="zoe@example.org"
        )
