"""The demo in a terminal: it continues to serve, and the links in its emails work."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from email import message_from_bytes, policy
from http import HTTPStatus
from pathlib import Path

import httpx2

PATIENCE = 90.0


class Terminal:
    """A program in a new terminal, with its output so far."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        """Start the program."""
        self.printed = ""
        self._end, theirs = pty.openpty()
        self._program = subprocess.Popen(
            command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            while output := os.read(self._end, 4096):
                self.printed += output.decode(errors="replace")
        except OSError:
            return

    def wait_for(self, words: str) -> None:
        """Wait until the program has printed these words."""
        ends = time.monotonic() + PATIENCE
        while words not in self.printed:
            assert time.monotonic() < ends, self.printed
            assert self._reader.is_alive(), self.printed
            time.sleep(0.1)

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self._program.send_signal(signal.SIGINT)
        return self._program.wait(timeout=PATIENCE)


def get(address: str) -> httpx2.Response:
    return httpx2.get(address, trust_env=False, timeout=20)


def test_the_links_of_an_email_work_until_ctrl_c(
    environment: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "newsletter", "demo", "--dir", str(tmp_path)]
    terminal = Terminal(command, environment | {"TERM": "dumb"})
    try:
        terminal.wait_for("Press Ctrl-C to stop")
        assert get(re.findall(r"Desk\s+(\S+)", terminal.printed)[0]).status_code == HTTPStatus.OK
        path = min((tmp_path / "outbox").glob("*.eml"))
        email = message_from_bytes(path.read_bytes(), policy=policy.default)
        html = email.get_body(("html",)).get_content()  # type: ignore[union-attr] # every email has one
        links = {link.replace("&amp;", "&") for link in re.findall(r'href="(http[^"]+)"', html)}
        assert len(links) > 5
        for link in links:
            assert get(link).status_code == HTTPStatus.OK, link
    finally:
        code = terminal.stop()
    assert code == 0, terminal.printed
    assert "Traceback" not in terminal.printed
    listening = re.findall(r"listening on (\S+?)\)", terminal.printed)[0]
    with socket.socket() as again:
        host, _, port = listening.rpartition(":")
        assert again.connect_ex((host, int(port))), "a process still listens"
