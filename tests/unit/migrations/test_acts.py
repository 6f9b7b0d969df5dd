"""Acts, actors and reasons of an older database read like those of today."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from newsletter import migrations
from newsletter.model.act import ActKind, Edit, EditKind
from newsletter.model.actor import AUTOMATIC_APPROVAL, MACHINE
from newsletter.store import acts
from newsletter.store.content import issues
from newsletter.store.sending import deliveries

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
OLD = sa.table(
    "acts",
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("actor"),
    sa.column("act"),
    sa.column("issue_id"),
    sa.column("detail", sa.JSON),
)
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("newsletter", "issue draft", {"in": 3, "out": 1, "reason": ""}),
    ("policy: approval is automatic", "issue approved", {"hash": "abc", "warnings": []}),
    ("root", "pause", {"reason": "a typo"}),
    ("root", "resume", {"reason": "", "was": "a typo"}),
    ("root", "move", {"provider": "smtp", "people": 4}),
    ("root", "resolve: never", {"batch": "1.2", "people": 3}),
    (
        "mina",
        "issue edited",
        {
            "operations": [
                "SetText(name='note', text='Ports publish, name=fee.')",
                "Correct(article_id=4, name='takeaways', text=('One.', 'Two.'))",
                "SetBlocks(blocks=(Block(heading='Talk', text='At noon.'),))",
                "AcceptSuggested(article_id=4)",
                "SetText(name='note', text='cut o",
                "print('hello')",
            ]
        },
    ),
]


@pytest.fixture
def old(empty_engine: sa.Engine) -> sa.Engine:
    """Return a database of the revision before, with an issue and its history."""
    with empty_engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "0005")
        connection.execute(
            OLD.insert(),
            [
                {"at": NOW, "actor": actor, "act": act, "issue_id": 1, "detail": detail}
                for actor, act, detail in CASES
            ],
        )
        _issue(connection)
    return empty_engine


def _issue(connection: sa.Connection) -> None:
    metadata = sa.MetaData()
    table = sa.Table("issues", metadata, autoload_with=connection)
    connection.execute(
        table.insert().values(
            id=1,
            newsletter="weekly",
            number=1,
            kind="regular",
            state="submitted",
            nominal="2026-11-23T08:00",
            due_at=NOW,
            drafted_at=NOW,
            created_by="newsletter",
            approved_by="mina",
            excluded={"left": 2, "nothing in it that they follow": 1, "paused": 3},
            **{
                column.name: ""
                for column in table.c
                if not column.nullable
                and column.server_default is None
                and isinstance(column.type, sa.Text)
                and column.name
                not in {"newsletter", "kind", "state", "nominal", "created_by", "approved_by"}
            },
            blocks=[],
        )
    )
    excluded = sa.table(
        "exclusions", sa.column("issue_id"), sa.column("subscriber_id"), sa.column("reason")
    )
    rows = enumerate(["left", "nothing in it that they follow", "paused"], 1)
    connection.execute(
        excluded.insert(),
        [{"issue_id": 1, "subscriber_id": number, "reason": reason} for number, reason in rows],
    )


def test_recorded_acts_become_values(old: sa.Engine) -> None:
    migrations.upgrade(old)
    with old.connect() as connection:
        found = acts.of_issue(connection, 1)
    assert [act.kind for act in found] == [
        ActKind.DRAFTED,
        ActKind.APPROVED,
        ActKind.PAUSED,
        ActKind.RESUMED,
        ActKind.MOVED,
        ActKind.RESOLVED,
        ActKind.EDITED,
    ]
    assert [str(act.actor) for act in found[:3]] == [
        str(MACHINE),
        str(AUTOMATIC_APPROVAL),
        "person:root",
    ]
    assert found[3].before == {"reason": "a typo"}
    assert found[4].after == {"provider": "smtp"}
    assert found[5].detail == {"batch": "1.2", "people": 3, "decision": "never"}


def test_recorded_operations_become_edits_and_those_that_cannot_be_read_are_kept(
    old: sa.Engine,
) -> None:
    migrations.upgrade(old)
    with old.connect() as connection:
        edits = acts.of_issue(connection, 1)[-1].edits
    assert edits == (
        Edit(EditKind.SET_TEXT, "note", after="Ports publish, name=fee."),
        Edit(EditKind.CORRECT, "takeaways", 4, after=["One.", "Two."]),
        Edit(EditKind.SET_BLOCKS, "blocks", after=[{"heading": "Talk", "text": "At noon."}]),
        Edit(EditKind.ACCEPT_SUGGESTED, "takeaways", 4),
        Edit(EditKind.UNPARSED, after="SetText(name='note', text='cut o"),
        Edit(EditKind.UNPARSED, after="print('hello')"),
    )


def test_actors_and_reasons_of_an_issue_have_the_spelling_of_today(old: sa.Engine) -> None:
    migrations.upgrade(old)
    with old.connect() as connection:
        issue = issues.load(connection, 1)
        assert (str(issue.created_by), str(issue.approved_by)) == (str(MACHINE), "person:mina")
        assert deliveries.exclusion_reasons(connection, 1) == {
            "paused": 3,
            "unsubscribed": 2,
            "nothing followed": 1,
        }
        assert deliveries.count_exclusions(connection, 1) == {
            "nothing followed": 1,
            "paused": 1,
            "unsubscribed": 1,
        }
