"""Envelope senders name their delivery, and no one can make one up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.return_path import ReturnPaths

OLD, NEW = b"o" * 40, b"n" * 40
PATHS = ReturnPaths("bounces@example.org", [NEW, OLD])
NUMBERS = st.integers(1, 10**9)


@given(NUMBERS, NUMBERS)
def test_an_address_names_its_delivery(issue: int, number: int) -> None:
    address = PATHS.address(f"{issue}-{number}")
    assert address.startswith("bounces+")
    assert len(address.partition("@")[0]) <= 64
    for seen in (address, address.upper(), f"Bounces <{address}>", address.replace("@", "@x.")):
        assert PATHS.read(seen) == f"{issue}-{number}"


@given(NUMBERS, st.integers(0, 15), st.sampled_from("0123456789abcdef"))
def test_a_changed_address_names_none(number: int, place: int, digit: str) -> None:
    address = PATHS.address(f"7-{number}")
    local, _, host = address.partition("@")
    mac = list(local[-16:])
    changed = mac[place] != digit
    mac[place] = digit
    assert (PATHS.read(f"{local[:-16]}{''.join(mac)}@{host}") is None) == changed
    assert PATHS.read(address.replace(f"7-{number}", f"7-{number + 1}")) is None


def test_addresses_of_old_keys_still_count_and_others_do_not() -> None:
    assert PATHS.read(ReturnPaths("bounces@example.org", [OLD]).address("1-2")) == "1-2"
    assert PATHS.read(ReturnPaths("bounces@example.org", [b"x" * 40]).address("1-2")) is None


@pytest.mark.parametrize("address", ["", "@", "bounces@example.org", "bounces+1-2@example.org"])
def test_what_is_not_signed_names_none(address: str) -> None:
    assert PATHS.read(address) is None


def test_without_a_mailbox_there_is_no_return_path() -> None:
    assert ReturnPaths("", [NEW]).envelope_sender is None
