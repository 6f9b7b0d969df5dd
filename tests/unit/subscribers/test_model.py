"""Addresses and slugs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.errors import InvalidAddress, UnsupportedAddress
from subscribers.model import EmailAddress, slug


@pytest.mark.parametrize(
    ("text", "kept", "key"),
    [
        (" Ada@Example.ORG ", "Ada@Example.ORG", "ada@example.org"),
        ("ada@münchen.de", "ada@xn--mnchen-3ya.de", "ada@xn--mnchen-3ya.de"),
        ("ada@XN--MNCHEN-3YA.de", "ada@XN--MNCHEN-3YA.de", "ada@xn--mnchen-3ya.de"),
        ("ada@한국.kr", "ada@xn--3e0b707e.kr", "ada@xn--3e0b707e.kr"),
        ("ada@example.org", "ada@example.org", "ada@example.org"),
        ("ada@harbour.example", "ada@harbour.example", "ada@harbour.example"),
        ("o'neil+news@a-b.co", "o'neil+news@a-b.co", "o'neil+news@a-b.co"),
    ],
)
def test_two_spellings_of_one_mailbox_share_a_key(text: str, kept: str, key: str) -> None:
    address = EmailAddress.parse(text)
    assert (address.text.lower(), address.key) == (kept.lower(), key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "ada@example.local",
        "x@test",
        "ada@example.test",
        "ada@münchen.test",
        "a b@example.org",
        "a..b@example.org",
        "ada@example.org, eve@example.org",
        "ada@example.org\nBcc: eve@example.org",
        "Ada <ada@example.org>",
        "a" * 65 + "@example.org",
        "ada@" + "a" * 250 + ".org",
    ],
)
def test_what_is_no_single_address_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        EmailAddress.parse(text)
    assert str(caught.value)


@pytest.mark.parametrize("text", ["한국@example.org", "josé@example.org", "한국@한국.kr"])
def test_letters_before_the_at_that_no_provider_carries_are_refused(text: str) -> None:
    with pytest.raises(UnsupportedAddress, match="unaccented letters") as caught:
        EmailAddress.parse(text)
    assert "@example" not in str(caught.value)


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = EmailAddress.parse(text)
    except InvalidAddress:
        return
    assert EmailAddress.parse(address.text).key == address.key
    assert address.text.isascii()
    assert not set(address.text) & set("\r\n \t,<>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("US Foreign Policy", "us-foreign-policy"),
        ("  US–ROK  Alliance ", "us-rok-alliance"),
        ("한국", "한국"),
        ("Straße", "strasse"),
        ("\uff32\uff2f\uff2b", "rok"),
        ("…", ""),
        ("C", "c"),
        ("C++", "c-plus-plus"),
        ("C#", "c-sharp"),
        ("F♯", "f-sharp"),
        (".NET", "dot-net"),
        ("NET", "net"),
        ("A+", "a-plus"),
        ("R&D", "r-and-d"),
        ("Arts & Culture", "arts-culture"),
        ("#climate", "climate"),
        ("C++17", "c-plus-plus-17"),
    ],
)
def test_a_slug_keeps_the_letters_of_every_script(text: str, expected: str) -> None:
    assert slug(text) == expected


@given(st.text(max_size=60))
def test_a_slug_of_a_slug_is_itself(text: str) -> None:
    assert slug(slug(text)) == slug(text)
