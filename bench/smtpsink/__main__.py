"""A sink for SMTP: accepts every message, keeps nothing but a count.

    python bench/smtpsink [--delay SECONDS] [--offer PIPELINING,CHUNKING] [--tls FILE]

Prints its port on the first line. Commands that arrive together are answered together, `delay`
seconds after they arrived, as over a long line. It does not look into the messages, so that the
client is what is measured. `--tls` names a file with a key and a certificate (TLS from the first
byte).
"""

import argparse
import socket
import ssl
import sys
import threading
import time

ROOM = 1 << 18
GREETING = b"220 sink\r\n"
END = b"\r\n.\r\n"
ANSWERS = {
    b"MAIL": b"250 sender ok\r\n",
    b"RCPT": b"250 recipient ok\r\n",
    b"DATA": b"354 go on\r\n",
    b"RSET": b"250 ok\r\n",
    b"NOOP": b"250 ok\r\n",
    b"HELO": b"250 sink\r\n",
    b"QUIT": b"221 bye\r\n",
}


class Sink:
    """Serves each connection in a thread of its own."""

    def __init__(self, delay: float, offers: list[str], tls: ssl.SSLContext | None) -> None:
        """Listen on a free port."""
        self.delay = delay
        self.tls = tls
        lines = ["sink", *offers, "SIZE 50000000"]
        marks = ["-"] * (len(lines) - 1) + [" "]
        self.ehlo = "".join(
            f"250{mark}{line}\r\n" for mark, line in zip(marks, lines, strict=True)
        ).encode()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]

    def serve(self) -> None:
        """Accept connections forever."""
        while True:
            connection, _address = self._listener.accept()
            threading.Thread(target=self._serve_one, args=(connection,), daemon=True).start()

    def _serve_one(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                Session(self, connection).run()
        except OSError:
            return


class Session:
    """One connection: what has arrived and is not answered yet, and what is expected next."""

    def __init__(self, sink: Sink, connection: socket.socket) -> None:
        """Take an accepted connection."""
        self._sink = sink
        self._connection = connection
        self._left = b""
        self._in_data = False
        self._chunk = 0
        self._last_chunk = False

    def run(self) -> None:
        """Greet, then answer until the client goes."""
        self._connection.sendall(GREETING)
        while arrived := self._connection.recv(ROOM):
            answers = self._take(self._left + arrived)
            if answers:
                if self._sink.delay:
                    time.sleep(self._sink.delay)
                self._connection.sendall(answers)
                if answers.endswith(ANSWERS[b"QUIT"]):
                    return

    def _take(self, arrived: bytes) -> bytes:
        """Return the answers to what has arrived; keep what is not complete."""
        answers = b""
        while arrived:
            if self._chunk:
                taken = min(self._chunk, len(arrived))
                self._chunk -= taken
                arrived = arrived[taken:]
                answers += b"" if self._chunk else b"250 message ok\r\n"
            elif self._in_data:
                found = arrived.find(END)
                if found < 0:
                    arrived = arrived[-(len(END) - 1) :]
                    break
                arrived = arrived[found + len(END) :]
                self._in_data = False
                answers += b"250 message ok\r\n"
            else:
                line, ended, rest = arrived.partition(b"\r\n")
                if not ended:
                    break
                arrived = rest
                answers += self._answer(line)
        self._left = arrived
        return answers

    def _answer(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"EHLO":
            return self._sink.ehlo
        if verb == b"BDAT":
            self._chunk = int(line.split()[1])
            return b""
        self._in_data = verb == b"DATA"
        return ANSWERS.get(verb, b"500 unknown command\r\n")


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--offer", default="PIPELINING,CHUNKING,8BITMIME")
    parser.add_argument("--tls", default="")
    given = parser.parse_args()
    tls = None
    if given.tls:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(given.tls)
    offers = [offer for offer in given.offer.split(",") if offer]
    sink = Sink(given.delay, offers, tls)
    sys.stdout.write(f"{sink.port}\n")
    sys.stdout.flush()
    sink.serve()


if __name__ == "__main__":
    main()
