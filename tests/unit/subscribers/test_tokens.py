"""Tokens: what they say, and that nobody else can say it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.tokens import LinkClaim, Purpose, Signer

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
signer = Signer([b"k" * 32])


@given(
    st.integers(1, 10**17),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(Purpose),
    st.integers(0, 10**9),
    st.none() | st.integers(1, 10**10),
)
def test_a_token_says_again_what_it_was_minted_with(
    subscriber: int, newsletter: str, purpose: Purpose, serial: int, ends: int | None
) -> None:
    until = None if ends is None else datetime.fromtimestamp(ends, UTC)
    token = signer.mint(subscriber, newsletter, purpose, serial=serial, until=until)
    assert signer.read(token) == LinkClaim(subscriber, newsletter, purpose, serial, until)
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyz0123456789._~-")


def test_the_fast_way_mints_the_same_token() -> None:
    many = signer.mint_many([7, 12], "weekly", Purpose.ISSUE)
    assert many == [signer.mint(one, "weekly", Purpose.ISSUE) for one in (7, 12)]


def test_a_token_of_an_older_key_still_reads_and_a_foreign_one_does_not() -> None:
    old, new = Signer([b"old" * 11]), Signer([b"new" * 40, b"old" * 11])
    assert new.read(old.mint(7, "weekly", Purpose.ISSUE)) is not None
    assert old.read(new.mint(7, "weekly", Purpose.ISSUE)) is None


@given(st.data())
def test_a_token_changed_in_any_place_is_refused(data: st.DataObject) -> None:
    token = signer.mint(7, "weekly", Purpose.CONFIRM, serial=9, until=NOW)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda char: char.lower() != token[at]))
    assert signer.read(token[:at] + other + token[at + 1 :]) is None


@given(st.text(max_size=600))
def test_any_text_is_no_token(text: str) -> None:
    assert signer.read(text) is None


@pytest.mark.parametrize("text", ["m" * 600, "m0000.weekly.٣." + "0" * 32, "", "."])
def test_what_only_looks_like_a_token_is_refused(text: str) -> None:
    assert signer.read(text) is None


def test_a_token_of_one_purpose_cannot_become_another() -> None:
    token = signer.mint(7, "weekly", Purpose.ISSUE)
    assert signer.read("s" + token[1:]) is None


def test_a_claim_expires_at_its_time_and_not_before() -> None:
    claim = LinkClaim(7, "", Purpose.MANAGE, 1, NOW)
    assert claim.expired(NOW)
    assert not claim.expired(NOW - timedelta(seconds=1))
    assert not LinkClaim(7, "weekly", Purpose.ISSUE).expired(NOW)


@pytest.mark.parametrize(
    "sign",
    [
        *[
            ".",
            ")",
            ">",
            "/",
            ",",
            "=",
            ".)",
            "»",
            " ",
            "'",
            "…",
            "|",
            "`",
            "^",
            "&",
            "~",
            "--",
            "\\",
        ],
        *[
            "&gt;",
            "&quot;.",
            "&amp;nbsp;",
            "=0D",
            "=3D",
            "%22",
            "\u200b",
            "\u00ad",
            "\ufeff",
            "\u00a0",
        ],
        *["）", "】", "」", "』", "》", "、", "。", "，", "！", "؟", "।"],
    ],
)
def test_a_sign_after_a_link_is_not_part_of_its_token(sign: str) -> None:
    token = signer.mint(7, "weekly", Purpose.ISSUE)
    assert signer.read(token + sign) == signer.read(token) is not None
    assert signer.read(f"/{token}") == signer.read(token)


def test_a_token_in_upper_case_is_read() -> None:
    for newsletter in ("weekly", "한국"):
        token = signer.mint(7, newsletter, Purpose.CONFIRM, serial=9, until=NOW)
        assert signer.read(token.upper()) == signer.read(token) is not None


def test_a_signer_needs_a_key() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        Signer([])


def test_a_plain_key_of_a_newsletter_stays_readable_in_the_token() -> None:
    assert ".weekly." in signer.mint(7, "weekly", Purpose.ISSUE)
