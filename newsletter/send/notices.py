"""Submit notices: the automatic emails that other stages have queued."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from newsletter.errors import NewsletterError
from newsletter.esp.port import Letter, Outcome, Recipient, Sender, Shipment, Verdict
from newsletter.model.delivery import notice_id
from newsletter.model.publication import Publication
from newsletter.send.courier import Clock
from newsletter.store.people import notices
from newsletter.store.people.notices import Claimed
from subscribers.model import NoticeKind

log = structlog.get_logger()

LEASE = timedelta(minutes=3)
PAUSE = timedelta(minutes=5)
"""How long a notice waits that a provider turned away."""

PATIENCE = timedelta(days=1)
"""After so long a temporary refusal of a notice counts as a no."""

Compose = Callable[[Claimed], tuple[Letter, Recipient] | None]
"""Renders a notice and finds its address; None if it no longer has a recipient."""


Announce = Callable[[Mapping[str, object], datetime], str]
"""Posts the values of an alert to the webhook; returns what went wrong, or an empty text."""


@dataclass(slots=True)
class Noticed:
    """What became of the notices of one pass.

    `refused` are those whose recipient cannot be emailed; neither the program nor the provider failed.
    `unannounced` says why alerts could not be posted to the webhook.
    """

    submitted: int = 0
    waiting: int = 0
    waits: str = ""
    refused: int = 0
    failed: int = 0
    unannounced: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Post:
    """Where notices go: `alerts` is a second way out for what must not depend on the first.

    `announce` posts an alert to the webhook and returns what went wrong.
    """

    sender: Sender
    alerts: Sender
    compose: Compose
    clock: Clock
    announce: Announce | None = None


def letter(
    publication: Publication,
    subject: str,
    html: str,
    text: str,
    *,
    date: datetime,
    origin: str = "",
) -> Letter:
    """Return the letter of a rendered notice; it says that no person wrote it (RFC 3834).

    `origin` marks it, so that the provider's events about it are recognized as ours.
    """
    return Letter(
        sender=publication.sender,
        reply_to=publication.reply_to,
        subject=subject,
        html=html,
        text=text,
        nonce="",
        date=date,
        headers=(("Auto-Submitted", "auto-generated"),),
        categories=tuple(filter(None, ("notice", origin))),
    )


def submit(engine: sa.Engine, post: Post) -> Noticed:
    """Submit every notice that may leave now, one at a time, oldest first.

    A notice whose outcome was not seen is tried again, three times in all: a second confirmation
    mail is harmless, and without the first one no one becomes a subscriber.
    """
    done = Noticed()
    while (claimed := _claim(engine, post.clock())) is not None:
        _announce(post, claimed, done)
        outcome = _attempt(post, claimed)
        state = _state(claimed, outcome)
        with engine.begin() as connection:
            now = post.clock()
            pause = timedelta(seconds=outcome.wait) if outcome.wait else PAUSE
            notices.settle(
                connection,
                claimed,
                state,
                now=now,
                reason=outcome.reason,
                not_before=now + pause if state == notices.QUEUED else None,
            )
        _count(done, state, outcome)
        log.info("notice settled", notice=claimed.id, kind=claimed.notice.kind, state=state)
    with engine.begin() as connection:
        done.failed += notices.give_up(connection, post.clock())
    return done


def _claim(engine: sa.Engine, now: datetime) -> Claimed | None:
    with engine.begin() as connection:
        return notices.claim(connection, now=now, lease_until=now + LEASE)


def _announce(post: Post, claimed: Claimed, done: Noticed) -> None:
    """Post an alert to the webhook, at its first attempt only: the email is tried again."""
    if post.announce is None or claimed.notice.kind is not NoticeKind.ALERT or claimed.attempt > 1:
        return
    if problem := post.announce(claimed.notice.values, post.clock()):
        done.unannounced.append(problem)
        log.warning("alert not announced", notice=claimed.id, problem=problem)


def _attempt(post: Post, claimed: Claimed) -> Outcome:
    try:
        composed = post.compose(claimed)
    except NewsletterError as error:
        return Outcome(Verdict.REFUSED, str(error))
    if composed is None:
        return Outcome(Verdict.REFUSED, "it no longer has a recipient")
    sender = post.alerts if claimed.notice.kind is NoticeKind.ALERT else post.sender
    attempt_id = f"{notice_id(claimed.id)}:{claimed.attempt}"
    last = claimed.queued_at + PATIENCE < post.clock()
    outcome = sender.submit(Shipment(attempt_id, composed[0], [composed[1]], last))
    if outcome.refused:
        reason = next(iter(outcome.refused.values()))
        return Outcome(Verdict.REFUSED, reason, refused=outcome.refused)
    return outcome


def _state(claimed: Claimed, outcome: Outcome) -> str:
    match outcome.verdict:
        case Verdict.ACCEPTED:
            return notices.SUBMITTED
        case Verdict.REFUSED:
            return notices.REFUSED
        case Verdict.UNKNOWN if claimed.attempt >= notices.LIMIT:
            return notices.UNKNOWN
        case Verdict.UNKNOWN | Verdict.UNSENT:
            return notices.QUEUED


def _count(done: Noticed, state: str, outcome: Outcome) -> None:
    match state:
        case notices.SUBMITTED:
            done.submitted += 1
        case notices.QUEUED:
            done.waiting += 1
            done.waits = outcome.reason
        case _ if outcome.refused:
            done.refused += 1
        case _:
            done.failed += 1
