"""Lists that staff have approved, for workers to apply."""

import sqlalchemy as sa

from subscribers.roster import staging
from subscribers.roster.latest import latest
from subscribers.roster.reading import open_listing
from subscribers.roster.row import Terms
from subscribers.roster.run import ImportJob
from subscribers.store.imports import Import
from subscribers.store.tables import subscribers
from tests.fakes.fleet import Fleet
from tests.fakes.house import SECRETS
from tests.fakes.issues import NOW

KIM = "person:kim"


def approve_list(fleet: Fleet, rows: int, chunk: int) -> None:
    """Review and approve a list, and delete its file: any machine can apply it."""
    path = fleet.folder / "list.csv"
    path.write_text("email\n" + "".join(f"r{number}@example.org\n" for number in range(rows)))
    terms = Terms(path.name, NOW, into=("weekly",))
    pepper = SECRETS["NEWSLETTER_PEPPER"].encode()
    job = ImportJob(open_listing(path), terms, pepper, chunk=chunk)
    number = staging.review(fleet.engine, fleet.engine, job, actor=KIM, now=NOW).id
    path.unlink()
    with fleet.engine.begin() as connection:
        assert staging.approve(
            connection, number, actor=KIM, now=NOW, record_end=lambda *_given: None
        )


def added(fleet: Fleet) -> int:
    """Return how many subscribers there are."""
    with fleet.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(subscribers)) or 0


def applied(fleet: Fleet) -> Import:
    """Return the latest import."""
    with fleet.engine.connect() as connection:
        return latest(connection)[0]
