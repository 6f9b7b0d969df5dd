"""Approved lists in a pass: stopped between chunks, held after a restore, each without the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.model.next_step import UndoImport
from newsletter.pipeline import importing, jobs, passes
from newsletter.pipeline.report import Level, Line, StepName
from newsletter.usecases import sending
from subscribers.model import ImportChunk
from subscribers.roster import staging
from subscribers.roster.latest import latest, waiting
from subscribers.roster.reading import open_listing
from subscribers.roster.row import Terms
from subscribers.roster.run import ImportJob
from subscribers.store.tables import import_chunks
from tests.fakes.house import STAFF, House, house


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        yield made


def approve(opened: House, name: str) -> int:
    """Review and approve a list of three chunks of one row; return the number of the import."""
    path, engine = opened.root / f"{name}.csv", opened.app.engine
    path.write_text("email\n" + "".join(f"{name}{row}@example.org\n" for row in range(3)))
    terms = Terms(path.name, opened.at, into=("weekly",))
    job = ImportJob(open_listing(path), terms, opened.app.settings.pepper, chunk=1)
    number = staging.review(engine, engine, job, actor=str(STAFF), now=opened.at).id
    with engine.begin() as connection:
        assert staging.approve(
            connection,
            number,
            actor=str(STAFF),
            now=opened.at,
            record_end=lambda *_given: None,
        )
    return number


def due(opened: House) -> list[ImportChunk]:
    with opened.app.reader.connect() as connection:
        return waiting(connection)


def states(opened: House) -> dict[str, str]:
    """Return the state of each import by its file."""
    with opened.app.reader.connect() as connection:
        return {found.file: found.state for found in latest(connection)}


def of_imports(report: list[Line]) -> list[Line]:
    return [line for line in report if line.stage == StepName.IMPORTS]


def test_a_broken_chunk_stops_its_import_only(opened: House) -> None:
    broken = approve(opened, "broken")
    approve(opened, "sound")
    with opened.app.engine.begin() as connection:
        connection.execute(
            import_chunks.update()
            .where(import_chunks.c.import_id == broken, import_chunks.c.last_row == 3)
            .values(body=b"not compressed")
        )
    failed, done = of_imports(opened.pass_at(opened.at))
    assert (failed.level, failed.next_step) == (Level.FAILED, UndoImport(broken))
    assert failed.message.startswith(f"import {broken}: ")
    assert "undo it" in failed.message
    assert "sound.csv: applied" in done.message
    assert states(opened)["broken.csv"] == "applying"
    assert states(opened)["sound.csv"] == "applied"


def test_a_process_that_is_told_to_stop_ends_after_the_chunk(opened: House) -> None:
    approve(opened, "long")

    def stop(_connection: sa.Connection) -> None:
        opened.app.stop.set()

    sa.event.listen(opened.app.engine, "commit", stop)
    assert not list(importing.apply(opened.app.tools()))
    sa.event.remove(opened.app.engine, "commit", stop)
    assert len(due(opened)) == 2
    opened.app.stop.clear()
    assert len(of_imports(opened.pass_at(opened.at))) == 1
    assert states(opened)["long.csv"] == "applied"


def test_nothing_is_applied_after_a_restore_before_a_person_releases_it(opened: House) -> None:
    approve(opened, "early")
    sending.hold(opened.app.context, STAFF)
    (line,) = of_imports(opened.pass_at(opened.at))
    assert line.level is Level.WAITS
    assert "restored" in line.message
    assert len(due(opened)) == 3
    assert not chunk_jobs(opened)
    assert sending.release(opened.app.context, STAFF)
    assert len(chunk_jobs(opened)) == 1
    opened.pass_at(opened.at)
    assert states(opened)["early.csv"] == "applied"


def chunk_jobs(opened: House) -> list[jobs.Job]:
    return [job for job in opened.app.jobs_due() if job.kind is jobs.Kind.CHUNK]


def test_the_chunks_of_an_import_take_one_slot_of_a_worker(opened: House) -> None:
    first, second = approve(opened, "first"), approve(opened, "second")
    assert keys(opened) == [f"{first}/2", f"{second}/2"]
    for row in (2, 3):
        assert not opened.app.work(jobs.Job(jobs.Kind.CHUNK, f"{first}/{row}"))
    assert keys(opened) == [f"{first}/4", f"{second}/2"]
    assert len(opened.app.work(jobs.Job(jobs.Kind.CHUNK, f"{first}/4"))) == 1
    assert keys(opened) == [f"{second}/2"]


def keys(opened: House) -> list[str]:
    return [job.key for job in chunk_jobs(opened)]


def test_a_long_list_holds_no_issue_back(opened: House) -> None:
    names = [step.name for step in passes.steps(opened.app.tools())]
    assert names.count(StepName.IMPORTS) == 1
    assert names[-1] is StepName.IMPORTS
    assert set(passes.BESIDE[StepName.IMPORTS]) == set(passes.BESIDE[StepName.COLLECT])
