"""Read `newsletter.toml` and `.env` once into one frozen Settings."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from newsletter.errors import ConfigurationError
from newsletter.model.duration import duration
from newsletter.model.publication import Publication
from newsletter.model.retention import NOTICES_LEAST, BackupPlan, Retention
from newsletter.settings import secrets, values
from newsletter.settings.lines import key_lines
from newsletter.settings.publication import publication
from newsletter.settings.reading import Complaint, Report, Table, refuse
from newsletter.settings.values import Network

FILE = "newsletter.toml"
PORT = 8025
CONFIRM_ABOVE = 1000
"""Recipients; an approver of more types their number at the desk."""
_HERE = {"127.0.0.1", "::1", "localhost"}
# tomllib puts the position only into the text of its error: "… (at line 3, column 7)".
_SYNTAX = " (at "


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration; its `repr` contains no secret."""

    root: Path
    publication: Publication
    outbox: Path
    retention: Retention
    backup: BackupPlan | None
    listen: str
    desk: str
    desk_url: str
    json_logs: bool
    confirm_above: int
    trusted_proxies: tuple[Network, ...]
    sendgrid_api_host: str
    sendgrid_webhook_public_key: str
    database_url: str = field(repr=False)
    direct_url: str = field(repr=False)
    secret_keys: tuple[bytes, ...] = field(repr=False)
    pepper: bytes = field(repr=False)
    sendgrid_api_key: str = field(repr=False)
    smtp_url: str = field(repr=False)
    alert_smtp_url: str = field(repr=False)
    alert_webhook_url: str = field(repr=False)
    heartbeat_url: str = field(repr=False)
    bounce_mailbox: str = field(repr=False)

    @property
    def desk_origin(self) -> str:
        """Return the address at which staff reach the desk."""
        return self.desk_url or f"http://{self.desk}"


def load(root: Path, environ: Mapping[str, str]) -> Settings:
    """Read the configuration in `root`.

    Raises one ConfigurationError that lists every error with its file, line and key.
    """
    root = root.absolute()
    text = _read(root / FILE)
    report = Report(FILE, key_lines(text))
    table = Table(_parse(text), (), (), report)
    environment = secrets.read_environment(root, environ)
    described = publication(table, root)
    surroundings = _Surroundings.read(table, root, described.url)
    table.finish()
    complaints = [*report.complaints, *secrets.complaints(environment, root)]
    refuse([*complaints, *_provider_secrets(described, environment, report)])
    return _settings(root, described, surroundings, environment)


def known_keys(text: str) -> set[str]:
    """Return every key that a configuration may contain, found by reading `text`.

    `*` replaces a name that the publisher chooses. Tables of such names must have an entry in
    `text`, or their keys are not found.
    """
    report = Report(FILE)
    table = Table(_parse(text), (), (), report)
    described = publication(table, Path())
    _Surroundings.read(table, Path(), described.url)
    return report.asked


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is configured beside the publication: listeners, files, retention, backups."""

    outbox: Path
    retention: Retention
    backup: BackupPlan | None
    listen: str
    desk: str
    desk_url: str
    confirm_above: int
    trusted_proxies: tuple[Network, ...]

    @classmethod
    def read(cls, table: Table, root: Path, site: str) -> "_Surroundings":
        web = table.table("web")
        port = _port(site)
        built = cls(
            outbox=root / table.table("publication").text("outbox", "outbox"),
            retention=_retention(table.table("retention")),
            backup=_backup(table.table("backup"), root),
            listen=web.parsed("listen", f"127.0.0.1:{port}", values.listener),
            desk=web.parsed("desk", f"127.0.0.1:{port + 1}", values.loopback),
            desk_url=web.parsed("desk_url", "", values.secure_origin),
            confirm_above=web.count("confirm_above", CONFIRM_ABOVE),
            trusted_proxies=_networks(web, "trusted_proxies"),
        )
        web.finish()
        return built


def _port(site: str) -> int:
    """Return the port to listen on: the site's own port if the site is on this machine."""
    parts = urlsplit(site)
    return parts.port or PORT if parts.hostname in _HERE else PORT


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        msg = f"{path} does not exist"
        raise ConfigurationError(msg) from error
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        msg = f"{path} cannot be read: {why}"
        raise ConfigurationError(msg) from error


def _parse(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).partition(_SYNTAX)
        words = place.replace(",", "").split()
        line = int(words[1]) if words[:1] == ["line"] else len(text.splitlines())
        complaint = Complaint(FILE, line, "", f"invalid TOML: {what}")
        raise ConfigurationError(str(complaint)) from error


def _retention(table: Table) -> Retention:
    default = Retention()
    built = Retention(
        pending=table.parsed("pending", default.pending, duration),
        addresses=table.parsed("addresses", default.addresses, duration),
        events=table.parsed("events", default.events, duration),
        notices=table.parsed("notices", default.notices, _notices_kept),
        outbox=table.parsed("outbox", default.outbox, duration),
        deliveries=table.parsed("deliveries", default.deliveries, duration),
    )
    table.finish()
    return built


def _notices_kept(text: str) -> timedelta:
    kept = duration(text)
    if kept < NOTICES_LEAST:
        msg = f'found "{text}"; expected "{NOTICES_LEAST.days}d" or more, or reports could be emailed twice'
        raise ValueError(msg)
    return kept


def _backup(table: Table, root: Path) -> BackupPlan | None:
    folder, keep = table.text("folder"), table.count("keep", 14, least=1)
    table.finish()
    return BackupPlan(root / folder, keep) if folder else None


def _networks(table: Table, key: str) -> tuple[Network, ...]:
    found = []
    for text in table.texts(key):
        try:
            found.append(values.network(text))
        except ValueError as error:
            table.complain(key, str(error))
    return tuple(found)


def _provider_secrets(
    described: Publication, environment: secrets.Environment, report: Report
) -> list[Complaint]:
    """Report a provider whose secret is missing, at the line that chooses the provider."""
    needed = {"sendgrid": "SENDGRID_API_KEY", "smtp": "SMTP_URL"}.get(described.provider, "")
    if not needed or getattr(environment, needed.lower()).get_secret_value().strip():
        return []
    path = ("publication", "provider")
    what = f'found "{described.provider}"; it requires {needed} in .env'
    return [Complaint(FILE, report.lines.get(path, 0), ".".join(path), what)]


def _settings(
    root: Path,
    described: Publication,
    surroundings: _Surroundings,
    environment: secrets.Environment,
) -> Settings:
    return Settings(
        root=root,
        publication=described,
        outbox=surroundings.outbox,
        retention=surroundings.retention,
        backup=surroundings.backup,
        listen=surroundings.listen,
        desk=surroundings.desk,
        desk_url=surroundings.desk_url,
        json_logs=environment.newsletter_log.strip() == "json",
        confirm_above=surroundings.confirm_above,
        trusted_proxies=surroundings.trusted_proxies,
        sendgrid_api_host=environment.sendgrid_api_host.strip(),
        sendgrid_webhook_public_key=environment.sendgrid_webhook_public_key.strip(),
        database_url=secrets.database_url(environment, root),
        direct_url=secrets.direct_url(environment),
        secret_keys=secrets.secret_keys(environment),
        pepper=environment.newsletter_pepper.get_secret_value().strip().encode(),
        sendgrid_api_key=environment.sendgrid_api_key.get_secret_value().strip(),
        smtp_url=environment.smtp_url.get_secret_value().strip(),
        alert_smtp_url=environment.alert_smtp_url.get_secret_value().strip(),
        alert_webhook_url=environment.alert_webhook_url.get_secret_value().strip(),
        heartbeat_url=environment.heartbeat_url.get_secret_value().strip(),
        bounce_mailbox=environment.bounce_mailbox.get_secret_value().strip(),
    )
