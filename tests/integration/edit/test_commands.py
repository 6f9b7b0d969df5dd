"""The commands of editing on the sample publication, as a person types them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from newsletter.cli.main import program

SAMPLES = Path(__file__).parents[3] / "newsletter" / "cli" / "samples"
LENIENT = '\n[checks]\naudience = "off"\n'


SECRETS = {
    "NEWSLETTER_SECRET_KEY": "x" * 32,
    "NEWSLETTER_PEPPER": "y" * 32,
    "NEWSLETTER_DATABASE_URL": "sqlite:///newsletter.db",
}


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Collect and draft the sample publication once; return its folder, to copy."""
    folder = tmp_path_factory.mktemp("drafted") / "publication"
    shutil.copytree(SAMPLES, folder, ignore=shutil.ignore_patterns("statuses.toml"))
    toml = folder / "newsletter.toml"
    toml.write_text(toml.read_text("utf-8") + LENIENT, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        enter(folder, patch)
        assert run("collect").exit_code == 0
        assert run("draft", "weekly").exit_code == 0
    return folder


def enter(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Make a publication the current folder."""
    patch.chdir(folder)
    for name, value in SECRETS.items():
        patch.setenv(name, value)


@pytest.fixture
def desk(drafted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Enter a copy of the sample publication, collected and drafted."""
    folder = tmp_path / "publication"
    shutil.copytree(drafted, folder)
    enter(folder, monkeypatch)
    yield folder
    structlog.reset_defaults()  # the program logs to the runner's stderr, which is closed now


def run(*words: str) -> Result:
    return CliRunner().invoke(program, list(words))


def test_an_issue_is_edited_previewed_checked_and_approved(desk: Path) -> None:
    assert run("edit", "1", "--export", "sheet.txt").exit_code == 0
    sheet = (desk / "sheet.txt").read_text("utf-8")
    assert "# suggested, sentences" in sheet
    sheet = sheet.replace("subject: ", "subject: Trucks, cables and a school", 1)
    sheet = sheet.replace("# - ", "- ")
    (desk / "sheet.txt").write_text(sheet, encoding="utf-8")
    assert "changes made to issue 1" in run("edit", "1", "--import", "sheet.txt").output
    previewed = run("preview", "1", "--out", "out", "--as", "unknown@example.org")
    assert "unknown@example.org is not a subscriber" in previewed.output
    edition = desk / "out" / "edition-1"
    assert (edition / "subject.txt").read_text("utf-8") == "Trucks, cables and a school\n"
    assert "FROM THE TEXT" in (edition / "body.txt").read_text("utf-8").upper()
    assert "-nl" not in (edition / "body.html").read_text("utf-8")
    mail = (edition / "message.eml").read_bytes()
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail
    assert run("check", "1").exit_code == 0
    assert "is approved: 1 edition" in run("approve", "1").output
    assert "approved already" in run("approve", "1").output


def test_a_refused_edit_keeps_what_was_typed(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = desk / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/^title:/titel:/' \"$1\"\n")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    done = run("edit", "1")
    assert done.exit_code == 1
    assert "'titel' is not one of" in done.output
    assert "titel:" in (desk / "issue-1-refused.txt").read_text("utf-8")


def test_an_editor_that_changes_nothing_changes_nothing(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.is_dir()
    monkeypatch.setenv("VISUAL", "true")
    assert "Nothing was changed." in run("edit", "1").output
    monkeypatch.setenv("VISUAL", "/nowhere/editor")
    done = run("edit", "1")
    assert (done.exit_code, "Cannot start" in done.output) == (1, True)


def test_a_policy_that_blocks_makes_check_and_approve_wait_for_a_person(desk: Path) -> None:
    toml = desk / "newsletter.toml"
    toml.write_text(toml.read_text("utf-8").replace('audience = "off"', 'audience = "block"'))
    for command in ("check", "approve"):
        done = run(command, "1")
        assert done.exit_code == 3
        assert "No one would get this issue" in done.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (("draft", "nonsense"), "There is no newsletter “nonsense”", 2),
        (("preview", "99"), "There is no issue 99", 1),
        (("edit", "1", "--import", "nowhere.txt"), "Cannot read nowhere.txt", 1),
        (("edit", "1", "--import", "nowhere.txt"), "nowhere.txt: No such file", 1),
        (("edit", "1", "--import", "a.txt", "--export", "b.txt"), "cannot be combined", 2),
        (("issues", "--newsletter", "daily"), "There is no newsletter “daily”", 2),
        (("articles", "--source", "pigeons"), "There is no source “pigeons”", 2),
        (("articles", "--state", "weird"), "--state", 2),
        (("draft", "weekly"), "Nothing to draft", 3),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    desk: Path, words: tuple[str, ...], says: str, code: int
) -> None:
    assert desk.is_dir()
    done = run(*words)
    assert done.exit_code == code
    assert says in done.output
    assert "Traceback" not in done.output


def test_issues_are_listed_as_a_table_and_as_json(desk: Path) -> None:
    assert desk.is_dir()
    assert "draft" in run("issues").output
    assert '"newsletter":"weekly"' in run("issues", "--json").output
    assert run("issues", "show", "1").exit_code == 0


@pytest.mark.usefixtures("desk")
def test_a_preview_for_a_subscriber_says_which_edition_it_is() -> None:
    run("subscribers", "import", "subscribers.csv", "--newsletter=weekly", "--apply")
    run("preview", "1", "--as", "unknown@example.org")
    told = run("preview", "1", "--as", "ada.morgan@readers.example").output
    assert "ada.morgan@readers.example gets edition " in told
    assert len(list(Path("preview").glob("*/message.eml"))) == 1


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("words", [("preview", "1", "--as", "ada"), ("send", "1", "--test", "ada")])
def test_what_is_no_address_is_refused_before_anything_is_done(words: tuple[str, ...]) -> None:
    run("preview", "1")
    done = run(*words)
    assert done.exit_code == 1
    assert "must have an @-sign" in done.output


@pytest.mark.usefixtures("desk")
def test_an_issue_without_recipients_is_edited_instead_of_corrected() -> None:
    done = run("correct", "1")
    assert done.exit_code == 1
    assert "`newsletter edit 1`" in done.output
    assert len(run("issues", "--json").output.splitlines()) == 1


def test_other_users_cannot_read_who_gets_what(desk: Path) -> None:
    run("preview", "1")
    written = [desk / "newsletter.db", *(desk / "preview").rglob("*")]
    assert len(written) > 3
    assert not [path for path in written if path.stat().st_mode & 0o007]


def test_edit_refuses_without_an_editor_and_a_terminal(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.is_dir()
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    done = run("edit", "1")
    assert done.exit_code == 2
    assert "--export" in done.output


@pytest.mark.usefixtures("desk")
def test_what_has_left_can_no_longer_be_edited() -> None:
    run("approve", "1")
    run("send", "1", "--now")
    done = run("edit", "1")
    assert done.exit_code == 1
    assert "can no longer be changed" in done.output


@pytest.mark.usefixtures("desk")
def test_a_paused_issue_says_how_it_goes_on() -> None:
    run("approve", "1")
    run("send", "1", "--pause")
    done = run("send", "1")
    assert done.exit_code == 1
    assert "newsletter send 1 --resume" in done.output


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("seen", ["", "0123456789"])
def test_what_was_not_previewed_is_not_approved(seen: str) -> None:
    refused = run("approve", "1", "--hash", seen)
    assert refused.exit_code == 3
    assert "has changed since it was previewed" in refused.output
    assert "approved" not in run("issues").output


@pytest.mark.usefixtures("desk")
def test_changes_to_an_approved_issue_are_requested_with_a_comment() -> None:
    assert run("approve", "1").exit_code == 0
    assert run("approve", "1", "--request-changes", " ").exit_code == 1
    assert "is approved already" in run("approve", "1").output
    answer = run("approve", "1", "--request-changes", "The second item is too long.")
    assert answer.exit_code == 0
    assert "is a draft again" in answer.output
    assert "The second item is too long." in run("audit", "--issue", "1", "--json").output
