"""Every template compiles, and no email uses what email clients do not support."""

import re
from pathlib import Path

import jinja2
import jinja2.meta
import pytest

from newsletter.render.templates import open_templates, template_root

ROOT = template_root()
TEMPLATES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.j2"))
EMAILS = [name for name in TEMPLATES if name.startswith(("base/", "issue/", "notice/"))]
EMAIL_HTML = [name for name in EMAILS if name.endswith(".html.j2")]
PAGES = [name for name in TEMPLATES if name not in EMAILS]
FILES = {"subject.txt.j2", "body.html.j2", "body.txt.j2"}

NOT_IN_EMAILS = {
    r"(?-i:<!(?!DOCTYPE html>)[Dd][Oo][Cc])": "the inliner keeps only `<!DOCTYPE html>`, in capitals",
    r"display\s*:\s*(inline-)?(flex|grid)": "Outlook on Windows supports neither flex nor grid",
    r"[\s;\"']float\s*:|[\s;\"']position\s*:": "emails use tables for layout",
    r"\d\s*rem\b": "Outlook on Windows does not support rem",
    r"\bvar\(|light-dark\(|@layer\b": "Gmail drops the rule, or the whole style",
    r"\b(rgba?|hsla?)\(": "write colors as six hexadecimal digits",
    r"#[0-9a-f]{3}\b(?![0-9a-f])[^\"']*;": "write colors as six hexadecimal digits",
    r"@import|<link\b|<script\b|<iframe\b|<form\b|<svg\b": "an email fetches and runs nothing",
    r"<(figure|figcaption|section|article|main|nav|header|footer)\b": "use div: webmail clients drop these",
    r"font-size\s*:\s*[01](px)?\s*[;\"](?![^>]*>&nbsp;<)|color\s*:\s*transparent": (
        "spam filters penalize hidden text; only a spacer may be this small"
    ),
    r"href=\"(#|http:|)\"": "a link needs a target, over https",
    r"<img\b(?![^>]*\balt=)": "an image needs an alt text (empty for decoration)",
    r"<table\b(?![^>]*\brole=)": "a layout table needs role=presentation",
}
NOT_ANYWHERE = {
    r"(?<!wording\.html )\|\s*safe\b|autoescape false": "only rendered templates are trusted",
    r"\son[a-z]+=\"": "the content security policy blocks inline scripts",
}
NOT_ON_PAGES = {
    r"<script\b(?![^>]*\bsrc=)": "the content security policy blocks inline scripts",
    r"\sstyle=\"": "the content security policy blocks inline styles",
    r"(src|href)=\"(https?:)?//": "a page loads nothing from another host",
}


def offenses(name: str, forbidden: dict[str, str]) -> list[str]:
    text = re.sub(r"\{#.*?#\}", "", (ROOT / name).read_text(), flags=re.DOTALL)
    return [
        f"{name}:{text[: found.start()].count(chr(10)) + 1} {found[0]!r}: {why}"
        for pattern, why in forbidden.items()
        for found in re.finditer(pattern, text, re.IGNORECASE)
    ]


@pytest.fixture(scope="module")
def environment() -> jinja2.Environment:
    return open_templates(None, None).environment  # compiling needs no publication


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_compiles(name: str, environment: jinja2.Environment) -> None:
    """Unknown filters, tests and tags fail here; unknown names fail when rendered."""
    assert environment.undefined is jinja2.StrictUndefined
    environment.get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_that_are_extended_or_included_exist(
    name: str, environment: jinja2.Environment
) -> None:
    parsed = environment.parse((ROOT / name).read_text())
    named = set(jinja2.meta.find_referenced_templates(parsed)) - {None}
    assert named <= set(environment.list_templates())


@pytest.mark.parametrize("name", EMAIL_HTML)
def test_an_email_uses_only_what_clients_support(name: str) -> None:
    assert not offenses(name, NOT_IN_EMAILS)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_escapes_all_text(name: str) -> None:
    assert not offenses(name, NOT_ANYWHERE)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_respects_its_content_security_policy(name: str) -> None:
    assert not offenses(name, NOT_ON_PAGES)


def test_every_email_has_a_subject_an_html_part_and_a_text_part() -> None:
    folders: dict[Path, set[str]] = {}
    for name in EMAILS:
        if not name.startswith("base/"):
            folders.setdefault(Path(name).parent, set()).add(Path(name).name)
    assert folders
    assert not {str(folder) for folder, files in folders.items() if files != FILES}


@pytest.mark.parametrize("rule", NOT_IN_EMAILS)
def test_each_email_rule_catches_an_offense(rule: str) -> None:
    assert any(re.search(rule, offense, re.IGNORECASE) for offense in OFFENSES)


OFFENSES = (
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
