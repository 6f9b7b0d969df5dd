"""A loopback SMTP server that refuses and disconnects on demand, and keeps what it accepted.

Like the SendGrid fake, it can keep a ledger: one line per accepted message, written before the
answer.
"""

import asyncio
import socket
from collections import Counter, deque
from collections.abc import Iterable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Self
from weakref import WeakKeyDictionary

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.fakes.sendgrid import SLOW, Ledger

KEPT = {"ok", "accept_drop", "accept_twice", "data_slow", "garbled", "drip"}


class Mailbox:
    """What the server accepted. It uses up one of `faults` per message.

    - `ok`
    - `mail_450`, `rcpt_550`, `rcpt_450`, `data_550`: this reply (any code, and text if needed)
    - `drop`: disconnect at RCPT
    - faults that keep the message: `accept_drop` (disconnect before the answer), `data_slow`,
      `garbled` (an invalid answer) and `drip` (an answer of many slow bytes)
    """

    def __init__(self, faults: Iterable[str] = (), ledger: Path | None = None) -> None:
        """Take the faults in order, and the path of the ledger, if any."""
        self.faults = deque(faults)
        self.messages: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.senders: list[str] = []
        self.sessions = 0
        self._ledger = Ledger(ledger) if ledger else None
        self._present: WeakKeyDictionary[Session, str] = WeakKeyDictionary()

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Count the connections."""
        session.host_name = hostname
        self.sessions += 1
        return responses

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Accept a sender, or act as the next fault demands."""
        if self.faults and self.faults[0].startswith("mail_"):
            return f"{self.faults.popleft()[5:]} not from <{address}>"
        envelope.mail_from = address
        self.senders.append(address)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept a recipient, or act as the next fault demands. Sessions do not share faults."""
        fault = self._present[session] = self.faults.popleft() if self.faults else "ok"
        if fault == "drop" and server.transport:
            server.transport.close()
        if fault.startswith("rcpt_"):
            return f"{fault[5:]} no such person <{address}>"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep a message, or act as the current fault demands."""
        fault = self._present[session]
        if fault in KEPT:
            assert isinstance(envelope.content, bytes)
            self.keep(envelope.content, envelope.rcpt_tos[0])
        elif fault.startswith("data_"):
            return f"{fault[5:]} content not liked"
        if fault == "accept_drop" and server.transport:
            server.transport.abort()
        if fault == "data_slow":
            await asyncio.sleep(SLOW)
        if fault == "drip" and server.transport:
            for byte in b"250-" + b"s" * 200:
                server.transport.write(bytes([byte]))
                await asyncio.sleep(0.05)
        return "what?" if fault == "garbled" else "250 OK"

    def keep(self, content: bytes, address: str) -> None:
        """Keep an accepted message, and write it into the ledger."""
        parsed = message_from_bytes(content, policy=default)
        if self._ledger:
            delivery = str(parsed["Message-ID"]).strip("<>").partition("@")[0].partition(".")[0]
            self._ledger.write([], [(address, delivery)])
        self.raw.append(content)
        self.messages.append(parsed)  # type: ignore[arg-type]

    def copies(self) -> Counter[str]:
        """Count how many emails each address got."""
        return Counter(str(email["To"].addresses[0].addr_spec) for email in self.messages)


class Smtp:
    """The server: a context manager with `url` and `mailbox`."""

    provider = "smtp"

    def __init__(self, faults: Iterable[str] = (), ledger: Path | None = None) -> None:
        """Prepare to listen on a free port of this machine; entering starts it."""
        self.mailbox = Mailbox(faults, ledger)
        self._controller = Controller(self.mailbox, hostname="127.0.0.1", port=free_port())

    @property
    def url(self) -> str:
        """Return the address for SMTP_URL."""
        return f"smtp://127.0.0.1:{self._controller.port}"

    def __enter__(self) -> Self:
        """Serve in the background."""
        self._controller.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop serving."""
        self._controller.stop()


def free_port() -> int:
    """Return a port of this machine that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
