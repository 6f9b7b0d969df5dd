"""`newsletter send` and `issues show`, as a person types them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog
from typer.testing import CliRunner, Result

from newsletter import settings
from newsletter.cli.main import program
from newsletter.clock import clock
from newsletter.model.event import origin
from newsletter.render.source import rendered_from
from newsletter.render.templates import open_templates
from newsletter.store import epoch
from newsletter.store.content import editions
from newsletter.store.database import open_engine
from newsletter.store.tables import batches, deliveries, issues
from tests.fakes.house import CONFIGURATION, SECRETS
from tests.fakes.issues import add_issue, add_people
from tests.fakes.schema import add_database
from tests.fakes.site import Exchange, open_site


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """A publication as the current folder, with an approved issue for twelve people."""
    (tmp_path / "articles").mkdir()
    (tmp_path / "newsletter.toml").write_text(CONFIGURATION.replace("{more}", ""), "utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NEWSLETTER_DATABASE_URL", f"sqlite:///{tmp_path}/newsletter.sqlite3")
    add_database(tmp_path / "newsletter.sqlite3")
    engine = open_engine(f"sqlite:///{tmp_path}/newsletter.sqlite3")
    with engine.begin() as connection:
        add_people(connection, 12)
        add_issue(connection)
        # Written straight to the tables, it would count as rendered from another configuration.
        editions.confirm(connection, 1, _source(tmp_path))
    yield engine
    engine.dispose()
    structlog.reset_defaults()  # the program logs to the runner's stderr, which is closed now


def _source(root: Path) -> str:
    publication = settings.load(root, SECRETS).publication
    templates = open_templates(publication, root)
    return rendered_from(templates, publication, publication.newsletters[0])


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
    assert "whether 12 recipients have their issue is unknown" in run("doctor").output
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
        (("send", "1", "--pause", "--cancel"), "cannot be combined"),
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


def stopped(house: sa.Engine, state: str, *, batch: str) -> None:
    """Leave the issue and its only batch in these states, as if nothing had left yet."""
    run("send", "1", "--now")
    with house.begin() as connection:
        connection.execute(issues.update().values(state=state, reason=""))
        connection.execute(batches.update().values(state=batch, submitted=0, reason="HTTP 401"))
        connection.execute(deliveries.update().values(state="pending"))


def state_of(house: sa.Engine) -> str:
    with house.connect() as connection:
        return str(connection.scalar(sa.select(issues.c.state)))


@pytest.mark.parametrize(("state", "code"), [("paused", 3), ("cancelled", 0)])
def test_a_decision_about_an_issue_that_does_not_leave_ends_with_its_standing(
    house: sa.Engine, state: str, code: int
) -> None:
    stopped(house, state, batch="held")
    decided = run("send", "1", "--resolve", "1.1", "accepted")
    assert "cannot be sent" not in decided.output + decided.stderr
    assert f": {state}" in decided.output
    assert decided.exit_code == code
    assert state_of(house) == state


def test_a_paused_issue_is_moved_and_then_resumed(
    house: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(house, "paused", batch="prepared")
    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:9")
    moved = run("send", "1", "--move", "smtp")
    assert moved.exit_code == 3, moved.output + moved.stderr
    assert state_of(house) == "paused"
    assert run("send", "1", "--move", "outbox").exit_code == 3
    assert run("send", "1", "--resume").exit_code == 0
    assert state_of(house) == "submitted"


def test_what_sendgrid_has_seen_settles_a_held_batch(
    house: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(house, "paused", batch="held")
    with house.begin() as connection:
        connection.execute(batches.update().values(provider="sendgrid", attempt=2))
        mark = origin(epoch.read(connection), "http://127.0.0.1:8025")
    asked = run("send", "1", "--evidence")
    assert asked.exit_code == 1
    assert "SENDGRID_API_KEY is not set" in asked.stderr

    def answer(exchange: Exchange) -> None:
        known = {"unique_args": '{"nl_attempt": "1.1:2"}', "categories": ["weekly", mark]}
        found = (
            known
            if exchange.path.startswith("/v3/messages/m1")
            else {"messages": [{"msg_id": "m1"}]}
        )
        exchange.answer(json.dumps(found), kind="application/json")

    with open_site() as site:
        site.fallback = answer
        monkeypatch.setenv("SENDGRID_API_KEY", "SG.key")
        monkeypatch.setenv("SENDGRID_API_HOST", site.url(""))
        asked = run("send", "1", "--evidence")
    assert "SendGrid has seen 1 of 1 batch in doubt." in asked.output
    with house.connect() as connection:
        assert connection.scalar(sa.select(batches.c.state)) == "accepted"


@pytest.mark.parametrize(
    "words",
    [
        ("--pause", "--move", "outbox"),
        ("--cancel", "--resolve", "1.1", "again"),
        ("--test", "a@example.org", "--resume"),
        ("--move", "outbox", "--resolve", "1.1", "again"),
        ("--now", "--pause"),
        ("--evidence", "--cancel"),
        ("--now", "--test", "a@example.org"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_happens(
    house: sa.Engine, words: tuple[str, ...]
) -> None:
    stopped(house, "submitting", batch="held")
    refused = run("send", "1", *words)
    assert refused.exit_code == 2
    assert "cannot be combined" in refused.stderr
    assert state_of(house) == "submitting"


@pytest.mark.parametrize(
    "words", [("--test", ""), ("--move", ""), ("--resolve", "", "again"), ("--resolve", "1.1", "")]
)
def test_an_empty_word_is_wrong_and_never_a_send_to_everybody(
    house: sa.Engine, words: tuple[str, ...]
) -> None:
    refused = run("send", "1", *words)
    assert refused.exit_code in {1, 2}
    assert state_of(house) == "approved"


@pytest.mark.parametrize("provider", ["memory", "alert", "smtp", "pigeons"])
def test_an_issue_moves_only_to_a_provider_that_is_set_up(
    house: sa.Engine, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    stopped(house, "paused", batch="prepared")
    monkeypatch.setenv("ALERT_SMTP_URL", "smtp://127.0.0.1:9")
    refused = run("send", "1", "--move", provider)
    assert refused.exit_code == 2
    assert "there is outbox" in refused.stderr
    with house.connect() as connection:
        assert connection.scalar(sa.select(batches.c.provider)) == "outbox"


@pytest.mark.parametrize("option", ["--recipients", "--attempts", "--json"])
def test_an_unknown_issue_is_unknown_however_it_is_asked_for(house: sa.Engine, option: str) -> None:
    assert house
    asked = run("issues", "show", "99", option)
    assert asked.exit_code == 1
    assert "here is no issue 99" in asked.stderr


@pytest.mark.parametrize("words", [("--limit", "0"), ("--limit", "-1"), ("--after", "-1")])
def test_a_page_of_recipients_has_a_sensible_size(house: sa.Engine, words: tuple[str, str]) -> None:
    assert house
    assert run("issues", "show", "1", "--recipients", *words).exit_code == 2


def test_who_was_left_out_is_found_with_the_reason(house: sa.Engine) -> None:
    with house.begin() as connection:
        add_people(connection, 3, first=101, state="unsubscribed")
    run("send", "1", "--now")
    shown = run("issues", "show", "1", "--search", "READER102@")
    assert "reader102@example.net" in shown.output
    assert "Unsubscribed" in shown.output
    lines = run("issues", "show", "1", "--recipients", "--json").output.splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 15
    assert [row["reason"] for row in rows if row["state"] == "left out"] == ["unsubscribed"] * 3
    page = run("issues", "show", "1", "--recipients", "--json", "--after", "11", "--limit", "2")
    assert [json.loads(line)["number"] for line in page.output.splitlines()] == [12, None]


def test_a_search_that_finds_nobody_says_so(house: sa.Engine) -> None:
    assert house
    run("send", "1", "--now")
    shown = run("issues", "show", "1", "--search", "ada@")
    assert shown.exit_code == 0
    assert "No recipient of issue 1" in shown.output
    assert "Nothing yet" not in shown.output


def test_what_waits_for_the_morning_says_so(house: sa.Engine, tmp_path: Path) -> None:
    assert house
    hour = clock().hour
    quiet = f'quiet = "{hour:02}:00-{(hour + 3) % 24:02}:00"'
    path = tmp_path / "newsletter.toml"
    path.write_text(f"{path.read_text('utf-8')}{quiet}\n", "utf-8")
    for words in (("send", "1", "--now"), ("run",), ("issues", "show", "1")):
        waits = run(*words)
        assert "quiet hours until" in waits.output, words
        assert f"{(hour + 3) % 24:02}:00 UTC" in waits.output
        assert waits.exit_code == 0


def test_a_batch_is_looked_up_in_the_log_of_the_mail_server(
    house: sa.Engine, tmp_path: Path
) -> None:
    run("send", "1", "--now")
    with house.begin() as connection:
        connection.execute(batches.update().values(state="held", submitted=0, reason="no answer"))
        connection.execute(deliveries.update().values(state="pending"))
    shutil.rmtree(tmp_path / "submissions")
    log = tmp_path / "exim.log"
    log.write_text("2026-11-23 08:00:01 1t <= a@b.example P=esmtp id=1-3@harbour.example\n")
    looked_up = run("send", "1", "--resolve", "1.1", "--from-log", str(log))
    assert "1 recipient of batch 1.1 as accepted" in looked_up.output
    assert "11 recipients are not in it" in looked_up.output
    assert run("send", "1", "--resolve", "1.1", "--from-log", str(log), "again").exit_code == 2
    assert run("send", "1", "again").exit_code == 2
    assert run("send", "1", "--resolve", "1.1").exit_code == 2
