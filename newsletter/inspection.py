"""Build what the checkup looks at, and what asks the providers."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from newsletter import migrations
from newsletter.clock import clock
from newsletter.collect.parsing.sandbox import unprotected
from newsletter.esp.port import Recipient, Shipment, Verdict
from newsletter.esp.sendgrid.events import key_problem
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.fetch.names import Names
from newsletter.maintenance import outside
from newsletter.maintenance.checkup import DKIM, Installation, Schema
from newsletter.maintenance.readings import Reading
from newsletter.model.protection import Protection
from newsletter.model.publication import Dkim
from newsletter.parts import open_smtp
from newsletter.render.templates import open_templates, template_root
from newsletter.send.notices import letter
from newsletter.settings import FILE, Settings, secrets


def installation(settings: Settings) -> Installation:
    """Return what the checkup looks at; nothing is opened."""
    own = settings.root / "templates"
    broken = open_templates(settings.publication, settings.root).broken if own.is_dir() else None
    return Installation(
        root=settings.root,
        publication=settings.publication,
        secrets_file=settings.root / secrets.FILE,
        signing_keys=len(settings.secret_keys),
        database_url=settings.database_url,
        outbox=settings.outbox,
        schema=Schema(migrations.head(), frozenset(migrations.known()), migrations.revision),
        layouts=(own / "issue", template_root() / "issue"),
        unprotected=partial(_unprotected, settings),
        broken_templates=broken,
        events_problem=key_problem(settings.sendgrid_webhook_public_key),
    )


def _unprotected(settings: Settings) -> Mapping[Protection, str]:
    """Have a parsing process try what it must not be able to do; return what it could."""
    hidden = [settings.root / FILE, settings.root / secrets.FILE]
    database = sa.make_url(settings.database_url)
    if database.get_backend_name() == "sqlite":
        hidden.append(Path(str(database.database)))
    return unprotected(settings.publication.collecting.user, hidden)


def reachability(settings: Settings, names: Names | None = None) -> Iterator[Reading]:
    """Ask the public pages and the records of the sender domain, where email leaves this machine."""
    publication = settings.publication
    if publication.provider == "outbox":
        return
    yield outside.public_pages(publication.url)
    yield from outside.sender_records(publication, names)


def probes(settings: Settings) -> dict[str, Callable[[], str]]:
    """Return a function for each secret in use that asks its provider whether it takes email."""
    found: dict[str, Callable[[], str]] = {}
    if settings.publication.provider == "sendgrid":
        found["SENDGRID_API_KEY"] = lambda: _probe_sendgrid(settings)
    if settings.publication.provider == "smtp":
        found["SMTP_URL"] = lambda: open_smtp(settings.smtp_url).probe()
        if (dkim := settings.publication.smtp.dkim) is not None:
            found[DKIM] = lambda: _probe_dkim(dkim)
    if settings.alert_smtp_url:
        found["ALERT_SMTP_URL"] = lambda: open_smtp(settings.alert_smtp_url).probe()
    return found


def _probe_dkim(dkim: Dkim) -> str:
    from newsletter.esp.smtp.signing import published_problem  # noqa: PLC0415 - rarely configured

    return published_problem(dkim)


def _probe_sendgrid(settings: Settings) -> str:
    """Have an email to ourselves checked in sandbox mode; return why it would not be accepted."""
    publication = settings.publication
    sender = SendGridSender(settings.sendgrid_api_key, settings.sendgrid_api_host, sandbox=True)
    checked = letter(publication, "Checkup", "<p>Checkup.</p>", "Checkup.", date=clock())
    recipient = Recipient("doctor", publication.sender.address, "", "")
    outcome = sender.submit(Shipment("doctor:1", checked, [recipient]))
    sender.close()
    if outcome.verdict is Verdict.ACCEPTED:
        return "; ".join(outcome.refused.values())
    return outcome.reason
