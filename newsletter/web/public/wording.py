"""The consent text: a template per language, identified by a version."""

from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa

from newsletter.app import App
from newsletter.esp.smtp.server import SmtpServer
from newsletter.render.catalog import Catalog
from subscribers import directory


@dataclass(frozen=True, slots=True)
class Wording:
    """The consent text of a form; `version` contains a hash of the text."""

    version: str
    language: str
    html: str


def consent_wording(app: App, catalog: Catalog) -> Wording:
    """Return the text in a language, else in the publication's, else in English."""
    wanted = (catalog.language, app.publication.language, "en")
    language = next((tag for tag in wanted if app.templates.has(_name(tag))), "en")
    html = app.templates.render(
        _name(language),
        {
            "publication": app.publication,
            "fields": [field.label(language) for field in app.publication.fields],
            "sendgrid": "sendgrid" in app.senders,
            "mail_server": _mail_server(app),
            "days": app.settings.retention.pending.days,
            "network_days": app.settings.retention.addresses.days,
        },
    ).strip()
    return Wording(f"{language}-{sha256(html.encode()).hexdigest()[:12]}", language, html)


def keep(connection: sa.Connection, wording: Wording, app: App) -> None:
    """Store the text under its version, so that a proof of consent can be read years later."""
    directory.keep_wording(connection, wording.version, wording.language, wording.html, app.now())


def _mail_server(app: App) -> str:
    """Return the mail servers that process addresses for us, or "" if all are on this machine."""
    if "smtp" not in app.senders:
        return ""
    servers = SmtpServer.parse_all(app.settings.smtp_url)
    return ", ".join(server.host for server in servers if not server.is_local)


def _name(language: str) -> str:
    return f"consent/{language}.html.j2"
