"""Decompress a response while it arrives, and stop as soon as it gets too large."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Protocol

import brotli

from newsletter.errors import FetchFailed
from subscribers.phrase import Phrase

ACCEPTED = "gzip, deflate, br"
STEP = 1 << 16


class _Decoder(Protocol):
    def feed(self, part: bytes) -> Iterator[bytes]: ...

    def finish(self) -> bool: ...


class _Plain:
    def feed(self, part: bytes) -> Iterator[bytes]:
        yield part

    def finish(self) -> bool:
        return True


class _Zlib:
    """gzip and deflate, in steps of bounded size. Some servers send deflate without a header."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._first = True

    def feed(self, part: bytes) -> Iterator[bytes]:
        while part:
            try:
                yield self._inner.decompress(part, STEP)
            except zlib.error:
                if not self._first:
                    raise
                self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
                self._first = False
                continue
            self._first = False
            part = self._inner.unconsumed_tail

    def finish(self) -> bool:
        return self._inner.eof


class _Brotli:
    def __init__(self) -> None:
        self._inner = brotli.Decompressor()

    def feed(self, part: bytes) -> Iterator[bytes]:
        yield self._inner.process(part, output_buffer_limit=STEP)
        while not self._inner.can_accept_more_data():
            yield self._inner.process(b"", output_buffer_limit=STEP)

    def finish(self) -> bool:
        return bool(self._inner.is_finished())


def read_body(parts: Iterable[bytes], encoding: str, largest: int, *, first: int = 0) -> bytes:
    """Return the decompressed body. Raises FetchFailed if it exceeds `largest` bytes.

    The limit applies to the size received and to the size after decompression. Only one layer
    of encoding is removed. With `first`, reading stops after that many bytes.
    """
    decoder = _decoder(encoding)
    body = bytearray()
    received = 0
    try:
        for part in parts:
            received += len(part)
            for piece in decoder.feed(part):
                body += piece
                if first and len(body) >= first:
                    return bytes(body[:first])
                if len(body) > largest or received > largest:
                    unpacked = " unpacked" if len(body) > received else ""
                    msg = Phrase(
                        "larger than {limit:g} MB{unpacked}",
                        limit=largest / 1e6,
                        unpacked=unpacked,
                    )
                    raise FetchFailed(msg)
    except (zlib.error, brotli.error) as error:
        msg = Phrase("the response's {encoding} encoding is invalid", encoding=encoding)
        raise FetchFailed(msg) from error
    if body and not decoder.finish():
        msg = Phrase("the response is incomplete")
        raise FetchFailed(msg)
    return bytes(body)


def _decoder(encoding: str) -> _Decoder:
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return _Plain()
    if name in {"gzip", "x-gzip", "deflate"}:
        return _Zlib()
    if name == "br":
        return _Brotli()
    msg = Phrase("the response's encoding “{encoding}” is not supported", encoding=encoding[:40])
    raise FetchFailed(msg)
