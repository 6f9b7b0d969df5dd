"""Read one newsletter from the configuration."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

from newsletter.model.cadence import ON_PUBLISH, Cadence
from newsletter.model.days_off import DaysOff
from newsletter.model.duration import duration
from newsletter.model.engagement import Mode, Tracking
from newsletter.model.publication import (
    Alerts,
    Approval,
    Brand,
    CatchUp,
    Content,
    Department,
    Digests,
    Fill,
    Highlights,
    Inactive,
    InactivePolicy,
    ItemLimits,
    Late,
    LatePolicy,
    Newsletter,
    OnUnknown,
    SendAt,
    TooFew,
    Welcome,
)
from newsletter.model.quiet import Quiet
from newsletter.settings import values
from newsletter.settings.blocks import recurring_blocks
from newsletter.settings.brand import brand
from newsletter.settings.days_off import days_off
from newsletter.settings.reading import Table, nearest
from newsletter.settings.segments import segment
from subscribers.model import slug

SUBJECT_NAMES = ("lead", "title", "number", "date")
"""What a configured subject may contain in braces."""
UTM_TAGS = ("source", "medium", "campaign", "content", "term")
UTM_NAMES = ("key", "number", "date")
"""What a utm tag may contain in braces."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """What every newsletter takes from its publication unless it sets its own.

    Paths in the configuration start at `root`.
    """

    root: Path
    zone: ZoneInfo
    language: str
    sources: Collection[str]
    segments: Mapping[str, str]
    brand: Brand


def newsletter(key: str, table: Table, inherited: Inherited) -> Newsletter:
    """Build one newsletter; report errors to the table."""
    if not values.is_key(key):
        table.complain("", "expected a key of lowercase letters, digits and hyphens")
    default = Newsletter(key, key, inherited.language, inherited.zone, Cadence.parse("mon 08:00"))
    cadence = _cadence(table, default.cadence)
    if cadence.on_publish:
        default = replace(default, content="followed", undo=timedelta(0), lead=timedelta(0))
    built = replace(
        _presented(_sent(_limited(default, table), table), table, inherited),
        title=table.text("title", key),
        language=table.parsed("language", inherited.language, values.language),
        timezone=table.parsed("timezone", inherited.zone, values.timezone),
        cadence=cadence,
        segment=segment(table, "segment", inherited.segments, default.segment),
        content=table.choice("content", default.content, get_args(Content)),
        layout=table.parsed("layout", default.layout, values.layout),
        highlights=table.choice("highlights", default.highlights, get_args(Highlights)),
        approval=table.choice("approval", default.approval, get_args(Approval)),
        approvals=table.count("approvals", default.approvals, least=1),
        lead=table.parsed("lead", default.lead, duration),
        approve_by=table.parsed("approve_by", default.approve_by, duration),
        late=_late(table.table("late")),
        catch_up=table.choice("catch_up", default.catch_up, get_args(CatchUp)),
        days_off=_days_off(table, inherited.root, cadence),
        on_unknown=table.choice("on_unknown", default.on_unknown, get_args(OnUnknown)),
        max_age=table.parsed("max_age", default.max_age, duration),
        max_editions=table.count("max_editions", default.max_editions, least=1),
        subject=table.parsed("subject", default.subject, _subject),
        subject_prefix=table.text("subject_prefix"),
        sources=_sources(table, inherited.sources),
        topics=tuple(map(slug, table.texts("topics"))),
        languages=_languages(table),
        utm=_utm(table.table("utm")),
        blocks=recurring_blocks(table),
        sections=tuple(_section(row, inherited.sources) for row in table.rows("sections")),
        topics_shown=table.count("topics_shown", default.topics_shown),
        digests=_digests(table.table("digests")),
        alerts=_alerts(table.table("alerts")),
        inactive=_inactive(table.table("inactive")) if "inactive" in table.values else None,
        welcome=table.choice("welcome", default.welcome, get_args(Welcome)),
        tracking=_tracking(table.table("tracking")),
    )
    table.finish()
    _check_approvals(built, table)
    _check_reader_time(built, table)
    return built


_APPROVALS = (1, 2)


def _check_approvals(built: Newsletter, table: Table) -> None:
    """Report approvals that the other settings of a newsletter would bypass."""
    if built.approvals not in _APPROVALS:
        table.complain("approvals", f"found {built.approvals}; expected 1 or 2")
    elif built.approvals > 1 and (built.approval == "automatic" or built.late.then == "send"):
        table.complain(
            "approvals",
            'found 2, which must come from people; remove approval = "automatic" and'
            ' late = { then = "send" }',
        )


def _sent(default: Newsletter, table: Table) -> Newsletter:
    """Set when the emails of an approved issue go out; every other setting is the default."""
    return replace(
        default,
        send_at=table.choice("send_at", default.send_at, get_args(SendAt)),
        undo=table.parsed("undo", default.undo, duration),
        spread=table.parsed("spread", default.spread, duration),
        quiet=table.parsed("quiet", default.quiet, _quiet),
    )


def _check_reader_time(built: Newsletter, table: Table) -> None:
    """Report what cannot be combined with sending at each reader's local time."""
    if built.send_at != "reader":
        return
    if built.cadence.on_publish:
        why = f'cadence = "{ON_PUBLISH}" has no local time at which an issue is due'
        table.complain("send_at", f'found "reader", but {why}')
    if built.quiet:
        why = "each reader gets an issue at the time of its slot, so no hour of the newsletter is quiet"
        table.complain("quiet", f'remove it, or send_at = "reader": {why}')


def _presented(default: Newsletter, table: Table, inherited: Inherited) -> Newsletter:
    """Return how the newsletter presents itself; every other setting is the default."""
    return replace(
        default,
        public=table.flag("public", default=default.public),
        archive=table.flag("archive", default=default.archive),
        noindex=table.flag("noindex", default=default.noindex),
        description=table.text("description"),
        sender=table.parsed("from", None, values.mailbox),
        reply_to=table.parsed("reply_to", None, values.mailbox),
        brand=brand(table.table("brand"), inherited.brand) if "brand" in table.values else None,
    )


def _cadence(table: Table, default: Cadence) -> Cadence:
    table.text("cadence", required='when an issue is due, such as "mon 08:00" or "daily 07:30"')
    return table.parsed("cadence", default, Cadence.parse)


def _days_off(table: Table, root: Path, cadence: Cadence) -> DaysOff:
    built = days_off(table, root)
    if cadence.on_publish and built != DaysOff():
        table.complain("cadence", f"{ON_PUBLISH} has no slots that a pause or holiday could skip")
    return built


def _tracking(table: Table) -> Tracking:
    default = Tracking()
    built = Tracking(
        opens=table.flag("opens", default=default.opens),
        clicks=table.flag("clicks", default=default.clicks),
        mode=table.choice("mode", default.mode, get_args(Mode)),
    )
    table.finish()
    return built


def _alerts(table: Table) -> Alerts:
    default = Alerts()
    built = Alerts(
        table.parsed("delay", default.delay, duration),
        table.count("per_day", default.per_day, least=1),
        repeat=table.flag("repeat", default=default.repeat),
    )
    table.finish()
    return built


def _inactive(table: Table) -> Inactive:
    default = Inactive()
    built = Inactive(
        table.parsed("after", default.after, duration),
        table.parsed("answer", default.answer, duration),
        table.choice("then", default.then, get_args(InactivePolicy)),
    )
    table.finish()
    if built.after <= built.answer or not built.answer:
        table.complain("after", "must be longer than answer, and answer must not be 0")
    return built


def _digests(table: Table) -> Digests:
    default = Digests()
    built = Digests(
        table.parsed("weekly", default.weekly, Cadence.parse),
        table.parsed("monthly", default.monthly, Cadence.parse),
    )
    table.finish()
    return built


def _subject(text: str) -> str:
    for name in re.findall(r"\{([^{}]*)\}", text):
        if name not in SUBJECT_NAMES:
            known = ", ".join(f"{{{known}}}" for known in SUBJECT_NAMES)
            msg = f"found {{{name}}}; expected one of {known}"
            raise ValueError(msg)
    return text


def _quiet(text: str) -> str:
    Quiet.parse(text)
    return text


def _limited(default: Newsletter, table: Table) -> Newsletter:
    """Set how many items an issue has, and what happens if there are too few."""
    return replace(
        default,
        items=_items(table.table("items")),
        fill=table.choice("fill", default.fill, get_args(Fill)),
        too_few=table.choice("too_few", default.too_few, get_args(TooFew)),
    )


def _items(table: Table) -> ItemLimits:
    default = ItemLimits()
    least = table.count("min", default.min, least=1)
    most = table.count("max", max(default.max, least), least=1)
    table.finish()
    if least > most:
        table.complain("min", f"found {least}, which is more than max = {most}")
        return default
    return ItemLimits(least, most)


def _late(table: Table) -> Late:
    default = Late()
    built = Late(
        grace=table.parsed("grace", default.grace, duration),
        then=table.choice("then", default.then, get_args(LatePolicy)),
    )
    table.finish()
    return built


def _languages(table: Table) -> tuple[str, ...]:
    chosen = table.texts("languages")
    for text in chosen:
        try:
            values.language(text)
        except ValueError as error:
            table.complain("languages", str(error))
    return chosen


def _section(table: Table, known: Collection[str]) -> Department:
    title = table.text("title", required='the heading of the section, such as "Trade"')
    built = Department(
        title=title,
        topics=tuple(map(slug, table.texts("topics"))),
        sources=_sources(table, known),
        most=table.count("max", 0),
    )
    table.finish()
    if title and not (built.topics or built.sources):
        table.complain("", "has neither topics nor sources, so it would always be empty")
    return built


def _utm(table: Table) -> tuple[tuple[str, str], ...]:
    chosen = [(name, table.text(name)) for name in UTM_TAGS]
    table.finish()
    for name, text in chosen:
        for found in re.findall(r"\{([^{}]*)\}", text):
            if found not in UTM_NAMES:
                known = ", ".join(f"{{{known}}}" for known in UTM_NAMES)
                table.complain(name, f"found {{{found}}}; expected one of {known}")
    return tuple((name, text) for name, text in chosen if text)


def _sources(table: Table, known: Collection[str]) -> tuple[str, ...]:
    chosen = table.texts("sources")
    for name in chosen:
        if name not in known:
            hint = nearest(name, set(known)) or f"there is no [sources.{name}]"
            table.complain("sources", f'found "{name}"; expected the key of a source; {hint}')
    return chosen
