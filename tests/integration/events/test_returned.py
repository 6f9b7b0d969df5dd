"""Emails that came back change the right delivery, and only if they prove which one it was."""

import tracemalloc
from pathlib import Path

import pytest

from newsletter.esp.returned.address import MailboxAddress, mailbox_problem
from newsletter.esp.returned.mailboxes import open_letterbox
from newsletter.esp.returned.reading import ReturnKind
from newsletter.model.actor import MACHINE
from newsletter.usecases import returned as usecase
from subscribers.model import SubscriptionState
from subscribers.tokens import Purpose, Signer
from tests.fakes import returned
from tests.fakes.returned import DELIVERY, ORIGINAL, TOKEN, complaint, plain, report
from tests.integration.events.conftest import Desk

SIGNER = Signer([b"k" * 32])


def _token(person: int, purpose: Purpose = Purpose.ISSUE) -> str:
    return SIGNER.mint(person, "weekly", purpose)


def _path(desk: Desk, delivery: str = DELIVERY) -> str:
    return desk.context.returns.address(delivery)


def _take(desk: Desk, raw: bytes, to: str = "") -> usecase.Taken:
    return usecase.take(desk.context, MACHINE, raw, envelope_to=to)


@pytest.mark.parametrize(
    "raw", [report("5.1.1", "550 user unknown"), returned.EXIM, returned.QMAIL]
)
def test_a_bounce_to_the_signed_address_suppresses(desk: Desk, raw: bytes) -> None:
    assert _take(desk, raw, _path(desk)) == usecase.Taken(ReturnKind.BOUNCE, True, True)
    assert desk.states()[2] == "bounced"
    assert desk.person(3).suppressed is not None
    assert desk.status().bounced == 1
    assert _take(desk, raw, _path(desk)) == usecase.Taken(ReturnKind.BOUNCE, True, False)
    assert desk.status().bounced == 1


def test_the_address_may_be_in_a_header(desk: Desk) -> None:
    raw = report("5.1.1", "550 user unknown", to=f"<{_path(desk).upper()}>")
    assert _take(desk, raw).trusted
    assert desk.states()[2] == "bounced"


def test_a_full_mailbox_and_a_refused_content_do_not_suppress(desk: Desk) -> None:
    _take(desk, report("5.2.2", "552 mailbox full"), _path(desk))
    _take(desk, report("5.7.1", "550 blocked by policy"), _path(desk, "1-4"))
    _take(desk, report("4.4.1", "timeout", action="delayed"), _path(desk, "1-5"))
    assert desk.states()[2:5] == ["blocked", "blocked", "deferred"]
    assert [desk.person(number).suppressed for number in (3, 4, 5)] == [None] * 3


@pytest.mark.parametrize(
    "to",
    [
        "",
        "bounces@example.org",
        "bounces+1-3-0123456789abcdef@example.org",
        "bounces+1-3@example.org",
    ],
)
def test_a_forged_bounce_changes_nothing(desk: Desk, to: str) -> None:
    for raw in (report("5.1.1", "550 user unknown"), complaint(), returned.EXIM):
        assert not _take(desk, raw, to).trusted
    assert desk.states() == ["submitted"] * 12
    assert desk.person(3).suppressed is None


def test_a_complaint_that_returns_our_email_is_proof(desk: Desk) -> None:
    original = ORIGINAL.replace(TOKEN, _token(3))
    assert _take(desk, complaint(original=original)).new
    assert desk.states()[2] == "complained"
    suppressed = desk.person(3).suppressed
    assert suppressed is not None
    assert suppressed.reason == "complaint"


def test_the_link_of_another_recipient_is_no_proof(desk: Desk) -> None:
    original = ORIGINAL.replace(TOKEN, _token(4))
    assert not _take(desk, complaint(original=original)).trusted
    assert desk.person(3).suppressed is desk.person(4).suppressed is None


def test_an_opt_out_ends_the_subscription(desk: Desk) -> None:
    desk.office.later(days=1)
    _take(desk, complaint("opt-out", ORIGINAL.replace(TOKEN, _token(3))))
    state = desk.person(3).subscriptions[0].state
    assert state in {SubscriptionState.UNSUBSCRIBED, SubscriptionState.CONFIRMED}


def test_an_unsubscribe_by_email_ends_the_subscription(desk: Desk) -> None:
    assert _take(desk, plain("reader3@example.net", f"Re: {_token(3)}", "-")).new
    assert desk.person(3).subscriptions[0].state is SubscriptionState.UNSUBSCRIBED
    assert not _take(desk, plain("reader3@example.net", _token(3), "-")).new


@pytest.mark.parametrize("token", [TOKEN, _token(3, Purpose.MANAGE), _token(3)[:-1] + "x"])
def test_a_token_that_permits_it_not_unsubscribes_no_one(desk: Desk, token: str) -> None:
    assert not _take(desk, plain("reader3@example.net", token, "-")).trusted
    assert desk.person(3).subscriptions[0].state is SubscriptionState.CONFIRMED


def test_an_automatic_reply_changes_nothing(desk: Desk) -> None:
    raw = plain(
        "reader3@example.net", "Out of office", f"{ORIGINAL}", Auto_Submitted="auto-replied"
    )
    assert _take(desk, raw, _path(desk)) == usecase.Taken(ReturnKind.AUTOMATIC)
    assert desk.states()[2] == "submitted"


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / "box" / folder).mkdir(parents=True)
    return tmp_path / "box"


def test_hostile_emails_do_nothing(desk: Desk, maildir: Path) -> None:
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (depth, depth)
        for depth in range(100)
    )
    attached = b"Content-Type: message/rfc822\n\n" * 100
    dead = report("5.1.1", "550 user unknown")
    emails = {
        "no return path": dead,
        "forged": report("5.1.1", "550", to="bounces+1-3-0123456789abcdef@example.org"),
        "nested": b"To: bounces@example.org\n" + nested + dead,
        "attached": attached + dead,
        "many": report("5.1.1", "550", to="bounces@example.org," * 50_000),
        "complaint": complaint(original="Message-ID: <1-3@example.org>\n"),
    }
    for name, raw in emails.items():
        (maildir / "new" / name).write_bytes(raw)
    with (maildir / "new" / "50 MB").open("wb") as file:
        file.write(dead)
        file.truncate(50 * 1024 * 1024)
    box = open_letterbox(MailboxAddress.parse(f"maildir:{maildir}?then=keep"))
    tracemalloc.start()
    done = usecase.empty(desk.context, MACHINE, box)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30 * 1024 * 1024
    assert sum(done.kinds.values()) == 7
    assert done.new == 0
    assert desk.states() == ["submitted"] * 12
    assert [desk.person(number).suppressed for number in range(1, 13)] == [None] * 12
    assert usecase.empty(desk.context, MACHINE, box).kinds == {}


@pytest.mark.parametrize(("then", "left"), [("keep", ["1.a:2,S", "2.b:2,FS"]), ("delete", [])])
def test_a_maildir_is_taken_in_once(desk: Desk, maildir: Path, then: str, left: list[str]) -> None:
    bounce = report("5.1.1", "550 user unknown", to=_path(desk))
    (maildir / "new" / "1.a").write_bytes(bounce)
    (maildir / "cur" / "2.b:2,F").write_bytes(plain("a@example.net", "Thank you", "Nice."))
    (maildir / "cur" / "3.c:2,S").write_bytes(report("5.1.1", "no", to=_path(desk, "1-4")))
    box = open_letterbox(MailboxAddress.parse(f"maildir:{maildir}?then={then}"))
    done = usecase.empty(desk.context, MACHINE, box)
    assert done.kinds == {ReturnKind.BOUNCE: 1, ReturnKind.OTHER: 1}
    assert (done.new, done.untrusted) == (1, 0)
    assert desk.states()[2:4] == ["bounced", "submitted"]
    names = sorted(path.name for path in maildir.glob("*/*"))
    assert names == sorted([*left, "3.c:2,S"])
    assert usecase.empty(desk.context, MACHINE, box).kinds == {}


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("maildir:/var/mail/bounces", ""),
        ("imaps://user:p%40ss@imap.example.org/INBOX?then=move:Done", ""),
        ("imap://user:p@127.0.0.1:1143", ""),
        ("imap://user:p@imap.example.org", "imaps"),
        ("maildir:relative", "maildir:/path"),
        ("maildir:/x?then=move:y", "Maildir"),
        ("imaps://imap.example.org", "expected"),
        ("imaps://u:secret@host:port", "expected"),
        ("imaps://u:secret@host?then=burn", "then=keep"),
        ("imaps://u:secret@host?then=move", "then=move:FOLDER"),
        ("pop3://u:secret@host", "expected"),
    ],
)
def test_the_address_of_a_mailbox(url: str, problem: str) -> None:
    found = mailbox_problem(url)
    assert (problem in found) if problem else not found
    assert "secret" not in found
