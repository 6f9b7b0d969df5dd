"""Ask subscribers without consent to confirm, one email each; until they answer, they get nothing."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from subscribers.consent import signing_up
from subscribers.consent.signing_up import Rules, SignUp
from subscribers.model import ASKED, Effects, EmailAddress, Subscriber, SubscriptionState
from subscribers.store import audit, people
from subscribers.store.audit import AuditEntry
from subscribers.store.tables import requests, subscriptions


def unasked(connection: sa.Connection, newsletters: Sequence[str], most: int) -> list[int]:
    """Return the IDs of subscribers with a pending subscription whom no one has asked yet."""
    asked = sa.exists().where(requests.c.subscriber_id == subscriptions.c.subscriber_id)
    query = (
        sa.select(subscriptions.c.subscriber_id)
        .where(
            subscriptions.c.state == SubscriptionState.PENDING,
            subscriptions.c.newsletter.in_(newsletters),
            ~asked,
        )
        .distinct()
        .order_by(subscriptions.c.subscriber_id)
        .limit(most)
    )
    return list(connection.scalars(query))


def ask(
    connection: sa.Connection,
    subscriber_id: int,
    titles: Mapping[str, str],
    rules: Rules,
    *,
    actor: str,
    language: str,
) -> Effects:
    """Ask one subscriber about all their pending newsletters. The request keeps a second run away.

    The outcome is `emailed`, or `not emailed` for an address that must not or cannot be asked.
    """
    person = people.load(connection, subscriber_id)
    pending = _pending(person, titles) if person else {}
    if person is None or not pending:
        return Effects("not emailed")
    address = EmailAddress(person.address, person.address_key)
    asked = SignUp(address, pending, (), person.language or language, ASKED, "", "")
    effects = signing_up.ask(connection, person.id, asked, rules)
    detail = {"newsletters": list(pending), "outcome": effects.outcome}
    audit.record(connection, AuditEntry(actor, "asked", rules.now, person.id, detail=detail))
    return effects


def _pending(person: Subscriber, titles: Mapping[str, str]) -> dict[str, str]:
    return {
        each.newsletter: titles[each.newsletter]
        for each in person.subscriptions
        if each.state is SubscriptionState.PENDING and each.newsletter in titles
    }
