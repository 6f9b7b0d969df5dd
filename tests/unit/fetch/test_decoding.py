"""A body is decompressed once, in bounded steps, and never beyond its limit."""

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
    "gzip": gzip.compress(TEXT, mtime=0),
    "x-gzip": gzip.compress(TEXT, mtime=0),
    "deflate": zlib.compress(TEXT),
    "br": brotli.compress(TEXT),
    "Deflate": RAW_DEFLATE.compress(TEXT) + RAW_DEFLATE.flush(),
}


@pytest.mark.parametrize("encoding", PACKED)
def test_each_encoding_is_decoded(encoding: str) -> None:
    assert read_body(parts(PACKED[encoding]), encoding, 1_000_000) == TEXT


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


def test_compressed_data_beyond_the_limit_is_refused_even_if_it_decompresses_to_nothing() -> None:
    """Empty deflate blocks cost bandwidth and time but never produce a byte."""
    header, empty_block = gzip.compress(b"", mtime=0)[:10], b"\x00\x00\x00\xff\xff"
    received = 0

    def endless() -> Iterator[bytes]:
        nonlocal received
        yield header
        while received < 1_000_000:
            received += 5 * 200
            yield empty_block * 200

    with pytest.raises(FetchFailed, match=r"larger than 0.02 MB$"):
        read_body(endless(), "gzip", 20_000)
    assert received <= 21_000


@pytest.mark.parametrize("encoding", ["gzip, gzip", "zstd", "rot13"])
def test_other_encodings_and_second_layers_are_refused(encoding: str) -> None:
    with pytest.raises(FetchFailed, match="is not supported"):
        read_body(parts(TEXT), encoding, 1_000_000)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_invalid_data_is_refused(encoding: str) -> None:
    with pytest.raises(FetchFailed, match=r"is invalid|is incomplete"):
        read_body(parts(b"this is not packed at all" * 9), encoding, 1_000_000)
