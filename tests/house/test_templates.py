"""Every template compiles, and no mail holds what a mail program cannot show."""

import re
from pathlib import Path

import jinja2
import jinja2.meta
import pytest

from newsletter.render.templates import open_templates, template_root

ROOT = template_root()
TEMPLATES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.j2"))
MAIL = [name for name in TEMPLATES if name.startswith(("base/", "issue/", "notice/"))]
MAIL_HTML = [name for name in MAIL if name.endswith(".html.j2")]
PAGES = [name for name in TEMPLATES if name not in MAIL]
FILES = {"subject.txt.j2", "body.html.j2", "body.txt.j2"}

NOT_IN_MAIL = {
    r"(?-i:<!(?!DOCTYPE html>)[Dd][Oo][Cc])": "the inliner keeps only `<!DOCTYPE html>`, in capitals",
    r"display\s*:\s*(inline-)?(flex|grid)": "Outlook on Windows knows neither flex nor grid",
    r"[\s;\"']float\s*:|[\s;\"']position\s*:": "mail is laid out by tables",
    r"\d\s*rem\b": "Outlook on Windows has no rem",
    r"\bvar\(|light-dark\(|@layer\b": "Gmail drops the rule, or the whole style",
    r"\b(rgba?|hsla?)\(": "colours are six hexadecimal digits",
    r"#[0-9a-f]{3}\b(?![0-9a-f])[^\"']*;": "colours are six hexadecimal digits",
    r"@import|<link\b|<script\b|<iframe\b|<form\b|<svg\b": "a mail fetches and runs nothing",
    r"<(figure|figcaption|section|article|main|nav|header|footer)\b": "use div: webmails drop these",
    r"font-size\s*:\s*[01](px)?\s*[;\"](?![^>]*>&nbsp;<)|color\s*:\s*transparent": (
        "filters take hidden text for spam; only a gap may be this small"
    ),
    r"href=\"(#|http:|)\"": "a link leads somewhere, by https",
    r"<img\b(?![^>]*\balt=)": "an image has an alternative text, empty for decoration",
    r"<table\b(?![^>]*\brole=)": "a table for layout has role=presentation",
}
NOT_ANYWHERE = {
    r"(?<!wording\.html )\|\s*safe\b|autoescape false": "only what a template rendered is trusted",
    r"\son[a-z]+=\"": "the pages allow no inline scripts",
}
NOT_ON_PAGES = {
    r"<script\b(?![^>]*\bsrc=)": "the pages allow no inline scripts",
    r"\sstyle=\"": "the pages allow no inline styles",
    r"(src|href)=\"(https?:)?//": "a page fetches nothing from another host",
}


def offences(name: str, forbidden: dict[str, str]) -> list[str]:
    text = re.sub(r"\{#.*?#\}", "", (ROOT / name).read_text(), flags=re.DOTALL)
    return [
        f"{name}:{text[: found.start()].count(chr(10)) + 1} {found[0]!r}: {why}"
        for pattern, why in forbidden.items()
        for found in re.finditer(pattern, text, re.IGNORECASE)
    ]


@pytest.fixture(scope="module")
def environment() -> jinja2.Environment:
    return open_templates(None, None).environment  # compiling asks for no publication


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_compiles(name: str, environment: jinja2.Environment) -> None:
    """An unknown filter, test or tag fails here; an unknown name when it is rendered."""
    assert environment.undefined is jinja2.StrictUndefined
    environment.get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_a_template_extends_or_includes_exists(
    name: str, environment: jinja2.Environment
) -> None:
    parsed = environment.parse((ROOT / name).read_text())
    named = set(jinja2.meta.find_referenced_templates(parsed)) - {None}
    assert named <= set(environment.list_templates())


@pytest.mark.parametrize("name", MAIL_HTML)
def test_a_mail_holds_only_what_every_mail_program_shows(name: str) -> None:
    assert not offences(name, NOT_IN_MAIL)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_trusts_no_text(name: str) -> None:
    assert not offences(name, NOT_ANYWHERE)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_nothing_that_its_policy_forbids(name: str) -> None:
    assert not offences(name, NOT_ON_PAGES)


def test_every_mail_has_its_subject_its_html_and_its_text() -> None:
    folders: dict[Path, set[str]] = {}
    for name in MAIL:
        if not name.startswith("base/"):
            folders.setdefault(Path(name).parent, set()).add(Path(name).name)
    assert folders
    assert not {str(folder) for folder, files in folders.items() if files != FILES}


@pytest.mark.parametrize("rule", NOT_IN_MAIL)
def test_each_rule_for_mail_fires(rule: str) -> None:
    assert any(re.search(rule, offence, re.IGNORECASE) for offence in OFFENCES)


OFFENCES = (
    "<!doctype html>",
    "style='display:flex'",
    "<p style='float:left'>",
    "margin: 1rem",
    "color: var(--ink)",
    "color: rgb(0, 0, 0)",
    "color: #fff;",
    "<link rel='stylesheet'>",
    "<section>",
    "font-size:0;",
    '<a href="#">',
    "<img src='x'>",
    "<table>",
)
