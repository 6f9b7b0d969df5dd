"""A loopback SMTP server that refuses, breaks off and remembers."""

import socket
from collections import Counter, deque
from collections.abc import Iterable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """What the server was given; `faults` are used up one per message.

    A fault is `ok`, `rcpt_550`, `rcpt_450`, `data_550`, `accept_drop` (kept, then the connection
    is cut before the answer) or `drop` (cut at RCPT).
    """

    def __init__(self, faults: Iterable[str] = ()) -> None:
        """Take the faults in order."""
        self.faults = deque(faults)
        self.messages: list[EmailMessage] = []
        self.sessions = 0
        self._present = "ok"

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

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or do what the next fault says."""
        self._present = self.faults.popleft() if self.faults else "ok"
        if self._present == "drop" and server.transport:
            server.transport.close()
        if self._present.startswith("rcpt_"):
            return f"{self._present[5:]} no such person <{address}>"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a message, or do what the present fault says."""
        if self._present.startswith("data_"):
            return f"{self._present[5:]} content not liked"
        parsed = message_from_bytes(envelope.content, policy=default)
        self.messages.append(parsed)  # type: ignore[arg-type]
        if self._present == "accept_drop" and server.transport:
            server.transport.abort()
        return "250 OK"

    def copies(self) -> Counter[str]:
        """Count how many mails each address got."""
        return Counter(str(one["To"].addresses[0].addr_spec) for one in self.messages)


class Smtp:
    """The server: a context manager with `url` and `mailbox`."""

    def __init__(self, faults: Iterable[str] = ()) -> None:
        """Listen on a free port of this machine once entered."""
        self.mailbox = Mailbox(faults)
        self._controller = Controller(self.mailbox, hostname="127.0.0.1", port=_free())

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


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
