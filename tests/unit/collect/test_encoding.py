"""Bytes become the text that was written, and damage costs one character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.collect.text.encoding import decode, looks_binary

GERMAN = (
    "Die Bürger der Hafenstadt müssen für die Mauer zahlen, und das ist nicht schön für alle. " * 5
)
SPANISH = "El señor alcalde de la ciudad no quería que el muelle se construyera en otoño. " * 5
FRENCH = "Le maire de la ville a déclaré que les élèves ne sont pas prêts pour la rentrée. " * 5
POLISH = (
    "Rada miasta nie chce, żeby mieszkańcy płacili za nowe molo, które jest w złym stanie. " * 5
)
RUSSIAN = "Совет портового города собрался во вторник и спорил о стене. " * 8
KOREAN = "항구 도시의 의회는 화요일에 모여 방파제를 두고 논쟁을 벌였다. " * 8
JAPANESE = "港町の議会は火曜日に開かれ、防波堤について四時間も議論した。" * 8


def page(text: str, charset: str = "", lang: str = "") -> str:
    meta = f'<meta charset="{charset}">' if charset else ""
    return (
        f'<html lang="{lang}"><head>{meta}<title>t</title></head><body><p>{text}</p></body></html>'
    )


@pytest.mark.parametrize("text", [GERMAN, SPANISH, FRENCH])
@pytest.mark.parametrize("lang", ["", "x"])
def test_western_text_without_a_label_is_western(text: str, lang: str) -> None:
    assert text in decode(page(text, lang=lang).encode("cp1252"))[0]


@pytest.mark.parametrize(
    ("text", "encoding", "lang"),
    [
        (POLISH, "cp1250", ""), (POLISH, "cp1250", "pl"), (RUSSIAN, "cp1251", "ru"), (RUSSIAN, "cp1251", ""), (RUSSIAN, "koi8-r", "ru"), (RUSSIAN, "koi8-r", ""), (RUSSIAN.upper() + RUSSIAN * 2, "cp1251", "ru"), (KOREAN, "cp949", "ko"),
        (KOREAN, "cp949", ""), (JAPANESE, "cp932", "ja"), (JAPANESE, "cp932", ""),
    ],
)  # fmt: skip
def test_the_guess_follows_the_language(text: str, encoding: str, lang: str) -> None:
    assert text in decode(page(text, lang=lang).encode(encoding))[0]


@pytest.mark.parametrize("stray", [b"\xff", b"\x96", b"\xe2\x80", b"\xc3"])
@pytest.mark.parametrize("declared", ["utf-8", ""])
def test_a_stray_byte_in_utf_8_costs_one_character(stray: bytes, declared: str) -> None:
    raw = page(GERMAN, charset=declared).encode()
    middle = raw.index("für".encode())
    text, name = decode(raw[:middle] + stray + raw[middle:], declared)
    assert name == "utf-8"
    assert text.count("\ufffd") == 1
    assert text.replace("\ufffd", "") == page(GERMAN, charset=declared)


@pytest.mark.parametrize("encoding", ["cp949", "cp932"])
def test_a_stray_byte_in_a_labeled_text_costs_little(encoding: str) -> None:
    text = KOREAN if encoding == "cp949" else JAPANESE
    raw = page(text, charset=encoding).encode(encoding)
    found, name = decode(raw[:-40] + b"\xff" + raw[-40:], encoding)
    assert name == encoding
    assert text[:100] in found


def test_a_text_cut_in_the_middle_of_a_character_is_read() -> None:
    raw = page(KOREAN).encode()
    for cut in range(1, 9):
        text, name = decode(raw[: -30 - cut])
        assert name == "utf-8"
        assert KOREAN[:90] in text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [GERMAN, KOREAN])
def test_wide_text_without_a_mark_is_read(encoding: str, text: str) -> None:
    raw = (page(text) + "<p>and so on, and so on, with more words in it</p>" * 9).encode(encoding)
    assert text in decode(raw)[0]
    assert not looks_binary(raw)


def test_a_wrong_label_does_not_win_over_valid_text() -> None:
    assert decode(page(GERMAN, charset="iso-8859-1").encode(), "iso-8859-1")[0] == page(
        GERMAN, "iso-8859-1"
    )
    assert GERMAN in decode(page(GERMAN, charset="utf-16").encode("cp1252"), "utf-16")[0]


@given(
    st.binary(max_size=600),
    st.sampled_from(["", "utf-8", "euc-kr", "nonsense", "utf-16", "base64"]),
)
def test_any_bytes_decode(raw: bytes, declared: str) -> None:
    text, name = decode(raw, declared)
    assert isinstance(text, str)
    assert name
