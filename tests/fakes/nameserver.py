"""A name server on this machine that knows the records it is given."""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@contextmanager
def nameserver(records: Mapping[tuple[str, str], Sequence[str]]) -> Iterator[int]:
    """Answer for these records, by name and kind, and yield the port."""
    known = {name for name, _ in records}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                data, client = listener.recvfrom(4096)
                if not data:
                    return
                answer = dns.message.make_response(dns.message.from_wire(data))
                answer.flags |= dns.flags.AA
                (asked,) = answer.question
                name = asked.name.to_text(omit_final_dot=True)
                kind = dns.rdatatype.to_text(asked.rdtype)
                if found := records.get((name, kind)):
                    answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *found))
                elif name not in known:
                    answer.set_rcode(dns.rcode.NXDOMAIN)
                listener.sendto(answer.to_wire(), client)

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        try:
            yield port
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", ("127.0.0.1", port))
            thread.join()
