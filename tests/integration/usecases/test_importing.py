"""Imports: recorded if and only if they ended, and applied only as the admin who approves saw them."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.errors import NotAllowed, NotFound
from newsletter.maintenance.uploads import Upload, Uploads
from newsletter.model.act import ActKind
from newsletter.store.tables import acts
from newsletter.usecases import importing, people
from subscribers.roster.reading import open_listing
from subscribers.store.tables import import_chunks, imports
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


@contextmanager
def uploaded(folder: Path) -> Iterator[tuple[House, Uploads, Upload]]:
    """Open a publication with an upload."""
    with house(folder) as opened:
        uploads = Uploads(folder / "uploads", opened.app.new_id)
        yield opened, uploads, uploads.keep("list.csv", io.BytesIO(b"email\nnia@example.org\n"))


def kept(opened: House) -> set[int]:
    """Return the imports of which rows are kept."""
    with opened.app.reader.connect() as connection:
        return set(connection.scalars(sa.select(import_chunks.c.import_id)))


def test_only_what_was_shown_last_can_be_approved(tmp_path: Path) -> None:
    with uploaded(tmp_path) as (opened, uploads, upload):
        context = opened.app.context
        chosen = importing.choose(context, STAFF, uploads, replace(upload, attest="book fair"))
        mine = importing.review(context, STAFF, uploads, chosen).upload
        assert uploads.load(upload.id) == mine
        other = importing.choose(context, STAFF, uploads, replace(mine, attest="market"))
        theirs = importing.review(context, STAFF, uploads, other).upload
        with pytest.raises(NotAllowed):
            importing.approve(context, STAFF, uploads, upload.id, mine.seal)
        assert kept(opened) == {theirs.reviewed}
        importing.approve(context, STAFF, uploads, upload.id, theirs.seal)


def test_a_review_does_not_replace_what_another_admin_chose_beside_it(tmp_path: Path) -> None:
    with uploaded(tmp_path) as (opened, uploads, upload):
        other = replace(upload, attest="market")

        def choose(_connection: sa.Connection) -> None:
            uploads.note(other)

        with listening(opened, choose), pytest.raises(NotAllowed, match="choices have changed"):
            importing.review(opened.app.context, STAFF, uploads, upload)
        assert uploads.load(upload.id) == other
        assert kept(opened) == set()


def test_a_review_does_not_bring_back_what_was_discarded_beside_it(tmp_path: Path) -> None:
    with uploaded(tmp_path) as (opened, uploads, upload):

        def discard(_connection: sa.Connection) -> None:
            uploads.delete(upload.id)

        with listening(opened, discard), pytest.raises(NotAllowed):
            importing.review(opened.app.context, STAFF, uploads, upload)
        with pytest.raises(NotFound):
            uploads.load(upload.id)
        assert kept(opened) == set()


@contextmanager
def listening(opened: House, act: Callable[[sa.Connection], None]) -> Iterator[None]:
    """Do something at each commit, as another process might."""
    sa.event.listen(opened.app.engine, "commit", act)
    try:
        yield
    finally:
        sa.event.remove(opened.app.engine, "commit", act)
