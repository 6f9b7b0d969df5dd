"""A sink for posts: reads a request, says 202, keeps nothing but a count.

    python bench/sink [--delay SECONDS] [--people NUMBER]

prints its port on the first line; a GET answers with the number of requests so far. It does not
look into the bodies, so that what is measured against it is the client.

With --people, it keeps a ledger: one byte for each reader1@, reader2@, …, that counts their copies.
A GET then answers with the number of people by their number of copies, as JSON.
"""

import argparse
import json
import re
import socket
import sys
import threading
import time

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nX-Message-Id: sunk\r\n\r\n"
ROOM = 1 << 21
MOST_COPIES = 255
_READERS = re.compile(rb"\breader(\d{1,9})@")


class Sink:
    """Serves each connection in a thread of its own."""

    def __init__(self, delay: float, people: int) -> None:
        """Listen on a free port; answer `delay` seconds late; keep a ledger of so many people."""
        self._delay = delay
        self._copies = bytearray(people + 1)
        self._counts = people > 0
        self._lock = threading.Lock()
        self._taken = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]

    def serve(self) -> None:
        """Accept for ever."""
        while True:
            connection, _address = self._listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._connection, args=(connection,), daemon=True).start()

    def _connection(self, connection: socket.socket) -> None:
        buffer = bytearray(ROOM)
        view = memoryview(buffer)
        with connection:
            while (begun := self._head(connection, buffer, view)) is not None:
                come, left = begun
                body = [come]
                while left > 0:
                    got = connection.recv_into(view, min(ROOM, left))
                    if not got:
                        return
                    left -= got
                    if self._counts:
                        body.append(bytes(view[:got]))
                if self._counts:
                    self._note(b"".join(body))
                if self._delay:
                    time.sleep(self._delay)
                self._taken += 1
                connection.sendall(ANSWER)

    def _note(self, body: bytes) -> None:
        """Count a copy for everyone whom a request is addressed to, before it is answered."""
        numbers = list(map(int, _READERS.findall(body)))
        with self._lock:
            for number in numbers:
                self._copies[number] = min(MOST_COPIES, self._copies[number] + 1)

    def _told(self) -> bytes:
        if not self._counts:
            return str(self._taken).encode()
        people = self._copies[1:]
        by_copies = {copies: people.count(copies) for copies in sorted(set(people))}
        return json.dumps(by_copies).encode()

    def _head(
        self, connection: socket.socket, buffer: bytearray, view: memoryview
    ) -> tuple[bytes, int] | None:
        """Read the head of a request; return what came of the body, and how much is to come."""
        filled = 0
        while True:
            got = connection.recv_into(view[filled:])
            if not got:
                return None
            filled += got
            end = buffer.find(b"\r\n\r\n", 0, filled)
            if end >= 0:
                break
        if buffer.startswith(b"GET"):
            said = self._told()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(said)}\r\n\r\n"
            connection.sendall(head.encode() + said)
            return self._head(connection, buffer, view)
        head = bytes(view[:end]).lower()
        at = head.index(b"content-length:") + 15
        come = bytes(view[end + 4 : filled])
        return come, int(head[at:].split(b"\r\n", 1)[0]) - len(come)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--people", type=int, default=0)
    given = parser.parse_args()
    sink = Sink(given.delay, given.people)
    sys.stdout.write(f"{sink.port}\n")
    sys.stdout.flush()
    sink.serve()


if __name__ == "__main__":
    main()
