"""Columns of a plot over time have the same width, and lose nothing of the first three days."""

import itertools
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.event import EventKind
from newsletter.model.issue_report import Period
from newsletter.model.tally import BY_THE_HOUR, HOUR
from newsletter.render.catalog import open_catalogs
from newsletter.render.report_view import MOST_COLUMNS, _summed, _timeline, _Words
from tests.fakes.issues import NOW, publication

WORDS = _Words(open_catalogs(None).of("en"), publication().timezone)


@given(st.sets(st.integers(0, 200), min_size=1))
def test_every_event_of_three_days_is_in_one_column_and_columns_are_equal(hours: set[int]) -> None:
    moments = [NOW + hour * HOUR for hour in sorted(hours)]
    starts, column_of = _timeline(moments)
    assert len(starts) <= MOST_COLUMNS
    assert len({later - start for start, later in itertools.pairwise(starts)}) <= 1
    within = [at for at in moments if at - moments[0] < BY_THE_HOUR]
    assert len(column_of) == len(within)
    assert all(starts[column] <= at for column, at in zip(column_of, within, strict=True))
    assert sum(_summed([1] * len(moments), column_of, len(starts))) == len(within)


def test_an_hour_without_events_is_an_empty_column() -> None:
    starts, column_of = _timeline([NOW, NOW + 3 * HOUR])
    assert starts == [NOW + place * HOUR for place in range(4)]
    assert _summed([5, 7], column_of, 4) == [5, 0, 0, 7]


def test_the_table_has_every_period_and_is_folded_under_the_plot() -> None:
    events = {EventKind.DELIVERED: 4}
    periods = [Period(NOW, 5, events), Period(NOW + timedelta(days=9), 0, events)]
    section = WORDS.periods(periods)
    assert [row[1:] for row in section.rows] == [("5", "4"), ("0", "4")]
    assert section.drawing is None
    assert not section.folded
    section = WORDS.periods([*periods[:1], Period(NOW + HOUR, 1, events)])
    assert section.drawing is not None
    assert section.folded
    assert [entry.name for entry in section.key] == ["Delivered"]
