"""A body is unpacked once, in bounded steps, and never beyond its limit."""

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator

import brotli
import pytest

from newsletter.errors import FetchFailed
from newsletter.fetch.decoding import read_body

TEXT = b"The river rose in the spring. " * 400


def parts(raw: bytes, size: int = 700) -> Iterator[bytes]:
    return (raw[at : at + size] for at in range(0, len(raw), size))


RAW_DEFLATE = zlib.compressobj(wbits=-zlib.MAX_WBITS)
PACKED = {
    "": TEXT,
    "identity": TEXT,
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "br": brotli.compress(TEXT),
    "Deflate": RAW_DEFLATE.compress(TEXT) + RAW_DEFLATE.flush(),
}


@pytest.mark.parametrize(("encoding", "raw"), PACKED.items(), ids=PACKED)
def test_each_encoding_is_undone(encoding: str, raw: bytes) -> None:
    assert read_body(parts(raw), encoding, 1_000_000) == TEXT


BOMBS = {
    "gzip": lambda zeros: gzip.compress(zeros, 6),
    "deflate": zlib.compress,
    "br": lambda zeros: brotli.compress(zeros, quality=4),
}


@pytest.mark.parametrize("encoding", BOMBS)
def test_a_bomb_is_stopped_at_the_limit_and_costs_no_memory(encoding: str) -> None:
    raw = BOMBS[encoding](b"\0" * 60_000_000)
    tracemalloc.start()
    with pytest.raises(FetchFailed, match="larger than 2 MB unpacked"):
        read_body(parts(raw), encoding, 2_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


def test_a_plain_body_beyond_the_limit_is_refused() -> None:
    with pytest.raises(FetchFailed, match=r"larger than 0.001 MB$"):
        read_body(parts(TEXT), "", 1000)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "zstd", "rot13"])
def test_other_encodings_and_second_layers_are_refused(encoding: str) -> None:
    with pytest.raises(FetchFailed, match="is not accepted"):
        read_body(parts(TEXT), encoding, 1_000_000)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_rubbish_is_called_broken(encoding: str) -> None:
    with pytest.raises(FetchFailed, match=r"broken|broke off"):
        read_body(parts(b"this is not packed at all" * 9), encoding, 1_000_000)
