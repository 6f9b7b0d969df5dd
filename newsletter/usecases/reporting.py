"""Report what became of an issue, from counters alone: no query reads deliveries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from newsletter.model.edition import Edition
from newsletter.model.engagement import NO_LINK, CountedLink, EngagementTotal, Tracking
from newsletter.model.event import EventKind
from newsletter.model.issue import Issue, Item, corrected
from newsletter.model.issue_report import (
    COMPARED,
    DomainReport,
    EditionReport,
    Engaged,
    Gap,
    IssueReport,
    LinkReport,
    Measure,
    MeasureComparison,
    Period,
    RecipientCounts,
    TopicReport,
    compared,
    gaps,
    measures,
)
from newsletter.model.naming import issue_name
from newsletter.model.publication import Publication
from newsletter.model.states import DeliveryState, IssueState
from newsletter.model.tally import TALLIED, Axis, start_of
from newsletter.send import status
from newsletter.store.content import edition_links, editions, issues
from newsletter.store.counting import domains, tallies
from newsletter.store.sending import deliveries, engagements, totals
from newsletter.usecases.context import Context

MOST_LINKS = 200
"""Links that a report lists; an issue rarely has a tenth of that."""


@dataclass(frozen=True, slots=True)
class _Tracked:
    """The opens and clicks of an issue, by edition and link."""

    totals: Sequence[EngagementTotal]

    def of(self, kind: EventKind, *, link: int = NO_LINK, edition: int | None = None) -> Engaged:
        """Add up the counters of one link, or of the whole emails."""
        found = Engaged()
        for total in self.totals:
            if total.kind is kind and total.link == link and edition in {None, total.edition_id}:
                found += Engaged(total.raw, total.human, total.raw_emails, total.human_emails)
        return found

    def kept(self, kind: EventKind, *, wanted: bool) -> Engaged | None:
        """Return the sums, None if nothing is counted and nothing was."""
        found = self.of(kind)
        return found if wanted or found.raw else None


def issue_report(context: Context, issue_id: int) -> IssueReport:
    """Return the report of an issue; raise NotFound."""
    with context.reader.connect() as connection:
        return report_of(connection, context.publication, issue_id)


def clicks_on(connection: sa.Connection, issue_id: int, seq: int) -> dict[str, Engaged]:
    """Return the clicks on each address in one edition; empty if it does not exist."""
    tracked = _Tracked(engagements.totals_of(connection, issue_id))
    return {
        link.url: tracked.of(EventKind.CLICKED, link=link.number, edition=edition.id)
        for edition in editions.of_issue(connection, issue_id)
        if edition.seq == seq
        for link in edition_links.of_edition(connection, edition.id)
    }


def report_of(connection: sa.Connection, publication: Publication, issue_id: int) -> IssueReport:
    """Return the report of an issue, in a transaction of the caller; raise NotFound."""
    issue = issues.load(connection, issue_id)
    newsletter = publication.newsletter(issue.newsletter)
    tracked = _Tracked(engagements.totals_of(connection, issue.id))
    hours = tallies.of(connection, issue.id, Axis.HOUR)
    providers = totals.providers(connection, [issue.id])[issue.id]
    reach = totals.by_issue(connection, [issue.id]).get(issue.id, RecipientCounts())
    unknown = gaps(providers, mailbox=bool(publication.bounces), heard=_heard(hours))
    unsubscribed = sum(
        number for (_, kind), number in hours.items() if kind is EventKind.UNSUBSCRIBED
    )
    tracking = newsletter.tracking if newsletter else Tracking()
    opens = tracked.kept(EventKind.OPENED, wanted=tracking.opens)
    clicks = tracked.kept(EventKind.CLICKED, wanted=tracking.clicks)
    items = [corrected(item) for item in issues.load_items(connection, issue.id) if item.included]
    rendered = editions.of_issue(connection, issue.id)
    reaches = totals.by_edition(connection, issue.id)
    links = {edition.id: edition_links.of_edition(connection, edition.id) for edition in rendered}
    followed = _followed(tracked, links)
    return IssueReport(
        issue_id=issue.id,
        newsletter=issue.newsletter,
        name=issue_name(issue, newsletter),
        subject=issue.subject,
        state=issue.state.value,
        began=issue.frozen_at,
        submitted_at=issue.submitted_at,
        reach=reach,
        positions=status.of(connection, issue.id).by_state,
        excluded=deliveries.exclusion_reasons(connection, issue.id),
        gaps=unknown,
        unsubscribed=unsubscribed,
        opens=opens,
        clicks=clicks,
        periods=_periods(connection, issue.id, hours),
        editions=_editions(rendered, items, reaches, tracked),
        domains=_domains(connection, issue.id),
        topics=_topics(rendered, items, reaches, followed),
        links=_links(items, followed),
        comparisons=_comparisons(
            connection, publication, issue, measures(reach, unknown, unsubscribed, opens, clicks)
        ),
    )


def _heard(hours: Mapping[tuple[str, EventKind], int]) -> bool:
    """Whether any event was reported; an unsubscribe is known without a report."""
    return any(kind in TALLIED for _, kind in hours)


def _periods(
    connection: sa.Connection, issue_id: int, hours: Mapping[tuple[str, EventKind], int]
) -> tuple[Period, ...]:
    """Return what happened in each hour in which anything did, in order."""
    submitted = totals.submitted_by_hour(connection, issue_id)
    events: dict[int, dict[EventKind, int]] = {}
    for (hour, kind), number in hours.items():
        events.setdefault(int(hour), {})[kind] = number
    engaged: dict[EventKind, dict[int, int]] = {EventKind.OPENED: {}, EventKind.CLICKED: {}}
    for each in engagements.hours_of(connection, issue_id):
        engaged[each.kind][int(each.hour.timestamp()) // 3600] = each.human
    opened, clicked = engaged.values()
    return tuple(
        Period(
            start_of(str(hour)),
            submitted.get(hour, 0),
            events.get(hour, {}),
            opened.get(hour, 0),
            clicked.get(hour, 0),
        )
        for hour in sorted(submitted.keys() | events.keys() | opened.keys() | clicked.keys())
    )


def _editions(
    rendered: Sequence[Edition],
    items: Sequence[Item],
    reaches: Mapping[int, RecipientCounts],
    tracked: _Tracked,
) -> tuple[EditionReport, ...]:
    titles = {item.article_id: item.title for item in items}
    return tuple(
        EditionReport(
            seq=edition.seq,
            title=titles.get(edition.items[0], "") if edition.items else "",
            more=max(0, len(edition.items) - 1),
            reach=reaches.get(edition.id, RecipientCounts()),
            clicks=tracked.of(EventKind.CLICKED, edition=edition.id),
        )
        for edition in rendered
    )


def _domains(connection: sa.Connection, issue_id: int) -> tuple[DomainReport, ...]:
    events: dict[str, dict[EventKind, int]] = {}
    for (domain, kind), number in tallies.of(connection, issue_id, Axis.DOMAIN).items():
        events.setdefault(domain, {})[kind] = number
    planned = domains.of(connection, issue_id)
    named = sorted(
        planned.keys() | events.keys(), key=lambda name: (not name, -planned.get(name, 0))
    )
    return tuple(
        DomainReport(domain, planned.get(domain, 0), events.get(domain, {})) for domain in named
    )


def _followed(
    tracked: _Tracked, links: Mapping[int, Iterable[CountedLink]]
) -> dict[tuple[str, int | None], Engaged]:
    """Add up the clicks on each address, in all editions."""
    found: dict[tuple[str, int | None], Engaged] = {}
    for edition_id, numbered in links.items():
        for link in numbered:
            clicks = tracked.of(EventKind.CLICKED, link=link.number, edition=edition_id)
            key = (link.url, link.article_id)
            found[key] = found.get(key, Engaged()) + clicks
    return found


def _topics(
    rendered: Sequence[Edition],
    items: Sequence[Item],
    reaches: Mapping[int, RecipientCounts],
    followed: Mapping[tuple[str, int | None], Engaged],
) -> tuple[TopicReport, ...]:
    """Return the topics, the one with the most recipients first.

    An article with two topics counts for both. A recipient counts once for a topic, however many
    articles with it their edition has.
    """
    found = []
    for topic in sorted({topic for item in items for topic in item.topics}):
        about = {item.article_id for item in items if topic in item.topics}
        recipients = sum(
            reaches[edition.id].planned
            for edition in rendered
            if edition.id in reaches and about.intersection(edition.items)
        )
        clicks = sum(
            (clicks for (_, article), clicks in followed.items() if article in about), Engaged()
        )
        found.append(TopicReport(topic, len(about), recipients, clicks))
    return tuple(sorted(found, key=lambda each: -each.recipients))


def _links(
    items: Sequence[Item], followed: Mapping[tuple[str, int | None], Engaged]
) -> tuple[LinkReport, ...]:
    """Return the links, most human clicks first."""
    titles: Mapping[int | None, str] = {item.article_id: item.title for item in items}
    found = [
        LinkReport(url, titles.get(article, ""), clicks)
        for (url, article), clicks in followed.items()
    ]
    order = sorted(found, key=lambda each: (-each.clicks.human, -each.clicks.raw))
    return tuple(order[:MOST_LINKS])


def _comparisons(
    connection: sa.Connection,
    publication: Publication,
    issue: Issue,
    present: Mapping[Measure, float | None],
) -> tuple[MeasureComparison, ...]:
    """Compare with the last issues of the same kind and newsletter that were submitted."""
    sent = [IssueState.SUBMITTED]
    recent = issues.recent(
        connection, newsletter=issue.newsletter, states=sent, before=issue.id, limit=4 * COMPARED
    )
    earlier = [each.id for each in recent if each.kind is issue.kind][:COMPARED]
    reaches = totals.by_issue(connection, earlier)
    providers = totals.providers(connection, earlier)
    events = tallies.totals(connection, earlier)
    return compared(
        present,
        [
            _measures(
                reaches.get(issue_id, RecipientCounts()),
                gaps(
                    providers[issue_id],
                    mailbox=bool(publication.bounces),
                    heard=any(kind in TALLIED for kind in events[issue_id]),
                ),
                events[issue_id].get(EventKind.UNSUBSCRIBED, 0),
                _Tracked(engagements.totals_of(connection, issue_id)),
            )
            for issue_id in earlier
        ],
    )


def _measures(
    reach: RecipientCounts,
    unknown: Mapping[DeliveryState, Gap],
    unsubscribed: int,
    tracked: _Tracked,
) -> Mapping[Measure, float | None]:
    """Return the measures of an earlier issue; without any open, opens were not tracked."""
    opens = tracked.kept(EventKind.OPENED, wanted=False)
    clicks = tracked.kept(EventKind.CLICKED, wanted=False)
    return measures(reach, unknown, unsubscribed, opens, clicks)
