"""The page with the report of an issue, and its email with the clicks beside the links."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

import sqlalchemy as sa

from newsletter.app import App
from newsletter.model.publication import Publication
from newsletter.render import click_map, growth_view
from newsletter.render.catalog import Catalog
from newsletter.render.report_view import ReportSection, sections
from newsletter.usecases import growing, reporting
from newsletter.web.desk import issue_views
from newsletter.web.desk.choices import Control, controls, settle


@dataclass(frozen=True, slots=True)
class ReportPage:
    """The report in one language. `frame` is the address of the email with its clicks, or empty."""

    language: str
    controls: tuple[Control, ...]
    sections: tuple[ReportSection, ...]
    empty: str
    shown_table: str
    frame: str
    map_title: str
    map_note: str


def offered(app: App, editions: int) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the choices of the page: the publication's language first, and the editions."""
    own = app.templates.catalogs.of(app.publication.language).language
    languages = (own, *(each for each in app.templates.catalogs.languages if each != own))
    seqs = tuple(str(seq) for seq in range(1, max(editions, 1) + 1))
    return {"language": ("Language", languages), "edition": ("Edition", seqs)}


def page(
    connection: sa.Connection, app: App, asked: Mapping[str, str], issue_id: int
) -> ReportPage:
    """Return the report of an issue in the language that was asked for; raise NotFound."""
    report = reporting.report_of(connection, app.publication, issue_id)
    choices = offered(app, len(report.editions))
    present = settle(asked, choices)
    catalog = app.templates.catalogs.of(present["language"])
    zone = _zone(app.publication, report.newsletter)
    path = f"/issues/{issue_id}/report"
    mapped = report.clicks is not None and bool(report.editions)
    if len(report.editions) <= 1 or not mapped:
        del choices["edition"]
    frame = f"{path}/{present['edition']}/body?language={catalog.language}"
    return ReportPage(
        catalog.language,
        controls(path, present, choices),
        sections(report, catalog, zone),
        catalog.text("report.empty"),
        catalog.text("report.numbers"),
        frame if mapped else "",
        catalog.text("report.map"),
        catalog.text("report.map.note"),
    )


def newsletter_page(
    connection: sa.Connection, app: App, asked: Mapping[str, str], key: str
) -> tuple[str, ReportPage]:
    """Return a newsletter's title, and its report in the language asked for; raise NotFound."""
    report = growing.report_on(connection, app.publication, key)
    choices = offered(app, 1)
    present = settle(asked, choices)
    del choices["edition"]
    catalog = app.templates.catalogs.of(present["language"])
    return report.title, ReportPage(
        catalog.language,
        controls(f"/newsletters/{key}/report", present, choices),
        growth_view.sections(report, catalog, app.publication.topics),
        catalog.text("growth.empty"),
        catalog.text("report.numbers"),
        frame="",
        map_title="",
        map_note="",
    )


def body(connection: sa.Connection, issue_id: int, seq: int, catalog: Catalog) -> str:
    """Return an edition with the clicks beside its links; raise NotFound."""
    html = issue_views.html(connection, issue_id, seq)
    clicks = reporting.clicks_on(connection, issue_id, seq)
    badges = {
        url: catalog.text(
            "report.badge", human=catalog.number(found.human), all=catalog.number(found.raw)
        )
        for url, found in clicks.items()
    }
    return click_map.drawn(html, badges)


def _zone(publication: Publication, key: str) -> tzinfo:
    newsletter = publication.newsletter(key)
    return newsletter.timezone if newsletter else publication.timezone
