"""A message filled from a template equals, byte for byte, the one that the standard library builds."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.esp.message.checks import AddressError, ascii_address
from newsletter.esp.message.mime import MessageTemplate, boundary
from newsletter.esp.port import Letter, Recipient
from newsletter.model.personalization import NAMES, placeholder
from newsletter.model.publication import Mailbox
from newsletter.send.headers import letter
from tests.fakes.issues import NONCE, NOW, PUBLICATION, WEEKLY, sample_edition
from tests.fakes.slow_message import slow_message

LETTER = letter(PUBLICATION, WEEKLY, sample_edition(), kind="regular", date=NOW)
PLACEHOLDERS = [placeholder(NONCE, name, plain=plain) for name in NAMES for plain in (False, True)]
FRAGMENTS = [
    *["a", "x" * 30, "x" * 74, "and so forth", "<p>", "=", "=====", "--", "=_"],
    *["é", "한국", "😀", " ", "  ", "\t", ". ", "\n", "\n\n", " \n", "\n.", "\r\n", "\r"],
    *["\x0b", "\x85", "\u2028", "\0", "-nl", "-nl0a1b2c-"],
]
NAME_FRAGMENTS = [
    "Ada",
    "이영희",
    "é",
    " ",
    "=",
    "'",
    '"',
    "<",
    "a" * 20,
    "\t",
    "\n",
    "=?utf-8?q?x?=",
]


def _text(dice: random.Random) -> str:
    pieces = dice.choices([*FRAGMENTS, *PLACEHOLDERS * 3], k=dice.randrange(60))
    return "".join(pieces)


def _recipient(dice: random.Random) -> Recipient:
    return Recipient(
        f"7-{dice.randrange(10 ** dice.randrange(1, 9))}",
        f"reader{dice.randrange(999)}@example.net",
        "".join(dice.choices(NAME_FRAGMENTS, k=dice.randrange(6))),
        "t" * dice.randrange(120) + dice.choice(["", "=", ".", " "]),
    )


@pytest.mark.parametrize("seed", range(20))
def test_thousands_of_random_messages_are_equal(seed: int) -> None:
    """100 recipients of each edition, as the pieces of an edition are reused between them."""
    dice = random.Random(seed)
    for _ in range(5):
        subject = f"{_text(dice)[:80]} {dice.choice([*PLACEHOLDERS, ''])}"
        edition = replace(LETTER, subject=subject, text=_text(dice), html=_text(dice))
        template = MessageTemplate(edition)
        for _ in range(20):
            recipient = _recipient(dice)
            assert template.fill(recipient) == slow_message(edition, recipient)


ENCODABLE = st.text(alphabet=st.characters(codec="utf-8"), max_size=200)
TEXTS = st.lists(ENCODABLE | st.sampled_from([*PLACEHOLDERS, *FRAGMENTS]), max_size=30).map("".join)


@given(
    text=TEXTS,
    html=TEXTS,
    name=ENCODABLE,
    token=st.from_regex(r"[A-Za-z0-9._-]{0,150}", fullmatch=True),
)
@example("", "", "", "")
@example("x" * 75 + "é\n", "y" * 76 + " \n", "é", "t" * 76)
@example(f"{PLACEHOLDERS[0]}\r{PLACEHOLDERS[4]}\n", f"한국어 {PLACEHOLDERS[0]}", "", "")
def test_any_edition_and_any_name_are_equal(text: str, html: str, name: str, token: str) -> None:
    edition = replace(LETTER, text=text, html=html)
    template = MessageTemplate(edition)
    for delivery in ("7-1", "7-10000000"):
        recipient = Recipient(delivery, "ada@example.net", name, token)
        assert template.fill(recipient) == slow_message(edition, recipient)


@pytest.mark.parametrize("filler", ["x", "é", "한"])
@pytest.mark.parametrize("length", range(60, 90))
def test_a_hole_at_every_place_of_a_line_is_filled_right(filler: str, length: int) -> None:
    """Including white space at the end of the line, which must be encoded."""
    token = PLACEHOLDERS[0]
    html = "".join(f"{filler * length}{token}{' ' * end}\n" for end in range(5)) + token + "end"
    edition = replace(LETTER, html=html)
    template = MessageTemplate(edition)
    for size in range(6):
        recipient = Recipient("7-1", "ada@example.net", "", "=" * size)
        assert template.fill(recipient) == slow_message(edition, recipient)


def test_no_line_of_the_body_is_longer_than_76_characters() -> None:
    long = replace(LETTER, html="x" * 5000 + PLACEHOLDERS[0] * 9, text="한국" * 3000)
    raw = MessageTemplate(long).fill(Recipient("7-1", "ada@example.net", "", "t" * 300))
    body = raw.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76


def test_the_boundary_depends_on_the_nonce_and_on_every_text() -> None:
    changed: list[Letter] = [
        replace(LETTER, nonce="ffffff"),
        replace(LETTER, text="other"),
        replace(LETTER, html="other"),
    ]
    assert len({boundary(each) for each in [LETTER, *changed]}) == 4
    assert boundary(LETTER) == boundary(replace(LETTER))
    assert NONCE not in boundary(LETTER)


@pytest.mark.parametrize(
    "change", [{"sender": Mailbox("Ü" * 30, "brief@example.org")}, {"reply_to": None}]
)
def test_the_headers_of_the_letter_are_written_once_and_are_equal(
    change: dict[str, Mailbox | None],
) -> None:
    edition = replace(LETTER, **change)  # type: ignore[arg-type]
    recipient = Recipient("7-1", "ada@example.net", "Ada", "t")
    assert MessageTemplate(edition).fill(recipient) == slow_message(edition, recipient)


ADDRESSES = st.text(alphabet="ab.=?-_@!'+xX9\\\" é<>()ü", max_size=12)


@given(ADDRESSES | st.tuples(ADDRESSES, ADDRESSES).map("@".join))
def test_an_ordinary_address_is_returned_as_the_parser_would(address: str) -> None:
    assert _written(ascii_address, address) == _written(_parsed_address, address)


def _parsed_address(address: str) -> str:
    """Take the way through the parser: a domain in another script is never ordinary."""
    local, at, domain = address.rpartition("@")
    written = ascii_address(f"{local}{at}ü.{domain}") if at else ascii_address(address)
    return written.replace("@xn--tda.", "@")


def _written(write: Callable[[str], str], address: str) -> str:
    try:
        return write(address)
    except AddressError:
        return "refused"
