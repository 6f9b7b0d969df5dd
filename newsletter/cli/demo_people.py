"""The demo's subscribers: imported, then some unsubscribe, are suppressed or pause."""

import tomllib
from collections.abc import Callable, Sequence
from importlib.resources import files
from math import ceil
from pathlib import Path

import sqlalchemy as sa

from newsletter.app import App
from newsletter.cli.lists import terms_of
from newsletter.cli.opening import current_user
from newsletter.usecases import people
from subscribers import directory, suppression
from subscribers.consent.choosing import NewsletterPreference, Preferences, choose
from subscribers.consent.limits import SignUpLimits
from subscribers.consent.signing_up import Rules
from subscribers.consent.unsubscribing import Unsubscribe, unsubscribe
from subscribers.model import Effects, Subscriber, Suppression, SuppressionReason
from subscribers.roster.reading import open_listing

PROVIDER = "provider:demo"
"""Who reports the bounces of the demo."""


def invite(app: App, root: Path, newsletter: str, others: Sequence[str] = ()) -> None:
    """Import the sample table once, and change the status of some people in `newsletter`."""
    listing = open_listing(root / "subscribers.csv")
    terms = terms_of(app.publication, "subscribers.csv", app.now(), into=[newsletter, *others])
    imported = people.apply_import(app.context, current_user(), listing, terms, lambda _rows: None)
    if not imported.changes.counts["new"]:
        return
    statuses = tomllib.loads((files("newsletter.cli") / "samples/statuses.toml").read_text("utf-8"))
    for address in statuses["unsubscribed"]:
        _act(app, address, _unsubscribe(app, newsletter))
    for address, reason in statuses["suppressed"].items():
        _act(app, address, _suppress(app, SuppressionReason(reason)))
    for address, days in statuses["paused"].items():
        _act(app, address, _pause(app, newsletter, ceil(days / 7)))


Change = Callable[[sa.Connection, Subscriber], Effects]


def _act(app: App, address: str, change: Change) -> None:
    people.carry_out(
        app.context,
        lambda connection: change(connection, directory.require(connection, address)),
    )


def _unsubscribe(app: App, newsletter: str) -> Change:
    wanted, pepper = Unsubscribe(newsletter, "page", "too much email"), app.settings.pepper
    return lambda connection, person: unsubscribe(
        connection, person.id, wanted, pepper=pepper, now=app.now()
    )


def _suppress(app: App, reason: SuppressionReason) -> Change:
    def change(connection: sa.Connection, person: Subscriber) -> Effects:
        cause = Suppression(person.address_key, reason, PROVIDER, "no such mailbox", app.now())
        pepper = app.settings.pepper
        return suppression.suppress(connection, cause, pepper=pepper, actor=PROVIDER)

    return change


def _pause(app: App, newsletter: str, weeks: int) -> Change:
    preference = NewsletterPreference(wanted=True, pause=weeks)
    preferences = Preferences(frozenset(), {}, {newsletter: preference}, "")
    rules = Rules(SignUpLimits(), app.settings.pepper, app.now())
    return lambda connection, person: choose(connection, person, preferences, rules)
