"""The demo's subscribers: imported from a table, then left, suppressed and paused as people are."""

import tomllib
from importlib.resources import files
from math import ceil
from pathlib import Path

import sqlalchemy as sa

from newsletter.app import App
from newsletter.cli.lists import terms_of
from newsletter.store.people import intents
from subscribers import directory, suppression
from subscribers.consent.choosing import NewsletterPreference, Preferences, choose
from subscribers.consent.signing_up import Rules, SignUpLimits
from subscribers.consent.unsubscribing import Unsubscribe, unsubscribe
from subscribers.model import Suppression, SuppressionReason
from subscribers.roster.change_set import ChangeSet
from subscribers.roster.reading import open_listing
from subscribers.roster.run import ImportJob, apply

ACTOR = "demo"


def invite(app: App, root: Path, newsletter: str) -> ChangeSet:
    """Import the sample table once, and let happen to some people what happens to people."""
    order = ImportJob(
        open_listing(root / "subscribers.csv", mapping={}),
        terms_of(app.publication, "subscribers.csv", into=[newsletter]),
        app.settings.pepper,
        journal=app.journal,
    )
    found = apply(app.engine, order, actor=ACTOR, clock=app.now)
    if not found.counts["new"]:
        return found
    statuses = tomllib.loads((files("newsletter.cli") / "samples/statuses.toml").read_text("utf-8"))
    with app.engine.begin() as connection:
        for address in statuses["unsubscribed"]:
            _leave(app, connection, address, newsletter)
        for address, reason in statuses["suppressed"].items():
            _suppress(app, connection, address, SuppressionReason(reason))
        for address, days in statuses["paused"].items():
            _pause(app, connection, address, newsletter, ceil(days / 7))
    return found


def _leave(app: App, connection: sa.Connection, address: str, newsletter: str) -> None:
    person = directory.require(connection, address)
    wanted = Unsubscribe(newsletter, "page", "too much mail")
    pepper = app.settings.pepper
    outcome = unsubscribe(connection, person.id, wanted, pepper=pepper, now=app.now())
    intents.carry_out(connection, outcome, app.journal, now=app.now())


def _suppress(app: App, connection: sa.Connection, address: str, reason: SuppressionReason) -> None:
    person = directory.require(connection, address)
    cause = Suppression(person.address_key, reason, ACTOR, "no such mailbox", app.now())
    pepper = app.settings.pepper
    outcome = suppression.suppress(connection, cause, pepper=pepper, actor=ACTOR)
    intents.carry_out(connection, outcome, app.journal, now=app.now())


def _pause(app: App, connection: sa.Connection, address: str, newsletter: str, weeks: int) -> None:
    person = directory.require(connection, address)
    wishes = Preferences(
        frozenset(), {}, {newsletter: NewsletterPreference(wanted=True, pause=weeks)}, ""
    )
    rules = Rules(SignUpLimits(), app.settings.pepper, app.now())
    outcome = choose(connection, person, wishes, rules)
    intents.carry_out(connection, outcome, app.journal, now=app.now())
