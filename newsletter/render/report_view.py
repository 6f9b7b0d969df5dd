"""The report of an issue in words: sections with a sentence, a plot and a table each.

The page, the email to staff and the command show the same sections.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from newsletter.model.event import EventKind
from newsletter.model.issue_report import (
    Engaged,
    Gap,
    IssueReport,
    Measure,
    MeasureComparison,
    Period,
)
from newsletter.model.states import DeliveryState
from newsletter.model.tally import BY_THE_HOUR, HOUR
from newsletter.render.catalog import Catalog
from newsletter.render.plots import Drawing, Plot, Series, Tone
from newsletter.render.reasons import explain

STATES: dict[str, tuple[str, Tone]] = {
    "pending": ("report.state.pending", "soft"),
    "submitting": ("report.state.submitting", "soft"),
    "unknown": ("report.state.unknown", "warn"),
    "held": ("report.state.held", "warn"),
    "submitted": ("report.state.submitted", "soft"),
    "delivered": ("report.state.delivered", "good"),
    "deferred": ("report.state.deferred", "warn"),
    "blocked": ("report.state.blocked", "bad"),
    "bounced": ("report.state.bounced", "bad"),
    "dropped": ("report.state.dropped", "bad"),
    "complained": ("report.state.complained", "bad"),
    "refused": ("report.state.refused", "bad"),
    "withdrawn": ("report.state.withdrawn", "soft"),
}
"""The name of each state of a recipient and its color, in the order of an email's life."""
GAPS = {
    Gap.OUTBOX: "report.gap.outbox",
    Gap.SMTP: "report.gap.smtp",
    Gap.NO_MAILBOX: "report.gap.no_mailbox",
    Gap.NOTHING_YET: "report.gap.nothing_yet",
}
MEASURES = {
    Measure.DELIVERED: "report.measure.delivered",
    Measure.BOUNCED: "report.measure.bounced",
    Measure.COMPLAINED: "report.measure.complained",
    Measure.UNSUBSCRIBED: "report.measure.unsubscribed",
    Measure.OPENED: "report.measure.opened",
    Measure.CLICKED: "report.measure.clicked",
}
FAILED = (EventKind.SOFT_BOUNCED, EventKind.BLOCKED, EventKind.BOUNCED, EventKind.DROPPED)
"""Events that mean that an email did not arrive."""
UNKNOWN = "–"
FEWEST_COLUMNS = 2
"""A plot over time needs two moments."""
MOST_COLUMNS = 36
"""Columns of a plot over time: on a phone, more would be lines."""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """An entry of the key of a plot."""

    name: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A part of a report. `drawing` may be None; the table has the same numbers.

    The first cell of a row names it. With `folded`, a page shows the table on demand.
    """

    name: str
    title: str
    notes: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    drawing: Drawing | None = None
    key: tuple[KeyEntry, ...] = ()
    folded: bool = False


def sections(report: IssueReport, catalog: Catalog, zone: tzinfo) -> tuple[ReportSection, ...]:
    """Return the sections of a report that have anything to show, in order.

    There are none before sending begins.
    """
    if report.began is None:
        return ()
    words = _Words(catalog, zone)
    found = (
        words.positions(report),
        words.periods(report.periods),
        words.engagement(report),
        words.comparisons(report.comparisons),
        words.excluded(report),
        words.editions(report),
        words.domains(report),
        words.topics(report),
        words.links(report),
    )
    return tuple(section for section in found if section.rows or section.notes)


@dataclass(frozen=True, slots=True)
class _Words:
    """Writes the sections in one language."""

    catalog: Catalog
    zone: tzinfo

    def positions(self, report: IssueReport) -> ReportSection:
        """Say where every recipient is. What is not reported is named instead of shown as 0."""
        from newsletter.render.drawing import bars  # noqa: PLC0415 - slow to import, rarely needed

        text, number = self.catalog.text, self.catalog.number
        shown = [
            (text(key), report.positions[state], tone)
            for state, (key, tone) in STATES.items()
            if report.positions.get(state)
        ]
        planned = report.reach.planned
        rows = [(name, number(people), self._share(people, planned)) for name, people, _ in shown]
        rows += [
            (text(STATES[state.value][0]), text(GAPS[gap]), UNKNOWN)
            for state, gap in report.gaps.items()
            if not report.positions.get(state.value)
        ]
        title = text("report.positions")
        series = [
            Series(name, tone, [people if each == place else 0 for each in range(len(shown))])
            for place, (name, people, tone) in enumerate(shown)
        ]
        names = [name for name, _, _ in shown]
        summary = "; ".join(f"{name}: {number(people)}" for name, people, _ in shown)
        unsubscribed = self.catalog.count("report.unsubscribed", report.unsubscribed)
        return ReportSection(
            "positions",
            title,
            (self.catalog.count("report.planned", planned), unsubscribed) if planned else (),
            (text("report.state"), text("report.recipients"), text("report.share")),
            tuple(rows) if planned else (),
            bars(Plot("positions", title, summary, names, series)) if shown else None,
        )

    def periods(self, periods: Sequence[Period]) -> ReportSection:
        """Plot what happened over time; the rarer the events, the stronger their color."""
        from newsletter.render.drawing import columns  # noqa: PLC0415 - as above

        text = self.catalog.text
        moments = [self._moment(period.at) for period in periods]
        series = [
            Series(text("report.submitted"), "soft", [period.submitted for period in periods]),
            Series(text("report.delivered"), "good", self._events(periods, EventKind.DELIVERED)),
            Series(text("report.deferrals"), "warn", self._events(periods, EventKind.DEFERRED)),
            Series(text("report.failed"), "bad", self._events(periods, *FAILED)),
            Series(text("report.complaints"), "bad", self._events(periods, EventKind.COMPLAINED)),
            Series(
                text("report.unsubscribes"), "ink", self._events(periods, EventKind.UNSUBSCRIBED)
            ),
            Series(text("report.opens_human"), "soft", [period.opened for period in periods]),
            Series(text("report.clicks_human"), "soft", [period.clicked for period in periods]),
        ]
        used = [each for each in series if any(each.values)]
        plotted = [each for each in used if each.tone != "soft"] or used[:1]
        title = text("report.over_time")
        starts, column_of = _timeline([period.at for period in periods])
        drawn = len(starts) >= FEWEST_COLUMNS and plotted
        plot = Plot(
            "over-time",
            title,
            text("report.over_time.summary"),
            [self._moment(start) for start in starts],
            [
                Series(each.name, each.tone, _summed(each.values, column_of, len(starts)))
                for each in plotted
            ],
        )
        return ReportSection(
            "over-time",
            title,
            (text("report.over_time.note"),) if periods else (),
            (text("report.from"), *(each.name for each in used)),
            tuple(
                (moment, *(self.catalog.number(each.values[place]) for each in used))
                for place, moment in enumerate(moments)
            ),
            columns(plot) if drawn else None,
            tuple(KeyEntry(each.name, each.tone) for each in plotted) if drawn else (),
            folded=bool(drawn),
        )

    def engagement(self, report: IssueReport) -> ReportSection:
        """Show opens and clicks twice, with the rule beside them."""
        text = self.catalog.text
        tracked = ((text("report.opens"), report.opens), (text("report.clicks"), report.clicks))
        rows = [
            (
                name,
                self.catalog.number(found.raw),
                self.catalog.number(found.human),
                UNKNOWN if found.people is None else self.catalog.number(found.people),
            )
            for name, found in tracked
            if found is not None
        ]
        notes = [text("report.human_rule")] if rows else []
        notes += [
            text(key)
            for key, found in (
                ("report.opens_off", report.opens),
                ("report.clicks_off", report.clicks),
            )
            if found is None
        ]
        if any(found is not None and found.people is None for _, found in tracked):
            notes.append(text("report.totals_only"))
        head = ("report.what", "report.raw", "report.human", "report.human_emails")
        return ReportSection(
            "engagement",
            text("report.engagement"),
            tuple(notes),
            tuple(map(text, head)) if rows else (),
            tuple(rows),
        )

    def comparisons(self, comparisons: Iterable[MeasureComparison]) -> ReportSection:
        """Compare with the earlier issues."""
        text = self.catalog.text
        rows = [
            (
                text(MEASURES[each.measure]),
                UNKNOWN if each.share is None else self.catalog.share(each.share),
                text("report.too_few") if each.usual is None else self.catalog.share(each.usual),
                self.catalog.number(each.issues),
            )
            for each in comparisons
            if each.share is not None or each.usual is not None
        ]
        head = ("report.measure", "report.this_issue", "report.usual", "report.issues")
        return ReportSection(
            "comparison",
            text("report.comparison"),
            (text("report.comparison.note"),) if rows else (),
            tuple(map(text, head)),
            tuple(rows),
        )

    def excluded(self, report: IssueReport) -> ReportSection:
        """Say who was left out, and why."""
        text = self.catalog.text
        rows = (
            (explain(reason, self.catalog), self.catalog.number(people))
            for reason, people in report.excluded.items()
        )
        head = (text("report.reason"), text("report.subscribers"))
        return ReportSection("excluded", text("report.excluded"), (), head, tuple(rows))

    def editions(self, report: IssueReport) -> ReportSection:
        """Break the recipients down by edition."""
        text, number = self.catalog.text, self.catalog.number
        rows = (
            (
                self._edition(edition.seq, edition.title, edition.more),
                number(edition.reach.planned),
                number(edition.reach.submitted),
                *(self._reported(report, number(edition.reach.arrived))),
                *self._clicks(report, edition.clicks),
            )
            for edition in report.editions
        )
        head = (
            text("report.edition"),
            text("report.recipients"),
            text("report.submitted"),
            *self._reported(report, text("report.delivered")),
            *self._click_names(report),
        )
        return ReportSection("editions", text("report.editions"), (), head, tuple(rows))

    def domains(self, report: IssueReport) -> ReportSection:
        """Break the events down by receiving domain."""
        text, number = self.catalog.text, self.catalog.number
        kinds = ((EventKind.DELIVERED,), (EventKind.DEFERRED,), FAILED, (EventKind.COMPLAINED,))
        rows = tuple(
            (
                domain.domain or text("report.other_domains"),
                number(domain.planned),
                *(number(sum(domain.events.get(kind, 0) for kind in group)) for group in kinds),
            )
            for domain in report.domains
        )
        head = (
            text("report.domain"),
            text("report.recipients"),
            text("report.delivered"),
            text("report.deferrals"),
            text("report.failed"),
            text("report.complaints"),
        )
        if report.reach.planned and not rows:
            return ReportSection("domains", text("report.domains"), (text("report.domains.later"),))
        note = (text("report.domains.note"),) if rows else ()
        return ReportSection("domains", text("report.domains"), note, head, rows)

    def topics(self, report: IssueReport) -> ReportSection:
        """Break the issue down by topic."""
        text, number = self.catalog.text, self.catalog.number
        rows = tuple(
            (
                topic.topic,
                number(topic.articles),
                number(topic.recipients),
                *self._clicks(report, topic.clicks),
            )
            for topic in report.topics
        )
        head = (
            text("report.topic"),
            text("report.articles"),
            text("report.recipients"),
            *self._click_names(report),
        )
        note = (text("report.topics.note"),) if rows else ()
        return ReportSection("topics", text("report.topics"), note, head, rows)

    def links(self, report: IssueReport) -> ReportSection:
        """List the links by their clicks."""
        text = self.catalog.text
        if report.clicks is None:
            return ReportSection("links", text("report.links"))
        rows = tuple(
            (link.title or link.url, *self._clicks(report, link.clicks)) for link in report.links
        )
        head = (text("report.link"), *self._click_names(report))
        return ReportSection("links", text("report.links"), (), head, rows)

    def _moment(self, at: datetime) -> str:
        return self.catalog.moment(at.astimezone(self.zone), "report.hour")

    def _edition(self, seq: int, title: str, more: int) -> str:
        text = self.catalog.text("report.edition.name", seq=seq, title=title or UNKNOWN)
        return f"{text} {self.catalog.count('report.edition.more', more)}" if more else text

    def _reported(self, report: IssueReport, cell: str) -> tuple[str, ...]:
        """Return a cell about delivered emails, none if that is not reported."""
        missing = DeliveryState.DELIVERED in report.gaps
        return () if missing and not report.positions.get("delivered") else (cell,)

    def _clicks(self, report: IssueReport, clicks: Engaged) -> tuple[str, ...]:
        if report.clicks is None:
            return ()
        return self.catalog.number(clicks.raw), self.catalog.number(clicks.human)

    def _click_names(self, report: IssueReport) -> tuple[str, ...]:
        if report.clicks is None:
            return ()
        return self.catalog.text("report.clicks_raw"), self.catalog.text("report.clicks_human")

    def _events(self, periods: Sequence[Period], *kinds: EventKind) -> list[int]:
        return [sum(period.events.get(kind, 0) for kind in kinds) for period in periods]

    def _share(self, number: int, of: int) -> str:
        return self.catalog.share(number / of) if of else UNKNOWN


def _timeline(moments: Sequence[datetime]) -> tuple[list[datetime], list[int]]:
    """Return the starts of the columns of a plot, and the column of each moment of its days.

    Columns have the same width in time, so that hours in which nothing happened are seen too.
    """
    if not moments:
        return [], []
    first = moments[0]
    plotted = [at for at in moments if at - first < BY_THE_HOUR]
    hours = (plotted[-1] - first) // HOUR + 1
    width = -(-hours // MOST_COLUMNS)
    starts = [first + place * width * HOUR for place in range(-(-hours // width))]
    return starts, [(at - first) // (width * HOUR) for at in plotted]


def _summed(values: Sequence[int], column_of: Sequence[int], columns: int) -> list[int]:
    """Add values up by column; what is after the plotted days is left out."""
    sums = [0] * columns
    for place, column in enumerate(column_of):
        sums[column] += values[place]
    return sums
