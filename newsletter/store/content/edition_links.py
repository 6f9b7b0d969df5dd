"""The links of editions that may be counted: frozen with the edition."""

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from newsletter.model.engagement import CountedLink
from newsletter.model.event import EventKind
from newsletter.model.issue_report import Engaged
from newsletter.store.engagement_tables import edition_links, engagement_totals
from newsletter.store.tables import editions


def replace(
    connection: sa.Connection, issue_id: int, present: Mapping[int, Sequence[CountedLink]]
) -> None:
    """Store the links of the present editions of an issue, by the number of the edition."""
    known = connection.execute(
        sa.select(editions.c.seq, editions.c.id).where(editions.c.issue_id == issue_id)
    )
    rows = [
        {
            "edition_id": edition_id,
            "number": link.number,
            "url": link.url,
            "article_id": link.article_id,
        }
        for seq, edition_id in known
        for link in present.get(seq, ())
    ]
    if rows:
        connection.execute(edition_links.insert(), rows)


def forget(connection: sa.Connection, issue_id: int) -> None:
    """Delete the links of the editions of an issue, before the editions are deleted."""
    present = sa.select(editions.c.id).where(editions.c.issue_id == issue_id)
    connection.execute(edition_links.delete().where(edition_links.c.edition_id.in_(present)))


def of_edition(connection: sa.Connection, edition_id: int) -> list[CountedLink]:
    """Return the links of an edition in order; none if it was rendered before links were kept."""
    links = edition_links.c
    query = (
        sa.select(links.number, links.url, links.article_id)
        .where(links.edition_id == edition_id)
        .order_by(links.number)
    )
    return [CountedLink(*row) for row in connection.execute(query)]


def target(connection: sa.Connection, edition_id: int, number: int) -> str | None:
    """Return the address that a link leads to, None if the edition has no such link."""
    url: str | None = connection.scalar(
        sa.select(edition_links.c.url).where(
            edition_links.c.edition_id == edition_id, edition_links.c.number == number
        )
    )
    return url


def clicks_by_article(connection: sa.Connection, issue_ids: Collection[int]) -> dict[int, Engaged]:
    """Add up the clicks on the links to each article in all editions of these issues."""
    links, total = edition_links.c, engagement_totals.c
    query = (
        sa.select(links.article_id, sa.func.sum(total.raw), sa.func.sum(total.human))
        .join(
            engagement_totals,
            sa.and_(total.edition_id == links.edition_id, total.link == links.number),
        )
        .where(
            total.issue_id.in_(issue_ids),
            total.kind == EventKind.CLICKED.value,
            links.article_id.is_not(None),
        )
        .group_by(links.article_id)
    )
    return {row[0]: Engaged(int(row[1]), int(row[2])) for row in connection.execute(query)}
