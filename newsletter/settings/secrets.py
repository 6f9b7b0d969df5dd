"""Read secrets and addresses from `.env` and the process environment; the latter wins."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from newsletter.errors import ConfigurationError
from newsletter.esp.returned.address import mailbox_problem
from newsletter.esp.smtp.server import smtp_problem
from newsletter.model.webhook import Webhook
from newsletter.settings.reading import Complaint, nearest
from newsletter.settings.values import page

FILE = ".env"
SHORTEST_SECRET = 32
LOG_FORMATS = ("text", "json")
_PREFIXES = ("NEWSLETTER_", "SENDGRID_", "SMTP_", "ALERT_", "HEARTBEAT_", "BOUNCE_")
_BACKENDS = {"sqlite", "postgresql", "postgres"}
_NONE = SecretStr("")
_VARIABLE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=")


class Environment(BaseSettings):
    """Every variable that the program reads; an empty variable counts as missing."""

    model_config = SettingsConfigDict(
        env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    newsletter_database_url: SecretStr = _NONE
    newsletter_database_direct_url: SecretStr = _NONE
    newsletter_secret_key: SecretStr = _NONE
    newsletter_pepper: SecretStr = _NONE
    newsletter_log: str = ""
    sendgrid_api_key: SecretStr = _NONE
    sendgrid_api_host: str = ""
    sendgrid_webhook_public_key: str = ""
    smtp_url: SecretStr = _NONE
    alert_smtp_url: SecretStr = _NONE
    alert_webhook_url: SecretStr = _NONE
    heartbeat_url: SecretStr = _NONE
    bounce_mailbox: SecretStr = _NONE

    @override
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The process environment comes in through `init_settings`: it is read only by the command
        # line, so that tests and other callers can pass their own.
        return (init_settings, dotenv_settings)


def read_environment(root: Path, environ: Mapping[str, str]) -> Environment:
    """Read `.env` in `root`; the variables of `environ` take precedence."""
    given = {
        name: environ[name.upper()]
        for name in Environment.model_fields
        if environ.get(name.upper(), "").strip()
    }
    try:
        return Environment(_env_file=root / FILE, **given)  # type: ignore[call-arg, arg-type]
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        msg = f"{root / FILE} cannot be read: {why}"
        raise ConfigurationError(msg) from error


def secret_keys(environment: Environment) -> tuple[bytes, ...]:
    """Return the keys that sign links; the first one signs, all of them verify."""
    written = environment.newsletter_secret_key.get_secret_value()
    return tuple(key.encode() for key in written.replace(",", " ").split())


def database_url(environment: Environment, root: Path) -> str:
    """Return the address of the database; a relative SQLite path starts at `root`."""
    written = environment.newsletter_database_url.get_secret_value().strip()
    if not written:
        return f"sqlite:///{(root / 'newsletter.db').resolve()}"
    url = sa.make_url(written)
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=str((root / url.database).resolve()))
    return url.render_as_string(hide_password=False)


def direct_url(environment: Environment) -> str:
    """Return the address of the database server behind a pooler, or an empty text."""
    return environment.newsletter_database_direct_url.get_secret_value().strip()


def complaints(environment: Environment, root: Path) -> list[Complaint]:
    """Return the errors in the variables; a message never repeats a secret."""
    lines = _variable_lines(root)
    found = [*_misspelled(root)]
    for name, check in _CHECKS.items():
        what = check(environment)
        if what:
            found.append(Complaint(FILE, lines.get(name, 0), name, what))
    return found


def generate(new_secret: Callable[[], str]) -> str:
    """Return the text of a first `.env` with two new secrets."""
    return (
        "# Secrets of this publication. Keep this file private. .env.example explains every variable.\n"
        f"NEWSLETTER_SECRET_KEY={new_secret()}\n"
        f"NEWSLETTER_PEPPER={new_secret()}\n"
    )


def write_first(root: Path, new_secret: Callable[[], str]) -> bool:
    """Write `.env` with new secrets unless it exists; only its owner may read it."""
    path = root / FILE
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return False
    path.write_text(generate(new_secret), encoding="utf-8")
    return True


def _misspelled(root: Path) -> list[Complaint]:
    known = {name.upper() for name in Environment.model_fields}
    return [
        Complaint(FILE, line, name, f"unknown variable; {nearest(name, known)}".rstrip("; "))
        for name, line in _variable_lines(root).items()
        if name.startswith(_PREFIXES) and name not in known
    ]


def _variable_lines(root: Path) -> dict[str, int]:
    """Map every variable in `.env` to its line."""
    path = root / FILE
    if not path.is_file():
        return {}
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return {found[1]: number for number, line in lines if (found := _VARIABLE.match(line))}


def _wrong_database(environment: Environment) -> str:
    expected = "expected sqlite:///newsletter.db or postgresql://user:password@host/name"
    written = environment.newsletter_database_url.get_secret_value().strip()
    try:
        known = not written or sa.make_url(written).get_backend_name() in _BACKENDS
    except sa.exc.ArgumentError:
        known = False
    return "" if known else expected


def _wrong_direct(environment: Environment) -> str:
    written = direct_url(environment)
    try:
        known = not written or sa.make_url(written).get_backend_name().startswith("postgres")
    except sa.exc.ArgumentError:
        known = False
    return "" if known else "expected postgresql://user:password@host/name"


def _wrong_keys(environment: Environment) -> str:
    keys = secret_keys(environment)
    if not keys:
        return (
            f"is missing; set it to {SHORTEST_SECRET} or more random characters (see .env.example)"
        )
    if any(len(key) < SHORTEST_SECRET for key in keys):
        return f"a key is too short; expected {SHORTEST_SECRET} characters or more"
    return ""


def _wrong_pepper(environment: Environment) -> str:
    length = len(environment.newsletter_pepper.get_secret_value().strip())
    if not length:
        return (
            f"is missing; set it to {SHORTEST_SECRET} or more random characters (see .env.example)"
        )
    return "" if length >= SHORTEST_SECRET else f"expected {SHORTEST_SECRET} characters or more"


def _wrong_smtp(written: SecretStr) -> str:
    url = written.get_secret_value().strip()
    return smtp_problem(url) if url else ""


def _wrong_mailbox(environment: Environment) -> str:
    written = environment.bounce_mailbox.get_secret_value().strip()
    return mailbox_problem(written) if written else ""


def _wrong_webhook(environment: Environment) -> str:
    written = environment.alert_webhook_url.get_secret_value().strip()
    try:
        if written:
            Webhook.parse(written)
    except ValueError as error:
        return str(error)
    return ""


def _wrong_heartbeat(environment: Environment) -> str:
    written = environment.heartbeat_url.get_secret_value().strip()
    try:
        if written:
            page(written)
    except ValueError:  # whose text would repeat the address
        return "expected an address such as https://hc-ping.com/your-uuid"
    return ""


def _wrong_log(environment: Environment) -> str:
    known = environment.newsletter_log.strip() in {"", *LOG_FORMATS}
    return "" if known else f"expected one of {', '.join(LOG_FORMATS)}"


_CHECKS: Mapping[str, Callable[[Environment], str]] = {
    "NEWSLETTER_DATABASE_URL": _wrong_database,
    "NEWSLETTER_DATABASE_DIRECT_URL": _wrong_direct,
    "NEWSLETTER_SECRET_KEY": _wrong_keys,
    "NEWSLETTER_PEPPER": _wrong_pepper,
    "SMTP_URL": lambda environment: _wrong_smtp(environment.smtp_url),
    "BOUNCE_MAILBOX": _wrong_mailbox,
    "NEWSLETTER_LOG": _wrong_log,
    "ALERT_WEBHOOK_URL": _wrong_webhook,
    "HEARTBEAT_URL": _wrong_heartbeat,
    "ALERT_SMTP_URL": lambda environment: _wrong_smtp(environment.alert_smtp_url),
}
