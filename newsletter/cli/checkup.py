"""What `newsletter doctor` looks at; each check says what is so and what to do about it."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa

from newsletter import migrations
from newsletter.esp.port import Recipient, Shipment, Verdict
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.esp.smtp.sender import SmtpSender
from newsletter.model.slot import coming, local, note, offset
from newsletter.render.templates import open_templates, template_root
from newsletter.send.notices import letter
from newsletter.settings import Settings, secrets
from newsletter.store.content import slots
from newsletter.store.database import open_reader

HERE = {"127.0.0.1", "::1", "localhost"}
SKEW = timedelta(minutes=1)


class Health(StrEnum):
    """Well; works, but something should be done; does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Reading:
    """One line of the report; `advice` is empty where nothing is to be done."""

    health: Health
    subject: str
    says: str
    advice: str = ""


def ok(subject: str, says: str) -> Reading:
    """Report that something is well."""
    return Reading(Health.OK, subject, says)


def examine(settings: Settings, now: datetime) -> Iterator[Reading]:
    """Look at everything that can be seen from this machine, without the network."""
    yield ok("configuration", f"{settings.root / 'newsletter.toml'} is read without complaint")
    yield _secrets(settings)
    yield from _database(settings, now)
    yield from _provider(settings)
    yield _address(settings)
    yield from _sources(settings)
    yield from _newsletters(settings, now)
    yield from _templates(settings)


def _secrets(settings: Settings) -> Reading:
    count = len(settings.secret_keys)
    path = settings.root / secrets.FILE
    if path.is_file() and path.stat().st_mode & 0o077:
        return Reading(Health.WARN, "secrets", f"{path} can be read by others", f"chmod 600 {path}")
    return ok("secrets", f"links are signed with the newest of {count} key(s)")


def _database(settings: Settings, now: datetime) -> Iterator[Reading]:
    url = sa.make_url(settings.database_url)
    where = url.render_as_string(hide_password=True)
    file = Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
    if file and not file.exists():
        yield Reading(
            Health.WARN, "database", f"{where} is not there yet", "newsletter db upgrade makes it"
        )
        return
    engine = open_reader(settings.database_url)
    try:
        yield from _tables(engine, where, now)
    except sa.exc.SQLAlchemyError as error:
        what = str(getattr(error, "orig", error)).splitlines()[0]
        advice = f"look at NEWSLETTER_DATABASE_URL in {secrets.FILE}, and whether it is running"
        yield Reading(Health.FAIL, "database", f"{where} does not answer: {what}", advice)
    finally:
        engine.dispose()


def _tables(engine: sa.Engine, where: str, now: datetime) -> Iterator[Reading]:
    present, head = migrations.revision(engine), migrations.head()
    if present != head:
        yield _revision(engine, where, present, head)
        return
    if engine.dialect.name == "sqlite" and not _writable(Path(str(engine.url.database))):
        says = f"{where} cannot be written by this user"
        yield Reading(Health.FAIL, "database", says, "change the owner of the file and its folder")
    else:
        says = f"{where} answers, its tables are this version's ({head})"
        yield ok("database", says)
    with engine.begin() as connection:
        yield _clock(slots.latest_record(connection), now)


def _revision(engine: sa.Engine, where: str, present: str | None, head: str | None) -> Reading:
    """Say what an upgrade would meet: an older database of ours, a newer one, somebody else's."""
    if present and present not in migrations.known():
        says = f"{where} is at {present}: a newer version of this program made it"
        advice = "install that version, or restore the backup from before"
        return Reading(Health.FAIL, "database", says, advice)
    if not present and sa.inspect(engine).get_table_names():
        says = f"{where} holds tables of something else"
        advice = f"name another database in NEWSLETTER_DATABASE_URL in {secrets.FILE}"
        return Reading(Health.FAIL, "database", says, advice)
    says = f"{where} answers, its tables are at {present or 'nothing'} instead of {head}"
    return Reading(Health.WARN, "database", says, "newsletter db upgrade")


def _writable(file: Path) -> bool:
    """Return whether SQLite may write the file, and its journal beside it."""
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)


def _clock(latest: datetime | None, now: datetime) -> Reading:
    if latest is not None and latest > now + SKEW:
        says = f"this machine's clock ({now:%Y-%m-%d %H:%M} UTC) is behind the last slot on record"
        return Reading(Health.FAIL, "clock", says, "set the clock; slots would be late or doubled")
    return ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _provider(settings: Settings) -> Iterator[Reading]:
    house = settings.publication
    if house.provider == "outbox":
        yield _outbox(settings.outbox)
    else:
        yield ok("provider", f"{house.provider}, its secret is set")
        yield _site(house.url)


def online(settings: Settings, now: datetime) -> Iterator[Reading]:
    """Ask the providers whether they would take our mail; nothing is sent."""
    house = settings.publication
    if house.provider == "sendgrid":
        yield _answer("provider online", _sendgrid(settings, now), "SENDGRID_API_KEY")
    elif house.provider == "smtp":
        yield _answer("provider online", SmtpSender(settings.smtp_url).probe(), "SMTP_URL")
    if settings.alert_smtp_url:
        problem = SmtpSender(settings.alert_smtp_url).probe()
        yield _answer("alerts online", problem, "ALERT_SMTP_URL")


def _sendgrid(settings: Settings, now: datetime) -> str:
    """Have a mail to ourselves checked in sandbox mode; return why it would not be taken."""
    house = settings.publication
    sender = SendGridSender(settings.sendgrid_api_key, settings.sendgrid_api_host, sandbox=True)
    checked = letter(house, "Checked by newsletter doctor", "<p>Checked.</p>", "Checked.", date=now)
    outcome = sender.submit(
        Shipment("doctor:1", checked, [Recipient("doctor", house.sender.address, "", "")])
    )
    sender.close()
    if outcome.verdict is Verdict.ACCEPTED:
        return "; ".join(outcome.refused.values())
    return outcome.reason


def _answer(subject: str, problem: str, name: str) -> Reading:
    if problem:
        advice = f"look at {name} in {secrets.FILE}, and whether this machine may connect there"
        return Reading(Health.FAIL, subject, problem, advice)
    return ok(subject, "it answers and would take our mail")


def _outbox(folder: Path) -> Reading:
    existing = next(one for one in (folder, *folder.parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        says = f"{folder} cannot be written: {error.strerror}"
        return Reading(Health.FAIL, "provider", says, "change its owner, or publication.outbox")
    return ok("provider", f"outbox: mail is written to {folder}, nothing leaves this machine")


def _site(url: str) -> Reading:
    parts = urlsplit(url)
    if parts.hostname in HERE:
        says = f"publication.url is {url}, which readers cannot reach: nobody could leave"
        return Reading(Health.FAIL, "site", says, "set it to the address of your public pages")
    if parts.scheme != "https":
        says = f"{url} is not encrypted; one-click leaving needs https"
        return Reading(Health.WARN, "site", says, "put a proxy with TLS in front, and say https")
    return ok("site", f"links lead to {url}")


def _address(settings: Settings) -> Reading:
    address = settings.publication.postal_address
    if not address:
        return Reading(
            Health.FAIL,
            "postal address",
            "is missing, so nothing is sent",
            "set publication.postal_address in newsletter.toml",
        )
    return ok("postal address", address)


def _sources(settings: Settings) -> Iterator[Reading]:
    sources = settings.publication.sources
    if not sources:
        yield Reading(
            Health.WARN, "sources", "there are none", "add a [sources.…] to newsletter.toml"
        )
    for source in sources:
        subject = f"source {source.key}"
        if source.path is not None and not source.path.exists():
            advice = "make it, or correct the path in newsletter.toml"
            yield Reading(Health.WARN, subject, f"{source.path} does not exist", advice)
        else:
            yield ok(subject, f"{source.kind} {source.path or source.url}")


def _templates(settings: Settings) -> Iterator[Reading]:
    """Look at templates only where the publisher has laid own ones over ours."""
    if not (settings.root / "templates").is_dir():
        return
    broken = open_templates(settings.publication, settings.root).broken()
    for says in broken:
        advice = "correct it in templates/, or remove it: ours is used then"
        yield Reading(Health.FAIL, "templates", says, advice)
    if not broken:
        yield ok("templates", "yours and ours compile")


def _newsletters(settings: Settings, now: datetime) -> Iterator[Reading]:
    house = settings.publication
    if not house.newsletters:
        yield Reading(
            Health.WARN, "newsletters", "there are none", "add a [newsletters.…] to newsletter.toml"
        )
    for newsletter in house.newsletters:
        subject = f"newsletter {newsletter.key}"
        roots = (settings.root / "templates", template_root())
        if not any((root / "issue" / newsletter.layout).is_dir() for root in roots):
            advice = f"write templates/issue/{newsletter.layout}/, or set layout to another"
            yield Reading(Health.FAIL, subject, f"there is no layout {newsletter.layout!r}", advice)
            continue
        slot = coming(newsletter.cadence, newsletter.timezone, now, 1)[0]
        at = local(slot.due_at, newsletter.timezone)
        caution = note(datetime.fromisoformat(slot.nominal), newsletter.timezone)
        says = (
            f"next due {at:%a %d %b %Y %H:%M} {newsletter.timezone} "
            f"({offset(slot.due_at, newsletter.timezone)})"
        )
        yield ok(subject, f"{says}; {caution}" if caution else says)
