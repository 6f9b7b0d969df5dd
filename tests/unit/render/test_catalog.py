"""Catalogs: plural rules, the fall back to English, and the files of a publisher."""

from datetime import date
from pathlib import Path

import pytest

from newsletter.errors import ConfigurationError
from newsletter.model.reason import Reason
from newsletter.model.receipt import Receipt
from newsletter.render.catalog import open_catalogs
from newsletter.render.reasons import explain

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


def write(root: Path, language: str, *messages: str) -> None:
    folder = root / "locale"
    folder.mkdir(exist_ok=True)
    (folder / f"{language}.po").write_text(HEAD + "\n\n".join(messages) + "\n", encoding="utf-8")


def message(key: str, text: str) -> str:
    return f'msgid "{key}"\nmsgstr "{text}"'


def test_a_publisher_adds_a_language_by_a_file(tmp_path: Path) -> None:
    write(tmp_path, "de", message("issue.also", "Auch erschienen"))
    catalogs = open_catalogs(tmp_path)
    assert catalogs.languages == ("de", "en", "ko")
    assert catalogs.of("de").text("issue.also") == "Auch erschienen"
    assert catalogs.of("de-AT").text("issue.also") == "Auch erschienen"


def test_a_publisher_changes_one_text_and_keeps_the_others(tmp_path: Path) -> None:
    write(tmp_path, "ko", message("issue.also", "다른 글"))
    korean = open_catalogs(tmp_path).of("ko")
    assert korean.text("issue.also") == "다른 글"
    assert korean.text("issue.notes") == "주"


@pytest.mark.parametrize("language", ["de", "ko", "xx"])
def test_a_missing_text_is_english_in_every_language(tmp_path: Path, language: str) -> None:
    write(tmp_path, "de", message("issue.also", "Auch erschienen"))
    write(tmp_path, "en", message("own.closing", "Until next week, {name}"))
    catalog = open_catalogs(tmp_path).of(language)
    assert catalog.text("own.closing", name="Ada") == "Until next week, Ada"


def test_an_english_plural_follows_the_english_rule(tmp_path: Path) -> None:
    """Korean has one form, so its rule would choose `one` for every number."""
    many = 'msgid "own.days"\nmsgid_plural "own.days"\nmsgstr[0] "one day"\nmsgstr[1] "{n} days"'
    write(tmp_path, "en", many)
    korean = open_catalogs(tmp_path).of("ko")
    assert [korean.count("own.days", n) for n in (1, 2)] == ["one day", "2 days"]


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [("en", "For one week", "For 4 weeks"), ("ko", "1주 동안", "4주 동안")],
)
def test_a_number_chooses_its_form(language: str, one: str, many: str) -> None:
    catalog = open_catalogs(None).of(language)
    assert catalog.count("preferences.pause_weeks", 1) == one
    assert catalog.count("preferences.pause_weeks", 4) == many


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no catalog has the key 'issue\.alsoo'"):
        open_catalogs(None).of("ko").text("issue.alsoo")


@pytest.mark.parametrize(
    ("language", "day", "full"),
    [
        ("en", "28 November 2026", "Saturday 28 November 2026"),
        ("ko", "2026년 11월 28일", "2026년 11월 28일 토요일"),
    ],
)
def test_days_follow_the_patterns_of_the_language(language: str, day: str, full: str) -> None:
    catalog = open_catalogs(None).of(language)
    assert catalog.date(date(2026, 11, 28)) == day
    assert catalog.date(date(2026, 11, 28), "date.full") == full


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (message("Also published", "Auch erschienen"), r"line 4: 'Also published' is not a key"),
        (message("issue.by", "Von {name}"), r"line 4: issue\.by: unknown placeholder {name}"),
        (message("issue.by", "Von {names.__class__}"), r"unknown placeholder {names\.__class__}"),
        (message("issue.by", "Von {names"), r"line 4: issue\.by: expected '}'"),
    ],
)
def test_a_text_that_could_not_be_printed_is_refused_with_its_line(
    tmp_path: Path, text: str, complaint: str
) -> None:
    write(tmp_path, "de", text)
    with pytest.raises(ConfigurationError, match=rf"locale/de\.po.*{complaint}"):
        open_catalogs(tmp_path)


@pytest.mark.parametrize(
    ("name", "text"), [("klingon.po", b""), ("de.po", b'msgid "\xff"\nmsgstr "x"')]
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, name: str, text: bytes) -> None:
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / name).write_bytes(text)
    with pytest.raises(ConfigurationError, match=name):
        open_catalogs(tmp_path)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("reason", [*Reason, *Receipt], ids=repr)
def test_every_reason_has_a_sentence(reason: Reason | Receipt, language: str) -> None:
    catalog = open_catalogs(None).of(language)
    assert explain(reason, catalog).endswith(".")
    assert reason.key in catalog.texts


def test_a_stored_reason_and_its_value_read_alike() -> None:
    english = open_catalogs(None).of("en")
    assert explain("suppressed:bounce", english) == explain(Reason.BOUNCED, english)
    assert explain("550 no such user", english) == "550 no such user"
