"""Sources and newsletters of several workers, and what must be true of their articles and issues."""

import sqlalchemy as sa

from newsletter.store.tables import articles, issues, slots
from tests.fakes.fleet import Fleet
from tests.fakes.sites import Sites, title_of

SOURCES, HOSTS = 12, 4
DAILIES = 3
DAILY = """
[newsletters.daily{number}]
title = "The Daily {number}"
cadence = "daily 08:00"
lead = "1d"
"""


def configuration(sites: Sites) -> str:
    """Return newsletters with an issue on each day, and sources that are read every hour."""
    dailies = "".join(DAILY.format(number=number) for number in range(DAILIES))
    return "\n[collect]\nparsers = 1\n" + dailies + sites.sources(SOURCES, HOSTS, backfill=1)


def collected(fleet: Fleet) -> list[str]:
    """Return the title of every article."""
    with fleet.engine.connect() as connection:
        return sorted(connection.scalars(sa.select(articles.c.title)))


def drafted(fleet: Fleet) -> int:
    """Return how many slots of the daily newsletters have been claimed."""
    query = sa.select(sa.func.count()).where(
        slots.c.newsletter.startswith("daily"), slots.c.state == "claimed"
    )
    with fleet.engine.connect() as connection:
        return connection.scalar(query) or 0


def require_everything_once(fleet: Fleet, days: int) -> None:
    """Check that each article has one row and was never changed, and that each slot has one issue."""
    assert collected(fleet) == sorted(
        title_of(f"s{source}", number) for source in range(SOURCES) for number in range(1, days + 1)
    )
    made = sa.select(sa.func.count(issues.c.id)).select_from(slots.outerjoin(issues))
    claimed = made.where(slots.c.state == "claimed").group_by(slots.c.id)
    with fleet.engine.connect() as connection:
        assert set(connection.scalars(sa.select(articles.c.revision))) == {1}
        assert set(connection.scalars(claimed)) == {1}
        assert connection.scalar(sa.select(sa.func.count()).select_from(issues)) == len(
            connection.execute(claimed).all()
        )
