"""The output of the commands for collecting."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from newsletter.cli.main import program

CONFIGURATION = """
[publication]
name = "River Review"
url = "https://news.example.org"
timezone = "Asia/Seoul"
language = "en"
from = "River Review <brief@example.org>"
postal_address = "1 Example Street, Seoul"

[sources.files]
kind = "folder"
path = "articles/"
topics = ["Commentary"]

[sources.gone]
kind = "folder"
path = "nowhere/"
"""
TEXT = (
    "On the River and Its Towns\nBy Jane Rivers\nOctober 5, 2026\n\n"
    + "The river rose in the spring. " * 20
)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "newsletter.toml").write_text(CONFIGURATION)
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "river.txt").write_text(TEXT)
    (tmp_path / "articles" / "empty.txt").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEWSLETTER_SECRET_KEY", "x" * 32)
    monkeypatch.setenv("NEWSLETTER_PEPPER", "y" * 32)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(program, arguments)


@pytest.mark.usefixtures("house")
def test_collecting_prints_what_was_taken_and_fails_for_a_bad_source() -> None:
    result = call("collect")
    assert result.exit_code == 1
    assert "new: On the River and Its Towns" in result.output
    assert "not taken: empty.txt: empty" in result.output
    assert "✗ gone" in result.output
    assert "there is no folder" in result.output


@pytest.mark.usefixtures("house")
def test_articles_and_sources_are_listed_for_programs() -> None:
    call("collect")
    (article,) = map(json.loads, call("articles", "--json").output.splitlines())
    assert (article["title"], article["date"]) == ("On the River and Its Towns", "2026-10-05")
    assert (article["state"], article["topics"]) == ("new", ["Commentary"])
    files, gone = map(json.loads, call("sources", "--json").output.splitlines())
    assert (files["health"], files["found"]) == ("OK", 2)
    assert gone["health"].startswith("there is no folder")


@pytest.mark.usefixtures("house")
def test_testing_a_source_stores_nothing() -> None:
    result = call("sources", "test", "files")
    assert "new: On the River and Its Towns" in result.output
    assert "not taken: empty.txt" in result.output
    assert call("articles", "--json").output == ""
    assert call("sources", "test", "other").exit_code == 2


def test_extracting_prints_an_object_or_a_reason_for_each_file(house: Path) -> None:
    paths = [str(house / "articles" / name) for name in ("river.txt", "empty.txt")]
    result = call("extract", *paths, "--json")
    article, failure = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 1
    assert (article["authors"], article["source"]) == (["Jane Rivers"], "river.txt")
    assert article["provenance"]["title"] == "head of the text"
    assert failure == {"source": "empty.txt", "error": "empty"}


@pytest.mark.usefixtures("house")
def test_an_unknown_source_is_a_usage_error_that_names_the_configured_sources() -> None:
    for words in (("collect", "pigeons"), ("sources", "test", "pigeons")):
        refused = call(*words)
        assert refused.exit_code == 2
        assert "There is no source “pigeons”. Configured sources: " in refused.stderr
