"""What is printed is what was said: strangers' titles cannot draw, blink or pose as markup."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from newsletter.cli.main import program
from newsletter.cli.opening import expected_errors
from newsletter.cli.show import Exit, fail, print_rows, say, warn
from newsletter.errors import NotFound

ROOT = Path(__file__).parents[3]
HOSTILE = "[bold]Ships[/bold] :x: \x1b[31mred\x07"
HARMLESS = "[bold]Ships[/bold] :x: �[31mred�"


def test_a_title_is_printed_word_for_word(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    print_rows([{"title": HOSTILE}], ("title",))
    with pytest.raises(SystemExit):
        fail(HOSTILE)
    shown = capsys.readouterr()
    assert shown.out.count(HARMLESS) == 2
    assert HARMLESS in shown.err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotFound("there is no issue 9"), "There is no issue 9"),
        (NotFound("newsletter.toml:3 is wrong"), "newsletter.toml:3 is wrong"),
        (OSError(28, "No space left on device", "/x/y"), "/x/y cannot be used: No space"),
    ],
)
def test_an_expected_error_is_one_sentence(
    error: Exception, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, expected_errors():
        raise error
    assert ended.value.code == Exit.FAILED
    assert capsys.readouterr().err.startswith(said)


def test_a_reader_who_has_gone_is_no_trouble_to_report() -> None:
    with pytest.raises(BrokenPipeError), expected_errors():
        raise BrokenPipeError


@pytest.mark.parametrize("words", [("next",), ("next", "--json")])
def test_output_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    started = [sys.executable, "-m", "newsletter"]
    subprocess.run(
        [*started, "init"], cwd=tmp_path, env=environment, check=True, capture_output=True
    )
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*started, *words],
            cwd=tmp_path,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "The output cannot be written: No space left on device.\n"


def test_the_demo_never_touches_a_publication_of_yours(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text('[publication]\nprovider = "outbox"\n', "utf-8")
    refused = CliRunner().invoke(program, ["demo", "--no-serve", "--dir", str(tmp_path)])
    assert refused.exit_code == 2
    assert "not the demo's" in refused.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["newsletter.toml"]


def test_a_name_that_the_terminal_cannot_show_is_no_trouble(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "newsletter", "init", "--name=한국", "새소식"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\uc0c8" in done.stdout


@pytest.mark.parametrize("hidden", ["\x9b31m", "\u202e", "\u2066", "\u200f", "\U000e0041"])
def test_hidden_characters_are_neither_printed_nor_put_into_json(
    hidden: str, capsys: pytest.CaptureFixture[str]
) -> None:
    title = f"Ships{hidden}sail"
    say(title)
    warn(title)
    print_rows([{"title": title}], ("title",))
    print_rows([{"title": title}], (), as_json=True)
    captured = capsys.readouterr()
    assert hidden[0] not in captured.out + captured.err
    assert json.loads(captured.out.splitlines()[-1])["title"] == title


@pytest.mark.parametrize(
    "columns",
    [
        ("issue", "newsletter", "number", "slot", "state", "reason"),
        ("number", "address", "state", "reason", "batch"),
        ("id", "date", "title", "authors", "source", "takeaways", "state"),
        ("newsletter", "due", "offset", "in", "note"),
        ("seq", "attempt", "provider", "owner", "ended_at", "outcome", "reason"),
    ],
)
def test_a_table_fits_into_sixty_columns(columns: tuple[str, ...]) -> None:
    script = (
        "import sys; from newsletter.cli.show import print_rows;"
        "print_rows([{name: 'a longer value than fits' for name in sys.argv[1:]}], sys.argv[1:])"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "60"}
    done = subprocess.run(
        [sys.executable, "-c", script, *columns],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert max(map(len, done.stdout.splitlines())) <= 60


def test_a_column_that_is_empty_in_every_row_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_rows([{"a": 1, "b": None}, {"a": 2, "b": ""}], ("a", "b"))
    assert capsys.readouterr().out.split() == ["a", "1", "2"]


def test_a_cell_has_words_and_no_python(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 11, 29, 8, 0, 5, 123456, tzinfo=UTC)
    print_rows([{"at": at, "detail": {"why": "asked", "of": ["ada", "bo"]}}], ("at", "detail"))
    print_rows([], ("at",), empty="There are no acts.")
    shown = " ".join(capsys.readouterr().out.split())
    assert "2026-11-29 08:00:05 UTC" in shown
    assert "why: asked; of: ada, bo" in shown
    assert shown.endswith("There are no acts.")
