"""A loopback SMTP server with the extensions that save round trips; faults as in `fakes.smtp`.

It is strict where a client could go wrong: no second MAIL without RSET, no content before its
command was answered (unless PIPELINING is offered), no line that is not ended by CRLF.
"""

import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.fakes.sendgrid import SLOW
from tests.fakes.smtp import KEPT, Mailbox

ALL = ("PIPELINING", "CHUNKING", "8BITMIME", "SMTPUTF8")


class Esmtp(socketserver.ThreadingTCPServer):
    """The server: a context manager with `url` and `mailbox`.

    `most` messages are taken over one connection; the next MAIL gets 421. `tls` makes it offer
    STARTTLS, and `injects` bytes that an attacker adds before TLS begins. With `helo_only`, it does
    not know EHLO. After `idle` seconds without a command it closes the connection. With
    `goes_on`, it answers 354 to DATA even without a recipient. A message takes `pause` seconds.
    Recipients whose domain is in `busy` are deferred.
    """

    provider = "smtp"
    allow_reuse_address = True
    daemon_threads = True

    def __init__(  # noqa: PLR0913 - one argument per thing that a test varies
        self,
        faults: Iterable[str] = (),
        ledger: Path | None = None,
        *,
        offers: Iterable[str] = ALL,
        most: int | None = None,
        tls: ssl.SSLContext | None = None,
        helo_only: bool = False,
        injects: bytes = b"",
        idle: float | None = None,
        goes_on: bool = False,
        pause: float = 0.0,
    ) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), _Connection)
        self.mailbox = Mailbox(faults, ledger)
        self.offers = tuple(offers)
        self.most = most
        self.tls = tls
        self.helo_only = helo_only
        self.injects = injects
        self.idle = idle
        self.goes_on = goes_on
        self.pause = pause
        self.busy: set[str] = set()
        self.lock = threading.Lock()
        self.commands: list[str] = []
        self.problems: list[str] = []
        self.reused = 0
        self._serving = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Return the address for SMTP_URL."""
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        """Serve in the background."""
        self._serving.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop serving; complain about a client that broke the rules."""
        self.shutdown()
        self.server_close()
        assert not self.problems, self.problems

    def handle_error(self, *_request: object) -> None:
        """Stay silent: clients that are killed are expected."""


class _Connection(socketserver.BaseRequestHandler):
    server: Esmtp

    def setup(self) -> None:
        self.socket: socket.socket = self.request
        self.socket.settimeout(self.server.idle)
        self.received = b""
        self.sender: str | None = None
        self.recipient: str | None = None
        self.fault = "ok"
        self.content = b""
        self.taken = 0

    def handle(self) -> None:
        with suppress(OSError):
            self.say("220 esmtp")
            while (line := self.line()) and self.command(line):
                pass

    def finish(self) -> None:
        with suppress(OSError):
            self.socket.close()

    def say(self, *lines: str) -> None:
        marks = ["-"] * (len(lines) - 1) + [" "]
        answers = [
            f"{line[:3]}{mark}{line[4:]}\r\n" for line, mark in zip(lines, marks, strict=True)
        ]
        self.socket.sendall("".join(answers).encode())

    def line(self) -> str:
        while b"\r\n" not in self.received:
            arrived = self.socket.recv(65536)
            if not arrived:
                return ""
            self.received += arrived
        line, _, self.received = self.received.partition(b"\r\n")
        with self.server.lock:
            self.server.commands.append(line.decode())
        alone = "PIPELINING" in self.server.offers or line.startswith(b"BDAT") or not self.received
        if not alone:
            self.server.problems.append(f"{line!r} was not alone")
        return line.decode()

    def exactly(self, size: int) -> bytes:
        while len(self.received) < size:
            arrived = self.socket.recv(65536)
            if not arrived:
                raise OSError
            self.received += arrived
        content, self.received = self.received[:size], self.received[size:]
        return content

    def command(self, line: str) -> bool:
        verb, _, rest = line.partition(" ")
        known = {"EHLO", "HELO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT", "STARTTLS"}
        if verb.upper() not in known or (verb.upper() == "EHLO" and self.server.helo_only):
            self.say("502 unknown command")
            return True
        does: bool = getattr(self, f"do_{verb.lower()}")(rest)
        return does

    def do_ehlo(self, _name: str) -> bool:
        with self.server.lock:
            self.server.mailbox.sessions += 1
        offers = list(self.server.offers)
        if self.server.tls and not isinstance(self.socket, ssl.SSLSocket):
            offers.append("STARTTLS")
        self.say("250 esmtp", *(f"250 {offer}" for offer in offers))
        return True

    def do_helo(self, _name: str) -> bool:
        with self.server.lock:
            self.server.mailbox.sessions += 1
        self.say("250 esmtp")
        return True

    def do_starttls(self, _rest: str) -> bool:
        assert self.server.tls
        self.socket.sendall(b"220 go\r\n" + self.server.injects)
        self.socket = self.server.tls.wrap_socket(self.socket, server_side=True)
        with self.server.lock:
            self.server.reused += bool(self.socket.session_reused)
        return True

    def do_noop(self, _rest: str) -> bool:
        self.say("250 ok")
        return True

    def do_quit(self, _rest: str) -> bool:
        self.say("221 bye")
        return False

    def do_rset(self, _rest: str) -> bool:
        self.sender = self.recipient = None
        self.say("250 ok")
        return True

    def do_mail(self, rest: str) -> bool:
        if self.sender is not None:
            self.server.problems.append("MAIL within a transaction")
        if self.server.most is not None and self.taken >= self.server.most:
            self.say("421 too many messages over this connection")
            return False
        with self.server.lock:
            faults = self.server.mailbox.faults
            fault = faults.popleft() if faults and faults[0].startswith("mail_") else ""
        if fault:
            self.say(f"{fault[5:]} not from here")
            return True
        self.sender = rest.partition("<")[2].partition(">")[0]
        self.say("250 ok")
        return True

    def do_rcpt(self, rest: str) -> bool:
        if self.sender is None:
            self.say("503 MAIL first")
            return True
        with self.server.lock:
            faults = self.server.mailbox.faults
            self.fault = faults.popleft() if faults else "ok"
        if self.fault == "drop":
            return False
        if self.fault.startswith("rcpt_"):
            self.say(f"{self.fault[5:]} no such person <{rest}>")
            return True
        recipient = rest.partition("<")[2].partition(">")[0]
        if recipient.rpartition("@")[2] in self.server.busy:
            self.say("451 4.7.1 too many messages")
            return True
        self.recipient = recipient
        self.say("250 ok")
        return True

    def do_data(self, _rest: str) -> bool:
        if self.recipient is None and not self.server.goes_on:
            self.say("503 RCPT first")
            return True
        self.say("354 go on")
        while (end := (b"\r\n" + self.received).find(b"\r\n.\r\n")) < 0:
            arrived = self.socket.recv(65536)
            if not arrived:
                raise OSError
            self.received += arrived
        content, self.received = self.received[:end], self.received[end + 3 :]
        if self.recipient is None:
            if content:
                self.server.problems.append("content without a recipient")
            self.say("554 no valid recipients")
            return True
        return self.message(content.replace(b"\r\n..", b"\r\n."))

    def do_bdat(self, rest: str) -> bool:
        size, _, last = rest.partition(" ")
        self.content += self.exactly(int(size))
        if last != "LAST":
            self.say("250 go on")
            return True
        content, self.content = self.content, b""
        if self.recipient is None:
            self.say("503 RCPT first")
            return True
        return self.message(content)

    def message(self, content: bytes) -> bool:
        if b"\n" in content.replace(b"\r\n", b""):
            self.server.problems.append("a line that does not end with CRLF")
        time.sleep(self.server.pause)
        recipient, fault = self.recipient, self.fault
        self.sender = self.recipient = None
        self.taken += 1
        if fault in KEPT:
            with self.server.lock:
                self.server.mailbox.keep(content, str(recipient))
        elif fault.startswith("data_"):
            self.say(f"{fault[5:]} content not liked")
            return True
        return self.finish_message(fault)

    def finish_message(self, fault: str) -> bool:
        if fault == "accept_drop":
            linger = struct.pack("ii", 1, 0)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return False
        if fault == "data_slow":
            time.sleep(SLOW)
        if fault == "drip":
            for byte in b"250-" + b"s" * 200:
                self.socket.sendall(bytes([byte]))
                time.sleep(0.05)
        if fault == "garbled":
            self.socket.sendall(b"what?\r\n")
            return True
        self.socket.sendall(b"250 ok\r\n" * (2 if fault == "accept_twice" else 1))
        return True
