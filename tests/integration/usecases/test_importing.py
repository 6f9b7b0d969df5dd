"""An import and its undo are in the audit if and only if they ended, wherever the process dies."""

from itertools import count
from pathlib import Path

import sqlalchemy as sa

from newsletter.model.act import ActKind
from newsletter.store.tables import acts
from newsletter.usecases import importing, people
from subscribers.roster.reading import open_listing
from subscribers.store.tables import imports
from tests.fakes.crashes import crash_at_every_write
from tests.fakes.house import STAFF, House, house


def recorded(opened: House, kind: ActKind) -> list[object]:
    """Return the numbers of the imports that an act of a kind is about."""
    with opened.app.reader.connect() as connection:
        query = sa.select(acts.c.detail).where(acts.c.kind == kind.value)
        return sorted(detail["import"] for detail in connection.scalars(query))


def test_an_import_and_its_undo_are_recorded_with_their_end(tmp_path: Path) -> None:
    numbers = count(1)
    with house(tmp_path) as opened:
        context = opened.app.context
        ours = imports.c.id > 1  # the first import is the fixture's, by no use case

        def known(ended: sa.ColumnElement[bool]) -> list[int]:
            with opened.app.reader.connect() as connection:
                return sorted(connection.scalars(sa.select(imports.c.id).where(ended, ours)))

        def bring_and_take_back() -> None:
            number = next(numbers)  # another list each time: a killed import would be continued
            path = tmp_path / f"{number}.csv"
            path.write_text(f"email\nreader{number}@example.org\n")
            terms = importing.terms(context.publication, path.name, opened.at, ["weekly"])
            done = people.apply_import(
                context, STAFF, open_listing(path), terms, lambda _rows: None
            )
            people.undo_import(context, STAFF, done.changes.id or 0, lambda _people: None)

        def check() -> None:
            applied = known(imports.c.applied_at.is_not(None))
            assert recorded(opened, ActKind.LIST_IMPORTED) == applied
            assert recorded(opened, ActKind.IMPORT_UNDONE) == known(imports.c.state == "undone")

        assert crash_at_every_write(context.engine, bring_and_take_back, check) > 10
        check()
        assert len(recorded(opened, ActKind.LIST_IMPORTED)) > 1
        assert len(recorded(opened, ActKind.IMPORT_UNDONE)) == 1
