"""The size of a picture is read from its first bytes."""

import struct

import pytest

from newsletter.collect.text.images import is_picture, size_of

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1200, 800) + bytes(9)
GIF = b"GIF89a" + struct.pack("<HH", 1200, 800) + bytes(9)
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10"
    + bytes(14)
    + b"\xff\xc4\x00\x04ab\xff\xc2\x00\x11\x08"
    + struct.pack(">HH", 800, 1200)
    + bytes(9)
)
WEBP = (
    b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + (1199).to_bytes(3, "little") + (799).to_bytes(3, "little")
)
LOSSLESS = b"RIFF\0\0\0\0WEBPVP8L" + bytes(4) + b"\x2f" + (1199 | 799 << 14).to_bytes(4, "little")
LOSSY = b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 1200, 800)


@pytest.mark.parametrize(
    "head",
    [PNG, GIF, JPEG, WEBP, LOSSLESS, LOSSY],
    ids=["png", "gif", "jpeg", "webp", "lossless", "lossy"],
)
def test_the_size_is_read(head: bytes) -> None:
    assert size_of(head) == (1200, 800)
    for cut in range(len(head)):
        assert size_of(head[:cut]) in {None, (1200, 800)}


@pytest.mark.parametrize(
    "head", [b"", b"<html>", b"%PDF-1.7", b"\xff\xd8" + b"\xff" * 99, b"\xff\xd8" + bytes(99)]
)
def test_what_is_not_a_picture_has_no_size(head: bytes) -> None:
    assert size_of(head) is None


@pytest.mark.parametrize(
    ("address", "size", "picture"),
    [
        ("https://e.org/pier.jpg", (1200, 800), True), ("https://e.org/pier.jpg", (None, None), True), ("https://e.org/pier.jpg", (120, 120), False),
        ("https://e.org/pier.jpg", (2000, 90), False), ("https://e.org/a.svg", (None, None), False), ("https://e.org/img/logo.png", (800, 600), False),
        ("https://e.org/u/avatar/1.jpg", (None, None), False), ("https://e.org/catalogo/pier.jpg", (None, None), True), ("/pier.jpg", (800, 600), False),
        ("https://e.org/iconic-pier.jpg", (None, None), True), ("https://e.org/1x1.gif", (None, None), False),
        ("https://lh3.googleusercontent.com/a/ada=s96-c", (None, None), False), ("https://stats.wp.com/g.gif", (None, None), False),
        ("https://e.org/unloading-the-ship.jpg", (None, None), True), ("https://e.org/counterterrorism.webp", (None, None), True),
        ("https://e.org/beacon-hill.jpg", (None, None), True), ("https://e.org/tracking-whales.png", (None, None), True),
        ("https://e.org/loading.gif", (None, None), False), ("https://e.org/a/tracking-pixel.gif", (None, None), False),
        ("https://e.org/pixel.png", (None, None), False), ("https://e.org/counter.php", (None, None), False), ("https://t.e.org/beacon/1.jpg", (None, None), False),
    ],
)  # fmt: skip
def test_pictures_are_told_from_decoration(
    address: str, size: tuple[int | None, int | None], picture: bool
) -> None:
    assert is_picture(address, *size) is picture
