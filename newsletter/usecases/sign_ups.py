"""Watch over sign-ups: during a wave, tell staff, and release the waiting emails slowly."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter import alerts
from newsletter.alerts import Alert
from newsletter.model.actor import Actor, Role
from newsletter.model.alert_topic import AlertTopic
from newsletter.usecases.context import Context
from newsletter.usecases.people import carry_out
from subscribers.consent import queueing, signing_up
from subscribers.consent.limits import SignUpLimits, is_wave
from subscribers.consent.signing_up import Rules
from subscribers.phrase import Phrase


@dataclass(frozen=True, slots=True)
class SignUpWave:
    """A wave of sign-ups: those of the last hour, and those that wait for their email."""

    unconfirmed: int
    confirmed: int
    waiting: int

    @property
    def what(self) -> str:
        """Describe the wave."""
        return Phrase(
            "{unconfirmed:,} sign-ups of the last hour are unconfirmed, {confirmed:,} confirmed, and {waiting:,} wait for their email",
            unconfirmed=self.unconfirmed,
            confirmed=self.confirmed,
            waiting=self.waiting,
        )

    @property
    def advice(self) -> str:
        """Say what it means, what the program does, and what staff can do."""
        most = SignUpLimits().wave
        return Phrase(
            "This looks like an attack with strangers' addresses. Until it is over, the form asks for a proof of work, and at most {most} confirmation emails an hour go out. If it goes on, take the form off your site for a while.",
            most=most,
        )


def wave(connection: sa.Connection, now: datetime) -> SignUpWave | None:
    """Return the wave of sign-ups that goes on, or None."""
    traffic = signing_up.traffic(connection, now)
    if not is_wave(traffic):
        return None
    return SignUpWave(traffic.unconfirmed, traffic.confirmed, queueing.waiting(connection))


def report_wave(context: Context, actor: Actor) -> SignUpWave | None:
    """Tell staff of a wave by email, once a day; return it."""
    actor.require(Role.EDITOR)
    now = context.now()
    with context.reader.connect() as connection:
        seen = wave(connection, now)
    if seen is not None:
        alert = Alert(
            f"wave:{now.date().isoformat()}", seen.what, seen.advice, topic=AlertTopic.WAVE
        )
        with context.engine.begin() as connection:
            alerts.queue(connection, context.publication, alert, now=now)
    return seen


def release(context: Context, actor: Actor) -> int:
    """Ask some of the people who wait to confirm, those of quiet networks first. Return how many."""
    actor.require(Role.EDITOR)
    titles = {newsletter.key: newsletter.title for newsletter in context.publication.newsletters}
    rules = Rules(SignUpLimits(), context.journals.pepper, context.now())
    done = carry_out(context, lambda connection: queueing.release_some(connection, titles, rules))
    return len(done.notices)
