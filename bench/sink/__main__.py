"""A sink for posts: reads a request, says 202, keeps nothing but a count.

    python bench/sink [--delay SECONDS]

prints its port on the first line; a GET answers with the number of requests so far. It does not
look into the bodies, so that what is measured against it is the client.
"""

import argparse
import socket
import sys
import threading
import time

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nX-Message-Id: sunk\r\n\r\n"
ROOM = 1 << 21


class Sink:
    """Serves each connection in a thread of its own."""

    def __init__(self, delay: float) -> None:
        """Listen on a free port; answer `delay` seconds late."""
        self._delay = delay
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
            while (length := self._head(connection, buffer, view)) is not None:
                left = length
                while left > 0:
                    got = connection.recv_into(view, min(ROOM, left))
                    if not got:
                        return
                    left -= got
                if self._delay:
                    time.sleep(self._delay)
                self._taken += 1
                connection.sendall(ANSWER)

    def _head(self, connection: socket.socket, buffer: bytearray, view: memoryview) -> int | None:
        """Read the head of a request; return how much of the body is still to come."""
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
            said = str(self._taken).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(said)}\r\n\r\n"
            connection.sendall(head.encode() + said)
            return self._head(connection, buffer, view)
        head = bytes(view[:end]).lower()
        at = head.index(b"content-length:") + 15
        return int(head[at:].split(b"\r\n", 1)[0]) - (filled - end - 4)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0)
    sink = Sink(parser.parse_args().delay)
    sys.stdout.write(f"{sink.port}\n")
    sys.stdout.flush()
    sink.serve()


if __name__ == "__main__":
    main()
