"""When a receiving domain counts as deferring, and since when."""

from datetime import UTC, datetime

import pytest

from newsletter.model.deferring import FEWEST, SPAN, DomainSpan, deferring, span_start

NOW = datetime(2026, 3, 9, 9, 42, tzinfo=UTC)


def span(ago: int, deferred: int, delivered: int = 0, domain: str = "example.com") -> DomainSpan:
    """Return the counters of five minutes, `ago` such spans before now."""
    return DomainSpan(span_start(NOW) - ago * SPAN, domain, deferred, delivered, f"421 {ago}")


@pytest.mark.parametrize(
    ("spans", "since"),
    [
        ([], None),
        ([span(0, FEWEST - 1)], None),
        ([span(0, FEWEST)], 0),
        ([span(0, FEWEST, FEWEST)], None),
        ([span(0, 4), span(1, 3), span(2, 3)], 2),
        ([span(0, 4), span(1, 3), span(3, 3)], None),
        ([span(0, 30), span(1, 5, 20), span(2, 5)], 2),
        ([span(0, 30), span(3, 9), span(8, 9), span(9, 5, 20), span(10, 50)], 8),
        ([span(0, 0, 40), span(1, 30)], None),
    ],
)
def test_when_a_domain_is_deferring(spans: list[DomainSpan], since: int | None) -> None:
    found = [domain.since for domain in deferring(spans, NOW)]
    assert found == ([] if since is None else [span_start(NOW) - since * SPAN])


def test_domains_are_judged_alone_and_the_last_reason_counts() -> None:
    spans = [span(1, FEWEST), span(0, FEWEST), span(0, 0, 99, "b.example")]
    assert [(found.domain, found.reason) for found in deferring(spans, NOW)] == [
        ("example.com", "421 0")
    ]
