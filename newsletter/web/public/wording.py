"""The wording that people agree to: a template per language, known by a version."""

from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa

from newsletter.app import App
from newsletter.render.words import Words
from subscribers import directory


@dataclass(frozen=True, slots=True)
class Wording:
    """What the form says about consent; `version` is a hash of every word of it."""

    version: str
    language: str
    html: str


def consent_wording(app: App, words: Words) -> Wording:
    """Return the wording in a language, else in the publication's, else in English."""
    wanted = (words.language, app.publication.language, "en")
    language = next((one for one in wanted if app.templates.has(_name(one))), "en")
    html = app.templates.render(
        _name(language),
        {
            "publication": app.publication,
            "abroad": app.publication.provider == "sendgrid",
            "days": app.settings.retention.pending.days,
            "network_days": app.settings.retention.addresses.days,
        },
    ).strip()
    return Wording(f"{language}-{sha256(html.encode()).hexdigest()[:12]}", language, html)


def keep(connection: sa.Connection, wording: Wording, app: App) -> None:
    """Keep the wording behind its version, so that a proof of consent can be read years later."""
    directory.keep_wording(connection, wording.version, wording.language, wording.html, app.now())


def _name(language: str) -> str:
    return f"consent/{language}.html.j2"
