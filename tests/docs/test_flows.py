"""The step-by-step examples in the documents work when they are run in order."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from newsletter import cli
from newsletter.cli.main import program
from tests.docs.examples import ROOT, Block, blocks, commands

SAMPLES = Path(cli.__file__).parent / "samples"
ANSWERS = (
    "--name=Peninsula Review",
    "--url=http://127.0.0.1:8025",
    "--from=Peninsula Review <brief@example.org>",
    "--postal-address=1 Example Street",
)
"""What `newsletter init` asks for in a terminal."""

TOPICS = "\n[topics.trade]\n[topics.china]\n"
RUNS_UNTIL_STOPPED = {"serve", "worker"}
WAITS_FOR_A_PERSON = 3

Run = Callable[[list[str]], str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command of an example in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDITOR", "true")

    def run(words: list[str]) -> str:
        if words[0] == "cd":
            monkeypatch.chdir(words[1])
            return ""
        if words[0] != "newsletter" or words[1] in RUNS_UNTIL_STOPPED:
            return ""
        if words[1] == "init":
            words = [*words, *ANSWERS]
        result = CliRunner().invoke(program, words[1:])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code in {0, WAITS_FOR_A_PERSON}, f"{words}: {result.output}"
        return result.output

    return run


def section(path: Path, heading: str) -> list[Block]:
    """Return the blocks under a heading, up to the next heading of the same level."""
    text = path.read_text("utf-8")
    level = heading.partition(" ")[0]
    start = text.index(heading + "\n")
    end = re.search(rf"^{level} ", text[start + len(heading) :], re.MULTILINE)
    stop = start + len(heading) + end.start() if end else len(text)
    return list(blocks(text[start:stop], path.name))


def add_files(folder: Path) -> None:
    """Add the files that the examples name: a list, a page and the configured feed."""
    people = (SAMPLES / "subscribers.csv").read_text("utf-8")
    (folder / "people.csv").write_text(f"{people}ada@example.org,Ada\n", "utf-8")
    shutil.copyfile(min((SAMPLES / "pages").glob("*.html")), folder / "page.html")
    shutil.copyfile(SAMPLES / "feed.xml", folder / "feed.xml")


def configure(folder: Path, example: str) -> None:
    """Add an example to newsletter.toml, with the feed read from a file."""
    local = re.sub(r'url = "https://www\.example\.org/(feed\.xml)"', r'path = "\1"', example)
    with (folder / "newsletter.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{local}{TOPICS}")


def test_the_first_five_minutes(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "my-review"
    output = {}
    for block in section(ROOT / "README.md", "## The first five minutes"):
        if block.language == "toml":
            configure(folder, block.text)
            add_files(folder)
        elif block.language == "sh":
            for words in commands(block.text):
                output[" ".join(words)] = run(words)
    assert "4 new" in output["newsletter collect"]
    assert (
        "ada@example.org" in output["newsletter segment trade and not china --why ada@example.org"]
    )
    assert list((folder / "preview").rglob("body.html"))
    assert "approved" in output["newsletter approve 1"].lower()
    assert "failed" not in run(["newsletter", "run"]).lower()


def test_the_examples_about_lists_and_suppressions(run: Run, tmp_path: Path) -> None:
    run(["newsletter", "init"])
    add_files(tmp_path)
    configure(tmp_path, "")
    for heading in ("## Lists", "## Suppressed addresses"):
        for block in section(ROOT / "docs" / "subscribers.md", heading):
            if block.language == "sh":
                for words in commands(block.text):
                    run(words)
        # The first section reverts its import; the second one is about people who are known.
        run(["newsletter", "subscribers", "import", "people.csv", "--apply"])
    assert "ada@example.org" not in run(["newsletter", "subscribers", "export"])
