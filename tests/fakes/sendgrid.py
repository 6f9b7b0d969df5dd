"""A loopback server that speaks SendGrid's Mail Send, misbehaves on demand, and keeps a ledger.

Crash tests are judged by the ledger: one line per accepted request, written before any answer. It
is a file, so that it outlives every process and all can read it.

    python tests/fakes/sendgrid.py --ledger PATH [--faults accept_drop,ok,…] [--delay 0.1]

prints its port on the first line and serves until it is killed.
"""

import argparse
import json
import socket
import socketserver
import struct
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

FAULTS = (
    "ok",
    "accept_drop",
    "accept_500",
    "accept_slow",
    "503",
    "429",
    "429_reset",
    "reset",
    "redirect",
    "400_one",
    "400",
    "401",
    "html_502",
    "drip",
    "103_late",
)
"""What the server may do with a request. Faults named accept_* write it into the ledger first."""

SLOW = 0.7
"""Seconds before an accepted request is answered: longer than the tests' workers wait."""
_ACCEPTED: tuple[int, dict[str, Any] | None, str] = (202, None, "X-Message-Id: fake-id\r\n")
ANSWERS: dict[str, tuple[int, dict[str, Any] | None, str]] = {
    "ok": _ACCEPTED,
    "accept_slow": _ACCEPTED,
    "accept_500": (500, {"message": "try later"}, ""),
    "503": (503, {"message": "try later"}, ""),
    "429": (429, {"message": "too many requests"}, ""),
    "429_reset": (429, {"message": "too many requests"}, ""),
    "redirect": (302, None, "Location: http://127.0.0.1:9/steal\r\n"),
    "400_one": (400, {"message": "Not a valid address.", "field": "personalizations.1.to"}, ""),
    "nul": (202, None, "X-Message-Id: fake\0id\r\n"),
    "400_nul": (
        400,
        {"message": "Not an\0\x1b address", "field": "personalizations.1.to"},
        "",
    ),
    "400": (400, {"message": "Bad Request", "field": None}, ""),
    "401": (401, {"message": "The provided authorization grant is invalid"}, ""),
    "403": (403, {"message": "Too many bad requests"}, ""),
    "413": (413, {"message": "too large"}, ""),
    "html_502": (502, None, ""),
}


class Ledger:
    """One JSON line per accepted request: the attempt, and the address and delivery of each.

    An SMTP server does not learn the attempt, and accepts one message at a time.
    """

    def __init__(self, path: Path) -> None:
        """Take the path; the file need not exist yet."""
        self.path = path
        self._lock = threading.Lock()

    def accept(self, body: dict[str, Any]) -> None:
        """Append the content of a request."""
        people = body["personalizations"]
        attempts = sorted({person["custom_args"]["nl_attempt"] for person in people})
        to = [(person["to"][0]["email"], person["custom_args"]["nl_delivery"]) for person in people]
        self.write(attempts, to)

    def write(self, attempts: list[str], to: list[tuple[str, str]]) -> None:
        """Append one line: attempts, and addresses with their deliveries."""
        line = {"attempts": attempts, "to": to}
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()

    def requests(self) -> list[dict[str, Any]]:
        """Return what was accepted, in order."""
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text("utf-8").splitlines()]

    def copies(self) -> Counter[str]:
        """Count how many emails each address got."""
        return Counter(address for request in self.requests() for address, _ in request["to"])

    def attempts(self) -> list[str]:
        """Return every attempt id that was accepted."""
        return [attempt for request in self.requests() for attempt in request["attempts"]]


class SendGrid(socketserver.ThreadingTCPServer):
    """The server. It uses up one of `faults` per request, then accepts everything.

    It refuses a whole request with an `unwelcome` address, without a reason.
    """

    provider = "sendgrid"
    allow_reuse_address = True
    daemon_threads = True

    def __init__(
        self, ledger: Path, faults: Iterable[str] = (), *, delay: float = 0.0, port: int = 0
    ) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", port), _Connection)
        self.ledger = Ledger(ledger)
        self.faults = deque(faults)
        self.unwelcome: set[str] = set()
        self.asked = 0
        self.delay = delay
        self.keep = True
        self.bodies: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.connections = 0
        self._serving = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Return the address to use as the API's host."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        """Serve in the background."""
        self._serving.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()

    def handle_error(self, *_request: object) -> None:
        """Stay silent: killed clients are expected."""


class _Connection(socketserver.StreamRequestHandler):
    server: SendGrid
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.server.connections += 1
        with suppress(OSError):
            while self._one():
                pass

    def _one(self) -> bool:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline(65536)
            if not line:
                return False
            head += line
        length = int(_header(head, "content-length") or 0)
        raw = self.rfile.read(length)
        if len(raw) < length:
            return False
        if self.server.keep:
            self.server.heads.append(head.decode("latin-1"))
        fault = self.server.faults.popleft() if self.server.faults else "ok"
        return self._answer(fault, json.loads(raw))

    def _answer(self, fault: str, body: dict[str, Any]) -> bool:
        self.server.asked += 1
        problem = _problem(body, self.server.unwelcome)
        if problem:
            return self._reply(400, {"errors": [problem]})
        if self.server.keep:
            self.server.bodies.append(body)
        if fault == "ok" and body.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
            return self._reply(200, None)
        if fault in {"ok", "accept_drop", "accept_500", "accept_slow", "drip"}:
            self.server.ledger.accept(body)
        if self.server.delay:
            time.sleep(self.server.delay)
        return self._fault(fault)

    def _fault(self, fault: str) -> bool:
        if fault == "accept_slow":
            time.sleep(SLOW)
        if fault == "drip":
            return self._drip()
        if fault == "103_late":
            return self._hint()
        if fault == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        if fault in {"accept_drop", "reset"}:
            return False
        status, error, headers = ANSWERS[fault]
        reset = f"X-RateLimit-Reset: {int(time.time()) + 2}\r\n{_date()}"
        headers = reset if fault == "429_reset" else headers
        if fault == "html_502":
            return self._send(status, b"<html>Bad Gateway</html>", "")
        return self._reply(status, {"errors": [error]} if error else None, headers)

    def _drip(self) -> bool:
        """Answer one byte at a time, for longer than a client should wait."""
        for byte in b"HTTP/1.1 202 Accepted\r\nX-Slow: " + b"s" * 200:
            self.connection.sendall(bytes([byte]))
            time.sleep(0.05)
        return False

    def _hint(self) -> bool:
        """Give an interim answer first, and shortly after it the final one: a refusal."""
        self.connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n")
        time.sleep(0.1)
        return self._reply(*ANSWERS["413"])

    def _reply(self, status: int, body: object, headers: str = "") -> bool:
        return self._send(status, b"" if body is None else json.dumps(body).encode(), headers)

    def _send(self, status: int, content: bytes, headers: str) -> bool:
        head = f"HTTP/1.1 {status} Answer\r\nContent-Length: {len(content)}\r\n{headers}\r\n"
        self.connection.sendall(head.encode() + content)
        return True


def _problem(body: dict[str, Any], unwelcome: set[str]) -> dict[str, Any] | None:
    """Refuse what the real service refuses: the whole request for one invalid recipient."""
    for place, person in enumerate(body["personalizations"]):
        address = person["to"][0]["email"]
        if address in unwelcome:
            return {"message": "Bad Request", "field": None}
        if "invalid" in address:
            return {
                "message": "Does not contain a valid address.",
                "field": f"personalizations.{place}.to",
                "help": "http://sendgrid.com/docs/errors.html",
            }
    return None


def _header(head: bytes, name: str) -> str:
    for line in head.decode("latin-1").split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name:
            return value.strip()
    return ""


def _date() -> str:
    return time.strftime("Date: %a, %d %b %Y %H:%M:%S GMT\r\n", time.gmtime())


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--faults", default="")
    parser.add_argument("--delay", type=float, default=0.0)
    given = parser.parse_args()
    faults = [fault for fault in given.faults.split(",") if fault]
    with SendGrid(given.ledger, faults, delay=given.delay) as server:
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
