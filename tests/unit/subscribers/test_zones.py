"""Names of time zones, as lists spell them."""

import pytest

from subscribers import zones
from subscribers.roster.cells import zone


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Asia/Seoul", "Asia/Seoul"),
        (" america/new york ", "America/New_York"),
        ("PACIFIC/APIA", "Pacific/Apia"),
        ("utc", "UTC"),
        ("Etc/GMT-14", "Etc/GMT-14"),
        ("", None),
        ("Mars/Olympus", None),
        ("../Asia/Seoul", None),
        ("localtime", None),
        ("Asia/Seoul\0", None),
        ("x" * 100_000, None),
    ],
)
def test_a_zone_is_found_by_its_name(text: str, name: str | None) -> None:
    assert zones.parse(text) == name


def test_a_cell_without_a_known_zone_is_reported() -> None:
    assert zone({"timezone": "asia/seoul"}) == ("Asia/Seoul", ())
    assert zone({}) == ("", ())
    found, (withheld,) = zone({"timezone": "Mars/Olympus"})
    assert found == ""
    assert "unknown time zone “Mars/Olympus”" in withheld
