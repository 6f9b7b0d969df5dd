"""Read the publication from the configuration."""

import re
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

from newsletter.model.duration import duration
from newsletter.model.finding import CHECKS
from newsletter.model.publication import (
    Brand,
    CustomField,
    Dkim,
    Mailbox,
    Provider,
    Publication,
    SmtpUse,
    Topic,
)
from newsletter.model.ramp import Ramp
from newsletter.model.source import CollectLimits, Identity, Source, SourceKind
from newsletter.settings import values
from newsletter.settings.brand import brand
from newsletter.settings.newsletters import Inherited, newsletter
from newsletter.settings.reading import Table, shown
from newsletter.settings.segments import saved_segments
from subscribers.model import slug

_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)
_LEVELS = ("block", "warn", "off")
LONGEST_ORIGIN = 40
NO_MAILBOX = Mailbox("", "")
LONGEST_ANSWER = 500


def _origins(head: Table) -> tuple[str, ...]:
    words = head.texts("origins")
    for word in words:
        if not values.is_key(word) or len(word) > LONGEST_ORIGIN:
            head.complain(
                "origins",
                f"found {shown(word)}; expected at most {LONGEST_ORIGIN} lowercase letters, digits"
                " and hyphens",
            )
    return words


def publication(table: Table, root: Path) -> Publication:
    """Build the publication; report errors to the table."""
    head = table.table("publication")
    zone = head.parsed("timezone", ZoneInfo("UTC"), values.timezone)
    language = head.parsed("language", "en", values.language)
    sources = tuple(_source(name, source, root) for name, source in table.tables("sources"))
    topics = _topics(table)
    segments = saved_segments(table, {topic.slug for topic in topics})
    look = brand(table.table("brand"), Brand())
    inherited = Inherited(root, zone, language, {source.key for source in sources}, segments, look)
    sender = _sender(head)
    built = Publication(
        name=head.text("name", required='the name of the publication, such as "Peninsula Review"'),
        url=_site(head),
        timezone=zone,
        language=language,
        sender=sender,
        reply_to=head.parsed("reply_to", None, values.mailbox),
        postal_address=head.text("postal_address", lines=True),
        provider=head.choice("provider", "outbox", get_args(Provider)),
        topics=topics,
        fields=tuple(_field(key, entry) for key, entry in table.tables("fields")),
        sources=sources,
        newsletters=tuple(
            newsletter(name, title, inherited) for name, title in table.tables("newsletters")
        ),
        segments=tuple(segments.items()),
        brand=look,
        checks=_checks(table.table("checks")),
        alerts=head.parsed("alerts", NO_MAILBOX, values.mailbox).address,
        leave_mailto=head.parsed("unsubscribe_mailto", NO_MAILBOX, values.mailbox).address,
        bounces=head.parsed("bounces", NO_MAILBOX, values.mailbox).address,
        sync_suppressions=head.flag("sync_suppressions", default=False),
        origins=_origins(head),
        former_urls=_former_urls(head),
        rate=head.count("rate", 0),
        ramp=_ramp(head),
        lanes=head.count("lanes", 32, least=1),
        smtp=_smtp(table.table("smtp"), root, sender),
        collecting=_collecting(table.table("collect")),
    )
    head.text("outbox")
    head.finish()
    return built


def _ramp(head: Table) -> Ramp | None:
    if "ramp" not in head.values:
        head.table("ramp")
        return None
    table = head.table("ramp")
    built = Ramp(table.count("first", 500, least=1), table.count("growth", 2, least=2))
    table.finish()
    return built


def _smtp(table: Table, root: Path, sender: Mailbox) -> SmtpUse:
    defaults = SmtpUse()
    built = SmtpUse(
        connections=table.count("connections", defaults.connections, least=1),
        per_connection=table.count("per_connection", defaults.per_connection),
        rate=table.count("rate", 0),
        domains=tuple((name.lower(), limit) for name, limit in table.counts("domains", least=1)),
        dkim=_dkim(table, root, sender),
    )
    table.finish()
    return built


def _dkim(head: Table, root: Path, sender: Mailbox) -> Dkim | None:
    table = head.table("dkim")
    selector = table.parsed("selector", "", _selector)
    domain = table.text("domain") or sender.address.rpartition("@")[2]
    key = table.text("key", "dkim.pem")
    table.finish()
    if "dkim" in head.values and not selector:
        table.complain("selector", 'expected the name of the key in DNS, such as "s2026"')
    return Dkim(selector, domain, root / key) if selector else None


def _selector(text: str) -> str:
    if not _SELECTOR.fullmatch(text):
        msg = f'found "{text}"; expected letters, digits, hyphens and dots'
        raise ValueError(msg)
    return text


def _collecting(table: Table) -> CollectLimits:
    defaults = CollectLimits()
    built = CollectLimits(
        parsers=table.count("parsers", defaults.parsers),
        user=table.text("user", defaults.user),
        per_source=table.parsed("per_source", defaults.per_source, duration),
        per_pass=table.parsed("per_pass", defaults.per_pass, duration),
    )
    table.finish()
    return built


def _site(head: Table) -> str:
    expected = 'the address of the public pages, such as "https://news.example.org"'
    head.text("url", required=expected)
    return head.parsed("url", "", values.site)


def _former_urls(head: Table) -> tuple[str, ...]:
    found = []
    for text in head.texts("former_urls"):
        try:
            found.append(values.site(text))
        except ValueError as error:
            head.complain("former_urls", str(error))
    return tuple(found)


def _sender(head: Table) -> Mailbox:
    head.text("from", required='the sender, such as "Peninsula Review <brief@example.org>"')
    return head.parsed("from", NO_MAILBOX, values.mailbox)


def _topics(table: Table) -> tuple[Topic, ...]:
    topics = []
    owner: dict[str, str] = {}
    for name, entry in table.tables("topics"):
        labels = tuple(entry.entries("labels"))
        topic = Topic(name, labels, entry.texts("aliases"))
        entry.finish()
        if slug(name) != name:
            entry.complain("", f'the key of a topic must be a slug; expected "{slug(name)}"')
        for word in (name, *(label for _, label in labels), *topic.aliases):
            holder = owner.setdefault(slug(word), name)
            if holder != name:
                entry.complain("", f'"{word}" already means the topic "{holder}"; remove it here')
        topics.append(topic)
    return tuple(topics)


def _field(key: str, table: Table) -> CustomField:
    if not values.is_key(key) or key == "name":
        table.complain(
            "", "expected a key of lowercase letters, digits and hyphens, and not “name”"
        )
    default = CustomField(key)
    built = CustomField(
        key=key,
        labels=tuple(table.entries("labels")),
        required=table.flag("required", default=default.required),
        longest=table.count("longest", default.longest, least=1),
    )
    table.finish()
    if built.longest > LONGEST_ANSWER:
        table.complain("longest", f"found {built.longest}; expected {LONGEST_ANSWER} or less")
    return built


def _source(name: str, table: Table, root: Path) -> Source:
    if not values.is_key(name):
        table.complain("", "expected a key of lowercase letters, digits and hyphens")
    path = table.text("path")
    defaults = Source(name, "feed")
    built = Source(
        key=name,
        kind=table.choice("kind", "feed", get_args(SourceKind)),
        url=table.parsed("url", "", values.page),
        path=root / path if path else None,
        topics=table.texts("topics"),
        every=table.parsed("every", defaults.every, duration),
        backfill=table.count("backfill", defaults.backfill),
        language=table.parsed("language", "", values.language),
        links=table.parsed("links", "", values.pattern),
        ignore=table.parsed("ignore", "", values.pattern),
        identity=table.choice("identity", "auto", get_args(Identity)),
        allow_private=table.flag("allow_private", default=False),
        max_bytes=table.count("max_bytes", defaults.max_bytes, least=1),
    )
    table.finish()
    _check_place(table, built)
    return built


def _check_place(table: Table, source: Source) -> None:
    has_url = bool(table.values.get("url"))
    if has_url == (source.path is not None):
        found = "found both" if has_url else "found neither"
        table.complain("", f'{found}; expected either url = "https://…" or path = "…"')
    elif source.kind == "folder" and has_url:
        table.complain("url", f'found {shown(source.url)}; a folder needs path = "…" instead')
    elif source.kind in {"page", "sitemap"} and not has_url:
        table.complain("path", f'a {source.kind} needs url = "https://…" instead')


def _checks(table: Table) -> tuple[tuple[str, str], ...]:
    chosen = ((name, table.choice(name, "", _LEVELS)) for name in CHECKS)
    policy = tuple((name, level) for name, level in chosen if level)
    table.finish()
    return policy
