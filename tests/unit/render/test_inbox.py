"""The row of an email in the inboxes of five clients."""

import pytest

from newsletter.render.inbox import CLIENTS, cut, rows
from newsletter.render.plain import width

LONG = "What the summit settled, what it left open, and what Seoul can do about the rest"


@pytest.mark.parametrize(
    "subject", [LONG, "Ports", "북극항로, 누가 먼저 여는가 그리고 그 다음은 " * 3, ""]
)
def test_each_part_fits_the_client(subject: str) -> None:
    for client, row in zip(CLIENTS, rows("Peninsula Review", subject, LONG * 3), strict=True):
        assert row.client == client.name
        assert width(row.subject) <= client.subject
        assert width(row.subject + row.preview) <= client.subject + client.preview
        assert row.subject.removesuffix("…") in subject


def test_a_short_subject_leaves_room_for_the_preview_in_gmail() -> None:
    short, *_ = rows("Peninsula Review", "Ports", LONG * 3)
    long, *_ = rows("Peninsula Review", LONG, LONG * 3)
    assert len(short.preview) > len(long.preview)


def test_a_text_that_fits_is_not_cut() -> None:
    assert cut("Ports", 5) == "Ports"
    assert cut("Ports and", 6) == "Ports…"
