"""`newsletter staff` and `newsletter audit`, as a person types them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from newsletter.cli.main import program
from tests.fakes.house import SECRETS, lay_out


@pytest.fixture(autouse=True)
def publication(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Enter the folder of a publication."""
    lay_out(tmp_path, '[web]\ndesk_url = "https://desk.harbour.example"\n')
    monkeypatch.chdir(tmp_path)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    yield
    structlog.reset_defaults()  # the program logs to the runner's stderr, which is closed now


def run(*words: str) -> Result:
    return CliRunner().invoke(program, list(words))


def test_staff_are_added_listed_changed_and_removed() -> None:
    assert "may sign in as editor" in run("staff", "add", "a@b.example", "--role", "editor").output
    assert "already has" in run("staff", "add", "A@b.example", "--role", "editor").output
    changed = run("staff", "add", "a@b.example", "--role", "admin").output
    assert "was editor and is now admin" in changed
    (row,) = map(json.loads, run("staff", "list", "--json").output.splitlines())
    assert (row["email"], row["role"]) == ("a@b.example", "admin")
    assert "can no longer sign in" in run("staff", "remove", "a@b.example").output
    assert "No one signs in yet" in run("staff", "list").output


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (["add", "a@b.example", "--role", "boss"], 2, "choose editor, approver or admin"),
        (["add", "no address", "--role", "editor"], 1, "must have an @-sign"),
        (["remove", "a@b.example"], 1, "not a member of staff"),
        (["link", "a@b.example"], 1, "not a member of staff"),
    ],
)
def test_a_mistake_is_explained(words: list[str], code: int, problem: str) -> None:
    answer = run("staff", *words)
    assert answer.exit_code == code
    assert problem in " ".join(answer.output.split())


def test_a_link_leads_to_the_desk_behind_its_proxy() -> None:
    run("staff", "add", "a@b.example", "--role", "editor")
    assert "https://desk.harbour.example/sign-in/1-" in run("staff", "link", "a@b.example").output


def test_the_audit_lists_acts_with_filters() -> None:
    run("staff", "add", "a@b.example", "--role", "editor")
    run("staff", "remove", "a@b.example")
    kinds = [json.loads(line)["kind"] for line in run("audit", "--json").output.splitlines()]
    assert kinds == ["staff removed", "staff added"]
    (only,) = run("audit", "--json", "--kind", "staff added").output.splitlines()
    assert json.loads(only)["after"] == {"address": "a@b.example", "role": "editor"}
    assert "No acts match" in run("audit", "--until", "2020-01-01").output
    wrong = run("audit", "--kind", "nonsense")
    assert wrong.exit_code == 2
    assert "issue approved" in wrong.output
