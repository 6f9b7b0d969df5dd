"""What the program works with, built from its settings: providers, templates, what fetches.

What is expensive to import is imported and built at its first use.
"""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from newsletter.model.once import OnceEach
from newsletter.store.database import open_direct, open_engine, open_reader
from newsletter.store.reservations import Reservations

OUTSIDE_KEPT = timedelta(minutes=5)
"""How long the pre-flight checks use what they learned about pages and the domain."""

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import sqlalchemy as sa

    from newsletter.collect.parsing.sandbox import Sandbox
    from newsletter.esp.port import Sender
    from newsletter.esp.sendgrid.suppressions import SuppressionLists
    from newsletter.esp.smtp.sender import SmtpSender
    from newsletter.fetch.client import Fetcher
    from newsletter.maintenance.readings import Reading
    from newsletter.maintenance.retention import Tidied
    from newsletter.model.publication import Publication, SmtpUse
    from newsletter.model.source import CollectLimits
    from newsletter.render.templates import Templates
    from newsletter.send.notices import Announce
    from newsletter.settings import Settings


def databases(settings: Settings) -> tuple[sa.Engine, sa.Engine, Reservations]:
    """Return the database to write to, the one to read from, and what is reserved in it."""
    pooled = bool(settings.direct_url)
    return (
        open_engine(settings.database_url, pooled=pooled),
        open_reader(settings.database_url, pooled=pooled),
        Reservations(open_direct(settings.direct_url or settings.database_url)),
    )


def fetcher(now: Callable[[], datetime], rng: random.Random, reservations: Reservations) -> Fetcher:
    """Return what fetches from sources and checks links, one request per host at a time."""
    from newsletter.fetch.client import open_fetcher
    from newsletter.store.host_turns import HostTurns

    return open_fetcher(now, rng, reserve=HostTurns(reservations).turn)


def outside(publication: Publication) -> Sequence[Reading]:
    """Ask about the public pages and the sender domain."""
    from newsletter.maintenance.outside import before_approval

    return before_approval(publication)


def suppression_lists(settings: Settings) -> SuppressionLists:
    """Return what reads the provider's own suppressions."""
    from newsletter.esp.sendgrid.suppressions import SuppressionLists

    return SuppressionLists(settings.sendgrid_api_key, settings.sendgrid_api_host)


def announcing(settings: Settings) -> Announce | None:
    """Return what posts alerts to the configured address, if there is one."""
    if not settings.alert_webhook_url:
        return None
    from newsletter.fetch.announcing import announce

    return partial(announce, settings.alert_webhook_url, settings.publication.name)


def sandbox(limits: CollectLimits) -> Sandbox:
    """Return the processes that parse documents."""
    from newsletter.collect.parsing.sandbox import Sandbox

    return Sandbox(limits.parsers, user=limits.user)


def templates(settings: Settings) -> Templates:
    """Return the compiled templates of the publication."""
    from newsletter.render.templates import open_templates

    return open_templates(settings.publication, settings.root)


def senders(settings: Settings, processes: int) -> Mapping[str, Sender]:
    """Return every provider that is set up, by its word in the configuration."""
    builders: dict[str, Callable[[], Sender]] = {"outbox": partial(_outbox, settings.outbox)}
    if settings.smtp_url:
        builders["smtp"] = partial(
            open_smtp, settings.smtp_url, settings.publication.smtp, processes
        )
    if settings.sendgrid_api_key:
        builders["sendgrid"] = partial(_sendgrid, settings)
    return OnceEach(builders)


def _outbox(folder: Path) -> Sender:
    from newsletter.esp.outbox import OutboxSender

    return OutboxSender(folder)


def open_smtp(url: str, use: SmtpUse | None = None, processes: int = 1) -> SmtpSender:
    """Return the provider at an SMTP URL; nothing is connected yet."""
    from newsletter.esp.smtp.sender import SmtpSender

    return SmtpSender(url, use=use, processes=processes)


def _sendgrid(settings: Settings) -> Sender:
    from newsletter.esp.sendgrid.sender import SendGridSender

    return SendGridSender(settings.sendgrid_api_key, settings.sendgrid_api_host)


def rates(publication: Publication, providers: Mapping[str, Sender]) -> dict[str, float]:
    """Return the most recipients per second by provider; 0 means unlimited."""
    return {
        **dict.fromkeys(providers, publication.rate),
        "smtp": publication.smtp.rate or publication.rate,
    }


def tidy(engine: sa.Engine, settings: Settings, now: datetime) -> Tidied:
    """Delete what is no longer kept; return how much of what."""
    from newsletter.maintenance.retention import Folders
    from newsletter.maintenance.retention import tidy as delete

    return delete(
        engine,
        settings.retention,
        Folders(settings.outbox, settings.root / "uploads"),
        pepper=settings.pepper,
        now=now,
        wait=time.sleep,
    )
