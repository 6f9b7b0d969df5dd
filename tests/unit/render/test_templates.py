"""Templates: found, overridden, sandboxed, and clear when they fail."""

import re
from pathlib import Path

import premailer
import pytest

from newsletter.errors import TemplateFailed
from newsletter.model.edition import Contents
from newsletter.model.personalization import NAMES, placeholder
from newsletter.render.compose import Composed, compose
from newsletter.render.html import inline
from newsletter.render.notice import VALUES
from newsletter.render.notice import render as render_notice
from newsletter.render.templates import open_templates, template_root
from tests.fakes import manuscripts

HOUSE = manuscripts.publication()


def override(root: Path, name: str, text: str) -> None:
    path = root / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def brief(root: Path | None = None, **changes: object) -> Composed:
    context = manuscripts.context(weekly=manuscripts.newsletter(**changes))
    templates = open_templates(HOUSE, root)
    contents = manuscripts.GOOD_CONTENTS
    return compose(templates, manuscripts.issue(), manuscripts.GOOD, contents, context)


def test_every_layout_and_notice_has_its_three_files() -> None:
    folders = [*(template_root() / "issue").iterdir(), *(template_root() / "notice").iterdir()]
    for folder in folders:
        assert {one.name for one in folder.iterdir()} == {
            "subject.txt.j2",
            "body.html.j2",
            "body.txt.j2",
        }
    assert {one.name for one in (template_root() / "notice").iterdir()} == set(VALUES)


def test_a_publisher_overrides_a_template_by_a_file_of_the_same_name(tmp_path: Path) -> None:
    override(tmp_path, "issue/brief/subject.txt.j2", "Ours: {{ issue.title }}")
    assert brief(tmp_path).subject == "Ours: The Weekly Brief"


def test_a_publisher_adds_a_layout_of_its_own(tmp_path: Path) -> None:
    for name in ("subject.txt", "body.txt"):
        override(tmp_path, f"issue/plain/{name}.j2", "{{ issue.items[0].title }}")
    override(
        tmp_path, "issue/plain/body.html.j2", "<!DOCTYPE html>\n<p>{{ issue.unsubscribe }}</p>"
    )
    assert brief(tmp_path, layout="plain").text.startswith("What the summit settled")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ nonsense }}", r"issue/brief/body.txt.j2, line 2: 'nonsense' is undefined"),
        ("{{ issue.nonsense }}", r"line 2: .*no attribute 'nonsense'"),
        ("{% if %}", r"line 2: "),
        ("{{ issue.__class__.__mro__ }}", r"line 2: .*unsafe"),
        ("{% include 'nowhere.j2' %}", r"nowhere.j2 does not exist"),
        ("{{ 'x' * (10 ** 400) }}", r"body.txt.j2"),
    ],
)
def test_an_error_in_a_template_names_the_file_line_and_cause(
    tmp_path: Path, text: str, message: str
) -> None:
    override(tmp_path, "issue/brief/body.txt.j2", "first line\n" + text)
    with pytest.raises(TemplateFailed, match=message):
        brief(tmp_path)


def test_a_layout_that_does_not_exist_is_named() -> None:
    with pytest.raises(TemplateFailed, match="has the layout 'broadsheet'"):
        brief(layout="broadsheet")


def test_premailer_runs_once_per_edition(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    transform = premailer.Premailer.transform

    def counted(self: premailer.Premailer, **options: object) -> object:
        runs.append(options)
        return transform(self, **options)

    monkeypatch.setattr(premailer.Premailer, "transform", counted)
    brief()
    assert len(runs) == 1


def test_what_is_kept_in_the_head_keeps_its_importance() -> None:
    html = brief().html
    assert html.startswith("<!DOCTYPE html>\n<html lang=")
    kept = re.findall(r"\n<style>(.*?)</style>", html, re.DOTALL)
    assert len(kept) == 2
    assert kept[0].count("!important") > 5
    assert "prefers-color-scheme: dark" in kept[1]
    assert "[data-ogsc]" in kept[1]
    assert "@media" not in html.partition("</head>")[2]
    assert "!important" not in html.partition("</head>")[2]
    assert not re.search(r'<(?:div|a)[^>]* (?:width|height|bgcolor)="', html)


@pytest.mark.parametrize(
    "css",
    ["@import url(https://evil.example/x.css);", ".a{background:url(https://e.example/x.png)}"],
)
def test_styles_that_fetch_are_refused(css: str) -> None:
    with pytest.raises(TemplateFailed, match="must not fetch anything"):
        inline(f"<!DOCTYPE html>\n<html><head><style>{css}</style></head><body></body></html>")


def test_a_page_with_another_doctype_is_refused() -> None:
    with pytest.raises(TemplateFailed, match="must begin with exactly"):
        inline("<!doctype html>\n<html></html>")


def test_a_link_to_a_style_sheet_is_not_followed() -> None:
    page = (
        '<!DOCTYPE html>\n<html><head><link rel="stylesheet" href="https://e.example/x.css">'
        '<style>.a{color:#111111}</style></head><body><p class="a">x</p></body></html>'
    )
    assert 'style="color:#111111"' in inline(page)


@pytest.mark.parametrize("language", ["en", "ko", "xx"])
@pytest.mark.parametrize("kind", sorted(VALUES))
def test_a_notice_is_written_in_three_parts(kind: str, language: str) -> None:
    values: dict[str, object] = {
        name: f"https://news.example.org/{name}" for name in VALUES[kind] if name != "sections"
    }
    values["sections"] = []
    made = render_notice(manuscripts.templates(), kind, language, values)
    assert made.subject
    assert "\n" not in made.subject
    for name in VALUES[kind]:
        if name in {"link", "preferences", "unsubscribe", "back", "keep"}:
            assert str(values[name]) in made.html
            assert str(values[name]) in made.text
    assert HOUSE.postal_address in made.html
    assert HOUSE.postal_address in made.text


def test_a_notice_without_its_values_is_refused() -> None:
    with pytest.raises(TemplateFailed, match="link is missing"):
        render_notice(manuscripts.templates(), "confirm", "en", {"title": "x"})
    with pytest.raises(TemplateFailed, match="no such notice"):
        render_notice(manuscripts.templates(), "birthday", "en", {})


def test_plain_and_html_parts_hold_the_same_placeholders() -> None:
    made = brief()
    nonce = manuscripts.context().nonce
    for name in NAMES:
        assert placeholder(nonce, name) in made.html
        assert placeholder(nonce, name, plain=True) in made.text
        assert placeholder(nonce, name) not in made.text


def test_an_empty_edition_is_still_an_email() -> None:
    made = compose(
        manuscripts.templates(), manuscripts.issue(), (), Contents(()), manuscripts.context()
    )
    assert made.subject == "The Weekly Brief"
