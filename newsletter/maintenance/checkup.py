"""Check an installation: what works, what should be done, and what is broken."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
import structlog

from newsletter.maintenance import renamed
from newsletter.maintenance.readings import Health, Reading, ok
from newsletter.model.next_step import UpgradeDatabase, ViewIssue
from newsletter.model.protection import Protection
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.slot import Due, Timing, note, offset, upcoming
from newsletter.model.states import IN_DOUBT
from newsletter.store import events
from newsletter.store.content import agendas, slots
from newsletter.store.database import is_sqlite, open_reader
from newsletter.store.people import segments
from newsletter.store.sending import batches

log = structlog.get_logger()

LOCAL_HOSTS = {"127.0.0.1", "::1", "localhost"}
EVENTS_WITHIN = timedelta(hours=1)
"""How long after a submission an event must have arrived; SendGrid posts every 30 seconds."""
SKEW = timedelta(minutes=1)
"""How far two machines' clocks may differ before that is reported."""


DKIM = "DKIM"
"""The probe that compares our DKIM key with DNS."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The revisions of the database's tables: those this version knows, and the newest."""

    head: str | None
    known: frozenset[str]
    present: Callable[[sa.Engine], str | None]


@dataclass(frozen=True, slots=True)
class Installation:
    """What the checkup looks at, as the configuration describes it.

    `layouts` are the folders of layouts, the publisher's own first. `broken_templates` compiles
    the publisher's own templates and describes those that do not compile; None if there are none.
    `unprotected` starts a parsing process and returns what it should not be able to do but can.
    `events_problem` says why no events can be received; empty if they can.
    """

    root: Path
    publication: Publication
    secrets_file: Path
    signing_keys: int
    database_url: str
    outbox: Path
    schema: Schema
    layouts: Sequence[Path]
    unprotected: Callable[[], Mapping[Protection, str]]
    broken_templates: Callable[[], list[str]] | None = None
    events_problem: str = ""


def examine(installation: Installation, now: datetime) -> Iterator[Reading]:
    """Check everything that can be seen from this machine without the network."""
    root, publication = installation.root, installation.publication
    yield ok("configuration", f"{root / 'newsletter.toml'} is valid")
    yield _secrets(installation)
    yield from _database(installation, now)
    yield from _provider(publication, installation.outbox)
    yield _postal_address(publication)
    yield from _sources(publication)
    yield from _parsing(installation.unprotected())
    yield from _newsletters(installation, now)
    yield from _templates(installation)


def online(probes: Mapping[str, Callable[[], str]], secrets_file: Path) -> Iterator[Reading]:
    """Ask the providers whether they would take our email; nothing is sent.

    `probes` has a function for each secret that is in use; it returns why not, or an empty text.
    """
    for name, probe in probes.items():
        problem = asked(probe)
        if name == DKIM:
            advice = "publish the public key as docs/sending.md describes"
            fine = ok(DKIM, "the key in DNS belongs to ours")
            yield Reading(Health.FAIL, DKIM, problem, advice) if problem else fine
            continue
        subject = "alerts online" if name.startswith("ALERT") else "provider online"
        if problem:
            advice = f"check {name} in {secrets_file.name}, and whether this machine may connect"
            yield Reading(Health.FAIL, subject, problem, advice)
        else:
            yield ok(subject, "answers and would accept our email")


def asked(probe: Callable[[], str]) -> str:
    """Return what a probe finds wrong, also if it breaks; empty if nothing is."""
    try:
        return probe()
    except OSError as error:
        return error.strerror or "the connection failed"
    except Exception:
        log.info("probe failed", exc_info=True)
        return "unexpected error; run this again with --verbose for the details"


def _secrets(installation: Installation) -> Reading:
    path = installation.secrets_file
    if path.is_file() and path.stat().st_mode & 0o077:
        advice = f"chmod 600 {path}"
        return Reading(Health.WARN, "secrets", f"{path} can be read by other users", advice)
    return ok("secrets", f"links are signed with the newest of {installation.signing_keys} key(s)")


def _database(installation: Installation, now: datetime) -> Iterator[Reading]:
    url = sa.make_url(installation.database_url)
    where = url.render_as_string(hide_password=True)
    if not _has_file(url):
        message = f"{where} does not exist yet"
        yield Reading(Health.WARN, "database", message, next_step=UpgradeDatabase())
        return
    engine = open_reader(installation.database_url)
    try:
        yield from _tables(engine, where, installation, now)
    except sa.exc.SQLAlchemyError as error:
        what = str(getattr(error, "orig", error)).splitlines()[0]
        name = installation.secrets_file.name
        advice = f"check NEWSLETTER_DATABASE_URL in {name}, and whether the server is running"
        yield Reading(Health.FAIL, "database", f"{where} does not answer: {what}", advice)
    finally:
        engine.dispose()


def _tables(
    engine: sa.Engine, where: str, installation: Installation, now: datetime
) -> Iterator[Reading]:
    schema = installation.schema
    present = schema.present(engine)
    if present != schema.head:
        yield _revision(engine, where, installation, present)
        return
    if is_sqlite(engine) and not _writable(Path(str(engine.url.database))):
        message = f"{where} cannot be written by this user"
        advice = "change the owner of the file and its folder"
        yield Reading(Health.FAIL, "database", message, advice)
    else:
        yield ok("database", f"{where} answers, and its tables are up to date ({schema.head})")
    with engine.begin() as connection:
        yield _clock(slots.latest_record(connection), now)
        yield from _in_doubt(connection)
        if installation.publication.provider == "smtp":
            yield _bounces(installation.publication)
        yield from _segments(connection, installation.publication)
        yield from renamed.examine(connection, installation.publication, now)
        if installation.publication.provider == "sendgrid":
            yield _events(connection, installation, now)


def _segments(connection: sa.Connection, publication: Publication) -> Iterator[Reading]:
    """Warn about tags in segments that no one has: `not stff` would email the staff."""
    for newsletter in publication.newsletters:
        for tag in segments.unknown(connection, publication, newsletter):
            subject = f"newsletter {newsletter.key}"
            message = f"no subscriber has the tag “{tag.name}”"
            if tag.similar:
                message += f", but there is “{tag.similar}”"
            advice = "correct its segment, or tag someone, if the tag is not misspelled"
            yield Reading(Health.WARN, subject, message, advice)


def _has_file(url: sa.URL) -> bool:
    """Return whether the file of a SQLite database exists: opening it would create it."""
    return url.get_backend_name() != "sqlite" or Path(str(url.database)).exists()


def _revision(
    engine: sa.Engine, where: str, installation: Installation, present: str | None
) -> Reading:
    """Report what an upgrade would meet: an older or a newer database, or one of something else."""
    schema = installation.schema
    if present and present not in schema.known:
        message = f"{where} is at {present}: a newer version of this program made it"
        advice = "install that version, or restore the backup from before"
        return Reading(Health.FAIL, "database", message, advice)
    if not present and sa.inspect(engine).get_table_names():
        message = f"{where} contains tables of another program"
        name = installation.secrets_file.name
        advice = f"name another database in NEWSLETTER_DATABASE_URL in {name}"
        return Reading(Health.FAIL, "database", message, advice)
    message = f"{where} answers, but its tables are at {present or 'nothing'}, not {schema.head}"
    return Reading(Health.WARN, "database", message, next_step=UpgradeDatabase())


def _writable(file: Path) -> bool:
    """Return whether SQLite may write the file, and its log beside it."""
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)


def _clock(latest: datetime | None, now: datetime) -> Reading:
    if latest is not None and latest > now + SKEW:
        message = f"this machine's clock ({now:%Y-%m-%d %H:%M} UTC) is behind the last slot"
        advice = "set the clock; slots would be late or doubled"
        return Reading(Health.FAIL, "clock", message, advice)
    return ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _in_doubt(connection: sa.Connection) -> Iterator[Reading]:
    """Report recipients of whom it is not known whether they have an issue."""
    if in_doubt := [batch for batch in batches.waiting(connection) if batch.state in IN_DOUBT]:
        people, issue_id = sum(batch.awaiting for batch in in_doubt), in_doubt[0].issue_id
        message = f"whether {people:,} recipients have their issue is unknown"
        yield Reading(Health.WARN, "sending", message, next_step=ViewIssue(issue_id))


def _bounces(publication: Publication) -> Reading:
    """Report whether emails that come back are recognized."""
    if publication.bounces:
        return ok("bounces", f"go to {publication.bounces}")
    message = "they go to the sender's address and suppress no one"
    advice = "set bounces in [publication] of newsletter.toml, and BOUNCE_MAILBOX in .env"
    return Reading(Health.WARN, "bounces", message, advice)


def _events(connection: sa.Connection, installation: Installation, now: datetime) -> Reading:
    """Report whether the provider reports what became of the emails."""
    if installation.events_problem:
        message = f"not received, so bounces are unknown: {installation.events_problem}"
        advice = (
            "set SENDGRID_WEBHOOK_PUBLIC_KEY, and in SendGrid's Event Webhook the address"
            f" {installation.publication.url.rstrip('/')}/hooks/sendgrid with all events, signed"
        )
        return Reading(Health.WARN, "events", message, advice)
    if unread := events.count_unreadable(connection):
        message = f"{unread:,} requests could not be read; they are kept as they came"
        advice = "report this to the developers"
        return Reading(Health.WARN, "events", message, advice)
    last, sent = events.last_at(connection), batches.last_accepted(connection, "sendgrid")
    if sent is None or not events_missing(connection, now):
        return ok(
            "events", f"the last one is from {last:%Y-%m-%d %H:%M} UTC" if last else "none yet"
        )
    since = f"since {last:%Y-%m-%d %H:%M} UTC" if last else "yet"
    message = f"none received {since}, although email was submitted at {sent:%Y-%m-%d %H:%M} UTC"
    advice = "check the Event Webhook in SendGrid's settings, and that its address is reachable"
    return Reading(Health.WARN, "events", message, advice)


def events_missing(connection: sa.Connection, now: datetime) -> bool:
    """Return whether SendGrid took a batch a while ago, and no event has come since."""
    last, sent = events.last_at(connection), batches.last_accepted(connection, "sendgrid")
    if sent is None or sent > now - EVENTS_WITHIN:
        return False
    return last is None or last < sent


def _provider(publication: Publication, outbox: Path) -> Iterator[Reading]:
    if publication.provider == "outbox":
        yield _outbox(outbox)
    else:
        yield ok("provider", f"{publication.provider}, its secret is set")
        yield _site(publication.url)


def _outbox(folder: Path) -> Reading:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror}"
        return Reading(Health.FAIL, "provider", message, "change its owner, or publication.outbox")
    return ok("provider", f"outbox: email is written to {folder}; nothing leaves this machine")


def _site(url: str) -> Reading:
    parts = urlsplit(url)
    if parts.hostname in LOCAL_HOSTS:
        message = f"publication.url is {url}, which readers cannot reach: no one could unsubscribe"
        advice = "set it to the address of your public pages"
        return Reading(Health.FAIL, "site", message, advice)
    if parts.scheme != "https":
        message = f"{url} is not encrypted; one-click unsubscribing needs https"
        advice = "put a proxy with TLS in front, and use https in publication.url"
        return Reading(Health.WARN, "site", message, advice)
    return ok("site", f"links lead to {url}")


def _postal_address(publication: Publication) -> Reading:
    if publication.postal_address:
        return ok("postal address", publication.postal_address)
    advice = "set publication.postal_address in newsletter.toml"
    return Reading(Health.FAIL, "postal address", "is missing, so nothing is sent", advice)


def _sources(publication: Publication) -> Iterator[Reading]:
    if not publication.sources:
        advice = "add a [sources.…] table to newsletter.toml"
        yield Reading(Health.WARN, "sources", "none are configured", advice)
    for source in publication.sources:
        subject = f"source {source.key}"
        if source.path is not None and not source.path.exists():
            advice = "create it, or correct the path in newsletter.toml"
            yield Reading(Health.WARN, subject, f"{source.path} does not exist", advice)
        else:
            yield ok(subject, f"{source.kind} {source.path or source.url}")


_PROTECTIONS = {
    Protection.USER: (
        "outside documents are not parsed as root",
        "run the program as its own user, or set collect.user to a user that can read Python",
    ),
    Protection.NETWORK: (
        "parsing opens no connections and starts no programs",
        "install libseccomp (libseccomp2), or allow user namespaces, on Linux",
    ),
    Protection.FILES: (
        "parsing cannot read secrets or the database",
        "use Linux 5.13 or newer with Landlock",
    ),
    Protection.LIMITS: (
        "parsing is limited in memory, files and processes",
        "use a system with resource limits, such as Linux",
    ),
}
"""What each protection of the parsing process means, and what makes it available."""


def _parsing(unprotected: Mapping[Protection, str]) -> Iterator[Reading]:
    for protection, (message, advice) in _PROTECTIONS.items():
        subject = f"parsing {protection.value}"
        if problem := unprotected.get(protection, ""):
            yield Reading(Health.WARN, subject, problem, advice)
        else:
            yield ok(subject, message)


def _newsletters(installation: Installation, now: datetime) -> Iterator[Reading]:
    publication, layouts = installation.publication, installation.layouts
    if not publication.newsletters:
        advice = "add a [newsletters.…] table to newsletter.toml"
        yield Reading(Health.WARN, "newsletters", "none are configured", advice)
    for newsletter in publication.newsletters:
        subject, layout = f"newsletter {newsletter.key}", newsletter.layout
        if any((root / layout).is_dir() for root in layouts):
            yield ok(subject, _next_slot(installation.database_url, newsletter, now))
        else:
            advice = f"write templates/issue/{layout}/, or change the layout"
            yield Reading(Health.FAIL, subject, f"there is no layout {layout!r}", advice)


def _next_slot(database_url: str, newsletter: Newsletter, now: datetime) -> str:
    if newsletter.cadence.on_publish:
        return f"sent {newsletter.alerts.delay.total_seconds() / 60:.0f} minutes after publishing"
    slot = _ahead(database_url, newsletter, now)
    at = slot.wall(newsletter.timezone)
    away = offset(slot.due_at, newsletter.timezone)
    message = f"next slot {at:%a %d %b %Y %H:%M} {newsletter.timezone} ({away})"
    caution = note(slot, newsletter.timezone)
    return f"{message}; {caution}" if caution else message


def _ahead(database_url: str, newsletter: Newsletter, now: datetime) -> Due:
    """Return the next slot at which readers get an issue; before the database exists, the next one."""
    if not _has_file(sa.make_url(database_url)):
        return next(upcoming(Timing.of(newsletter), now))
    reader = open_reader(database_url)
    try:
        with reader.connect() as connection:
            return next(agendas.announced(connection, newsletter, now))
    except sa.exc.DBAPIError:
        return next(upcoming(Timing.of(newsletter), now))
    finally:
        reader.dispose()


def _templates(installation: Installation) -> Iterator[Reading]:
    """Compile the publisher's own templates, where there are any."""
    if installation.broken_templates is None:
        return
    broken = installation.broken_templates()
    for message in broken:
        advice = "correct it in templates/, or remove it to use the built-in one"
        yield Reading(Health.FAIL, "templates", message, advice)
    if not broken:
        yield ok("templates", "yours and the built-in ones compile")
