"""Look for what no step of a pass would report: silence, a full disk, a certificate that ends."""

import shutil
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import sqlalchemy as sa

from newsletter.maintenance import sender_domain
from newsletter.maintenance.checkup import events_missing
from newsletter.maintenance.outside import sender_records
from newsletter.maintenance.readings import Health
from newsletter.model.publication import Dkim, Publication
from newsletter.model.source import FAILURES
from newsletter.store import events
from newsletter.store.content import articles, sources

if TYPE_CHECKING:
    from newsletter.fetch.names import Names

GAPS = 10
"""How many of a source's last articles show its rhythm, and at least half of them must."""
SHORTEST_SILENCE = timedelta(days=3)
LEAST_FREE = 0.05
ENOUGH_FREE = 10 * 2**30
"""Bytes that are enough on any disk, however small their share of it is."""
ENDS_WITHIN = timedelta(days=14)
CONNECTS_WITHIN = 10.0


def examine(reader: sa.Engine, publication: Publication, root: Path, now: datetime) -> list[str]:
    """Return a sentence for each thing that staff should look at."""
    with reader.connect() as connection:
        found = [*_sources(connection, publication, now), *_events(connection, publication, now)]
    usage = shutil.disk_usage(root)
    found += disk_problem(usage.free, usage.total)
    found += _certificate(publication.url, now)
    if publication.provider != "outbox" and not sender_domain.is_reserved(publication.domain):
        found += domain_problems(publication)
    return found


def _sources(connection: sa.Connection, publication: Publication, now: datetime) -> Iterator[str]:
    states = sources.states(connection)
    for source in publication.sources:
        state = states.get(source.key)
        if state is not None and (state.failures >= FAILURES or state.is_emptied):
            continue  # the pass reports it
        arrivals = articles.arrivals(connection, source.key, GAPS + 1)
        if silent := silence(arrivals, now):
            yield f"source {source.key} has been silent for {silent.days} days, unlike before"


def silence(arrivals: Sequence[datetime], now: datetime) -> timedelta | None:
    """Return how long nothing has come in, if that is more than twice the longest gap before.

    `arrivals` are those of the last articles, in any order. None if they show no rhythm yet.
    """
    days = sorted({moment.date() for moment in arrivals})
    gaps = [later - earlier for earlier, later in pairwise(days)]
    if len(gaps) < GAPS // 2:
        return None
    silent = now - max(arrivals)
    return silent if silent > max(2 * max(gaps), SHORTEST_SILENCE) else None


def _events(connection: sa.Connection, publication: Publication, now: datetime) -> Iterator[str]:
    if publication.provider != "sendgrid":
        return
    last = events.last_at(connection)
    if last is not None and events_missing(connection, now):
        yield f"no events have come from SendGrid since {last:%Y-%m-%d %H:%M} UTC"


def disk_problem(free: int, total: int) -> Iterator[str]:
    """Describe a disk that is nearly full."""
    if free < min(total * LEAST_FREE, ENOUGH_FREE):
        yield f"the disk is nearly full: {free / 2**20:,.0f} MB are free"


def domain_problems(publication: Publication, names: "Names | None" = None) -> Iterator[str]:
    """Describe records of the sender domain by which receivers would refuse its emails.

    Nothing is said if no name server answers.
    """
    from newsletter.fetch.names import LookupFailed, Names  # noqa: PLC0415 - once an hour

    names = names or Names()
    for reading in sender_records(publication, names):
        if reading.health is Health.FAIL:
            yield f"the records of {publication.domain}: {reading.message}"
    if publication.provider == "smtp" and publication.smtp.dkim is not None:
        with suppress(LookupFailed):
            yield from _signing_problem(publication.smtp.dkim, names)


def _signing_problem(use: Dkim, names: "Names") -> Iterator[str]:
    from newsletter.esp.smtp.signing import published_problem  # noqa: PLC0415 - rarely configured

    def text_of(name: bytes, **_options: object) -> bytes | None:
        found = names.texts(name.decode("ascii", "replace").rstrip("."))
        return found[0].encode() if found else None

    if problem := published_problem(use, text_of):
        yield problem


def _certificate(url: str, now: datetime) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        yield from certificate_problem(parts.hostname, parts.port or 443, now)


def certificate_problem(
    host: str, port: int, now: datetime, context: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Describe a certificate of the public pages that is not valid, or soon will not be.

    Nothing is said if there is no connection: this machine may not reach its own public address.
    """
    chosen = context or ssl.create_default_context()
    try:
        with (
            socket.create_connection((host, port), CONNECTS_WITHIN) as plain,
            chosen.wrap_socket(plain, server_hostname=host) as secured,
        ):
            certificate = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        yield f"the certificate of {host} is not valid: {error.verify_message}"
        return
    except OSError:
        return
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    if ends - now < ENDS_WITHIN:
        yield f"the certificate of {host} ends on {ends:%Y-%m-%d}"
