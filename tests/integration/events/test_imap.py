"""The mailbox for bounces on a real IMAP server."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from imap_tools import MailBoxUnencrypted

from newsletter.errors import NotAllowed
from newsletter.esp.returned.address import MailboxAddress
from newsletter.esp.returned.mailboxes import Letterbox, open_letterbox
from newsletter.esp.returned.reading import ReturnKind
from newsletter.model.actor import MACHINE
from newsletter.usecases import returned
from tests.fakes.dovecot import Imap, dovecot, is_installed
from tests.fakes.returned import plain, report
from tests.integration.events.conftest import Desk


@pytest.fixture
def imap() -> Iterator[Imap]:
    if not is_installed():
        if os.environ.get("REQUIRE_IMAP"):
            pytest.fail("Dovecot is not installed")
        pytest.skip("Dovecot is not installed (on Debian: apt-get install dovecot-imapd)")
    with tempfile.TemporaryDirectory() as folder, dovecot(Path(folder)) as server:
        yield server


def _box(imap: Imap, then: str = "") -> Letterbox:
    return open_letterbox(MailboxAddress.parse(imap.url + then))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("then", ["", "?then=delete", "?then=keep"])
def test_emails_are_taken_in_once(desk: Desk, imap: Imap, then: str) -> None:
    bounce = report("5.1.1", "550 user unknown", to=desk.context.returns.address("1-3"))
    imap.deliver("1.a", bounce)
    imap.deliver("2.b", plain("a@example.net", "Thank you", "Nice."))
    done = returned.empty(desk.context, MACHINE, _box(imap, then))
    assert done.kinds == {ReturnKind.BOUNCE: 1, ReturnKind.OTHER: 1}
    assert desk.states()[2] == "bounced"
    assert returned.empty(desk.context, MACHINE, _box(imap, then)).kinds == {}
    kept = list((imap.new.parent / "cur").iterdir())
    assert len(kept) == (0 if then == "?then=delete" else 2)


def test_a_wrong_password_is_reported_without_it(imap: Imap) -> None:
    address = MailboxAddress.parse(imap.url.replace("secret", "hidden"))
    with pytest.raises(NotAllowed, match="cannot be read") as caught:
        list(open_letterbox(address).letters())
    assert "hidden" not in str(caught.value)


def test_a_missing_server_is_reported() -> None:
    address = MailboxAddress.parse("imap://ada:hidden@127.0.0.1:1/INBOX")
    with pytest.raises(NotAllowed, match="refused"):
        list(open_letterbox(address).letters())


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_emails_are_moved_to_a_folder_that_exists(desk: Desk, imap: Imap) -> None:
    imap.deliver("1.a", plain("a@example.net", "Thank you", "Nice."))
    with pytest.raises(NotAllowed, match="then=move for an email"):
        returned.empty(desk.context, MACHINE, _box(imap, "?then=move:Done"))
    with MailBoxUnencrypted("127.0.0.1", imap.port).login("ada", "secret") as box:
        box.folder.create("Done")
    assert returned.empty(desk.context, MACHINE, _box(imap, "?then=move:Done")).kinds == {
        ReturnKind.OTHER: 1
    }
    with MailBoxUnencrypted("127.0.0.1", imap.port).login("ada", "secret", "Done") as box:
        assert len(box.uids()) == 1
