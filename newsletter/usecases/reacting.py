"""React to events: suppress addresses, end subscriptions, and alert staff."""

from collections.abc import Mapping

import sqlalchemy as sa

from newsletter import alerts
from newsletter.alerts import Alert
from newsletter.events.deciding import SOFT_RULE, Ends, Meaning, keeps_failing
from newsletter.events.notices import AboutNotice
from newsletter.events.run import AboutDelivery, SoftBounces
from newsletter.model.actor import Actor
from newsletter.model.alert_topic import AlertTopic
from newsletter.model.event import Event
from newsletter.model.next_step import NextStep, ViewIssue
from newsletter.people import reported
from newsletter.people.effects import apply_all
from newsletter.usecases.context import Context
from subscribers import directory, suppression
from subscribers.model import (
    BY_SOFT_BOUNCES,
    Effects,
    EmailAddress,
    Subscriber,
    Suppression,
    SuppressionReason,
)


class Reaction:
    """Does to people and issues what events mean, and counts it; `finish` ends it."""

    def __init__(self, context: Context, connection: sa.Connection, actor: Actor) -> None:
        """React in a transaction, as an actor."""
        self._context = context
        self._connection = connection
        self._actor = str(actor)
        self._decided: list[Effects] = []
        self.suppressed = 0
        self.unsubscribed = 0

    def to(self, report: AboutDelivery, newsletter: str) -> None:
        """React to one event about a delivery of an issue of `newsletter`."""
        if report.meaning.alarming:
            self._alert(
                f"{report.issue_id}:dropped",
                f"emails of issue {report.issue_id}: {report.event.reason}",
                ViewIssue(report.issue_id),
            )
        self._to_person(report.subscriber_id, report.event, report.meaning, newsletter)

    def to_notice(self, report: AboutNotice) -> None:
        """React to one event about a notice; what went to staff suppresses no one."""
        notice, event = report.notice, report.event
        if report.meaning.alarming:
            self._alert(f"notices:dropped:{event.at:%Y-%m-%d}", f"automatic emails: {event.reason}")
        if report.subscriber_id is not None:
            newsletter = str(notice.values.get("newsletter", ""))
            self._to_person(report.subscriber_id, event, report.meaning, newsletter)
        elif notice.subscriber_id is not None and report.meaning.suppress is not None:
            self._suppress_other(notice.address, event, report.meaning.suppress)

    def to_soft_bounces(self, found: Mapping[int, SoftBounces]) -> None:
        """Suppress the addresses that keep failing; lift that if a late report shows otherwise.

        Soft bounces from before staff lifted a suppression count no longer.
        """
        for subscriber_id, bounces in found.items():
            person = directory.load(self._connection, subscriber_id)
            if person is None:
                continue
            lifted_at = reported.last_lifted(self._connection, person)
            fails = keeps_failing(bounces.at, filter(None, [*bounces.delivered_at, lifted_at]))
            provisional = person.suppressed and person.suppressed.origin == BY_SOFT_BOUNCES
            if fails and person.suppressed is None:
                reason, at = SuppressionReason.BOUNCE, max(bounces.at)
                self._apply_suppression(
                    person,
                    Suppression(person.address_key, reason, BY_SOFT_BOUNCES, SOFT_RULE, at),
                )
            elif provisional and not fails:
                self._lift(person)

    def finish(self) -> None:
        """Carry out what was decided: with one write to the journal, which waits for the disk."""
        context = self._context
        if self._decided:
            journal = context.journals.journal
            apply_all(self._connection, self._decided, journal, now=context.now())

    def _to_person(
        self, subscriber_id: int, event: Event, meaning: Meaning, newsletter: str
    ) -> None:
        if meaning.suppress is None and meaning.ends is Ends.NONE:
            return
        person = directory.load(self._connection, subscriber_id)
        if person is None:
            return  # erased since
        if meaning.suppress is not None:
            self._suppress(person, event, meaning.suppress)
        if meaning.ends is not Ends.NONE:
            self._unsubscribe(person, event, None if meaning.ends is Ends.ALL else newsletter)

    def _suppress(self, person: Subscriber, event: Event, reason: SuppressionReason) -> None:
        """Suppress an address.

        A bounce of an earlier address of this person says nothing about the present one.
        """
        moved = event.address_key not in {"", person.address_key}
        if moved and reason is SuppressionReason.BOUNCE:
            return
        self._apply_suppression(
            person, Suppression(person.address_key, reason, self._actor, event.reason, event.at)
        )

    def _suppress_other(self, address: str, event: Event, reason: SuppressionReason) -> None:
        """Suppress an address that a subscriber wanted to change to."""
        if not address:
            return  # erased since
        person = directory.find(self._connection, address)
        if person is not None:
            self._suppress(person, event, reason)
            return
        key = EmailAddress.parse(address).key
        cause = Suppression(key, reason, self._actor, event.reason, event.at)
        pepper = self._context.journals.pepper
        effects = suppression.suppress(self._connection, cause, pepper=pepper, actor=self._actor)
        self.suppressed += effects.outcome == "suppressed"
        self._decided.append(effects)

    def _apply_suppression(self, person: Subscriber, cause: Suppression) -> None:
        pepper = self._context.journals.pepper
        done = reported.suppress(self._connection, person, cause, actor=self._actor, pepper=pepper)
        for effects in done:
            self.suppressed += effects.outcome == "suppressed"
            self._decided.append(effects)

    def _lift(self, person: Subscriber) -> None:
        effects = suppression.lift(
            self._connection,
            person.address_key,
            why="a delivery that was reported late",
            actor=self._actor,
            now=self._context.now(),
            pepper=self._context.journals.pepper,
        )
        self._decided.append(effects)

    def _unsubscribe(self, person: Subscriber, event: Event, newsletter: str | None) -> None:
        done = reported.unsubscribe(
            self._connection,
            person,
            newsletter,
            event.at,
            pepper=self._context.journals.pepper,
            now=self._context.now(),
        )
        for effects in done:
            self.unsubscribed += effects.outcome == "unsubscribed"
            self._decided.append(effects)

    def _alert(self, key: str, dropped: str, next_step: NextStep | None = None) -> None:
        """Alert staff once per key that the provider dropped emails for a reason on our side."""
        alert = Alert(
            key,
            f"the provider dropped {dropped}",
            "It did not try to deliver them. Check the account with the provider.",
            next_step,
            topic=AlertTopic.DROPPED,
        )
        context = self._context
        alerts.queue(self._connection, context.publication, alert, now=context.now())
