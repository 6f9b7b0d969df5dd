"""The report of a newsletter as sections: a sentence, a plot and a table each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from newsletter.model.issue_report import Engaged
from newsletter.model.newsletter_report import NewsletterReport
from newsletter.model.publication import Topic
from newsletter.render.catalog import Catalog
from newsletter.render.plots import Plot, Series, Tone
from newsletter.render.report_view import FEWEST_COLUMNS, KeyEntry, ReportSection
from subscribers.audience.growth import AgeGroup, SubscriptionChange

WON = {
    SubscriptionChange.CONFIRMED: "growth.confirmed",
    SubscriptionChange.IMPORTED: "growth.imported",
    SubscriptionChange.RETURNED: "growth.returned",
}
LOST = {
    SubscriptionChange.UNSUBSCRIBED: "growth.unsubscribed",
    SubscriptionChange.ENDED_BY_IMPORT: "growth.ended_by_import",
    SubscriptionChange.BOUNCED: "growth.bounced",
    SubscriptionChange.COMPLAINED: "growth.complained",
    SubscriptionChange.SUPPRESSED: "growth.suppressed",
    SubscriptionChange.PAUSED: "growth.paused",
    SubscriptionChange.ERASED: "growth.erased",
}
AGES = {
    AgeGroup.MONTH: "growth.age.month",
    AgeGroup.QUARTER: "growth.age.quarter",
    AgeGroup.YEAR: "growth.age.year",
    AgeGroup.TWO_YEARS: "growth.age.two_years",
    AgeGroup.OLDER: "growth.age.older",
    AgeGroup.PAUSED: "growth.age.paused",
    AgeGroup.INACTIVE: "growth.age.inactive",
}


def sections(
    report: NewsletterReport, catalog: Catalog, topics: Iterable[Topic] = ()
) -> tuple[ReportSection, ...]:
    """Return the sections of a report in order; there are none before the first count.

    `topics` name those that the report has by their slugs.
    """
    if report.since is None or report.until is None:
        return ()
    names = {topic.slug: topic.label(catalog.language) for topic in topics}
    words = _GrowthWords(catalog, names)
    found = (
        words.months(report),
        words.ages(report),
        words.topics(report),
        words.articles(report),
    )
    return tuple(section for section in found if section.rows or section.notes)


@dataclass(frozen=True, slots=True)
class _GrowthWords:
    """Writes the sections in one language."""

    catalog: Catalog
    names: Mapping[str, str]

    def months(self, report: NewsletterReport) -> ReportSection:
        """Show each month with what was won and lost; a change that never happened has no column."""
        text, number = self.catalog.text, self.catalog.number
        kinds = {
            kind: key
            for kind, key in (WON | LOST).items()
            if any(month.changes.get(kind) for month in report.months)
        }
        rows = tuple(
            (
                self.catalog.date(month.first, "growth.month"),
                *(number(month.changes.get(kind, 0)) for kind in kinds),
            )
            for month in report.months
        )
        notes = [text("growth.note")] if rows else [text("growth.nothing")]
        if report.since and report.until:
            since, until = self.catalog.date(report.since), self.catalog.date(report.until)
            notes.insert(0, text("growth.since", since=since, until=until))
        return self._plotted(
            report,
            ReportSection(
                "growth",
                text("growth.over_time"),
                tuple(notes),
                (text("growth.period"), *map(text, kinds.values())) if rows else (),
                rows,
            ),
        )

    def _plotted(self, report: NewsletterReport, section: ReportSection) -> ReportSection:
        """Add columns of what was won and lost, oldest month first."""
        if len(report.months) < FEWEST_COLUMNS:
            return section
        from newsletter.render.drawing import columns  # noqa: PLC0415 - slow to import

        months = report.months[::-1]
        tones: tuple[tuple[str, Tone, set[SubscriptionChange]], ...] = (
            ("growth.won", "good", set(WON)),
            ("growth.lost", "bad", set(LOST)),
        )
        series = [
            Series(
                self.catalog.text(key),
                tone,
                [sum(month.changes.get(kind, 0) for kind in kinds) for month in months],
            )
            for key, tone, kinds in tones
        ]
        labels = [self.catalog.date(month.first, "growth.month") for month in months]
        plot = Plot("growth", section.title, self.catalog.text("growth.summary"), labels, series)
        key = tuple(KeyEntry(each.name, each.tone) for each in series)
        return replace(section, drawing=columns(plot), key=key)

    def ages(self, report: NewsletterReport) -> ReportSection:
        """Show how long ago the subscribers confirmed, and how many are inactive."""
        text, total = self.catalog.text, sum(report.ages.values())
        if not total:
            return ReportSection("ages", text("growth.ages"))
        rows = tuple(
            (
                text(key),
                self.catalog.number(report.ages.get(age, 0)),
                self.catalog.share(report.ages.get(age, 0) / total),
            )
            for age, key in AGES.items()
            if report.ages.get(age, 0)
        )
        inactive = report.ages.get(AgeGroup.INACTIVE, 0)
        known = report.asks or inactive
        share = self.catalog.share(inactive / total)
        notes = [
            text("growth.silent", share=self.catalog.share(number / total), days=days)
            for days, number in report.silent.items()
        ]
        if known or not notes:
            paused = text("growth.inactive", share=share)
            notes.append(paused if known else text("growth.inactive_unknown"))
        head = (text("growth.age"), text("report.subscribers"), text("report.share"))
        return ReportSection("ages", text("growth.ages"), tuple(notes), head, rows)

    def topics(self, report: NewsletterReport) -> ReportSection:
        """Show which topics subscribers follow and click."""
        text = self.catalog.text
        rows = tuple(
            (
                self.names.get(each.topic, each.topic),
                self.catalog.number(each.followers),
                *self._clicks(report, each.clicks),
            )
            for each in report.topics
        )
        head = (text("report.topic"), text("growth.followers"), *self._click_names(report))
        note = (text("growth.topics.note"),) if rows else ()
        return ReportSection("topics", text("growth.topics"), note, head, rows)

    def articles(self, report: NewsletterReport) -> ReportSection:
        """Show the articles with the most clicks in the last issues."""
        text = self.catalog.text
        if not report.counts_clicks:
            note = text("report.clicks_off")
            return ReportSection("articles", text("growth.articles"), (note,))
        rows = tuple((each.title, *self._clicks(report, each.clicks)) for each in report.articles)
        head = (text("growth.article"), *self._click_names(report))
        note = self.catalog.count("growth.issues", report.issues)
        return ReportSection("articles", text("growth.articles"), (note,), head, rows)

    def _clicks(self, report: NewsletterReport, clicks: Engaged) -> tuple[str, ...]:
        if not report.counts_clicks:
            return ()
        return self.catalog.number(clicks.raw), self.catalog.number(clicks.human)

    def _click_names(self, report: NewsletterReport) -> tuple[str, ...]:
        if not report.counts_clicks:
            return ()
        return self.catalog.text("report.clicks_raw"), self.catalog.text("report.clicks_human")
