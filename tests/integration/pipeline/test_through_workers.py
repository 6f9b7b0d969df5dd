"""What passes do, when a worker does it as jobs of the engine: the same test, on PostgreSQL."""

from dataclasses import replace
from pathlib import Path

from newsletter.model.once import Once
from tests.fakes.engine import work_once
from tests.fakes.house import house, shared_sandbox
from tests.fakes.postgres import Postgres
from tests.integration.pipeline import test_pass


def test_an_issue_from_its_articles_to_its_recipients(
    tmp_path: Path, postgres: Postgres, migrated_database: str
) -> None:
    with (
        postgres.database(template=migrated_database) as url,
        house(tmp_path, database=url.render_as_string(hide_password=False)) as weekly,
    ):
        weekly.app = replace(weekly.app, sandboxes=Once(shared_sandbox))
        weekly.dispatch = work_once
        test_pass.test_an_approved_issue_leaves_at_its_slot_once(weekly)
