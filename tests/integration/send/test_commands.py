"""`newsletter send` and `issues show`, as a person types them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog
from typer.testing import CliRunner, Result

from newsletter.cli.main import program
from newsletter.migrations import upgrade
from newsletter.store.database import open_engine
from newsletter.store.tables import batches
from tests.fakes.house import CONFIGURATION, SECRETS
from tests.fakes.issues import add_issue, add_people


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """A publication as the current folder, with an approved issue for twelve people."""
    (tmp_path / "articles").mkdir()
    (tmp_path / "newsletter.toml").write_text(CONFIGURATION.replace("{more}", ""), "utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NEWSLETTER_DATABASE_URL", f"sqlite:///{tmp_path}/newsletter.sqlite3")
    engine = open_engine(f"sqlite:///{tmp_path}/newsletter.sqlite3")
    upgrade(engine)
    with engine.begin() as connection:
        add_people(connection, 12)
        add_issue(connection)
    yield engine
    engine.dispose()
    structlog.reset_defaults()  # the program logs to the runner's stderr, which is closed now


def run(*words: str) -> Result:
    return CliRunner().invoke(program, list(words))


def test_an_approved_issue_is_sent_and_shown(house: sa.Engine, tmp_path: Path) -> None:
    assert house
    sent = run("send", "1", "--now")
    assert sent.exit_code == 0
    assert "submitted" in sent.output
    assert len(list((tmp_path / "outbox").glob("1-*.eml"))) == 12
    shown = json.loads(run("issues", "show", "1", "--json").output)
    assert (shown["planned"], shown["submitted"], shown["held"]) == (12, 12, 0)
    found = run("issues", "show", "1", "--search", "READER7@", "--json").output
    assert json.loads(found)["address"] == "reader7@example.net"


def test_a_held_batch_is_shown_and_decided(house: sa.Engine) -> None:
    run("send", "1", "--now")
    with house.begin() as connection:
        doubtful = batches.update().values(state="held", submitted=0, reason="no answer")
        connection.execute(doubtful)
    shown = run("issues", "show", "1")
    assert "1.1" in shown.output
    assert "--resolve BATCH accepted" in shown.output
    assert run("send", "1", "--resolve", "1.1", "perhaps").exit_code == 2
    decided = run("send", "1", "--resolve", "1.1", "accepted")
    assert decided.exit_code == 0, decided.output
    assert "submitted" in decided.output


def test_what_cannot_be_done_is_one_line(house: sa.Engine) -> None:
    assert house
    for words, says in (
        (("send", "9"), "here is no issue 9"),
        (("send", "1", "--resume"), "annot be resumed"),
        (("send", "1", "--pause", "--cancel"), "hoose one"),
        (("send", "1", "--move", "pigeons"), "pigeons"),
    ):
        refused = run(*words)
        assert refused.exit_code in {1, 2}
        assert says in refused.output + refused.stderr
        assert "Traceback" not in refused.output + refused.stderr


def test_cancelling_says_who_does_not_get_it(house: sa.Engine) -> None:
    assert house
    cancelled = run("send", "1", "--cancel")
    assert cancelled.exit_code == 0
    assert "cancelled" in cancelled.output
    assert run("send", "1").exit_code == 1
