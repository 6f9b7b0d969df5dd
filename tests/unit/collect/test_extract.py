"""An article is extracted with its words unchanged, or a reason is given."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from newsletter.collect.extracting.extract import extract
from newsletter.collect.extracting.outline import outline
from newsletter.errors import ExtractFailed
from newsletter.model.article import Author, Extracted, plain, restored

LONG = "The towns along the river moved their markets up the hills, and no one was asked. " * 4


@pytest.fixture
def gold(shared: Path) -> dict[str, Any]:
    return dict(json.loads((shared / "samples" / "commentary.gold.json").read_text("utf-8")))


@pytest.mark.parametrize("name", ["commentary.txt", "commentary.html"])
def test_the_sample_is_recovered_exactly(shared: Path, gold: dict[str, Any], name: str) -> None:
    found = outline(extract((shared / "samples" / "articles" / name).read_bytes(), name=name), name)
    assert {key: found[key] for key in gold if key != "source"} == {
        key: value for key, value in gold.items() if key != "source"
    }
    assert set(found["provenance"]) >= {
        "title",
        "kicker",
        "authors",
        "date",
        "topics",
        "takeaways",
        "sections",
        "footnotes",
        "author_bio",
        "lang",
    }


def test_it_survives_being_stored(shared: Path) -> None:
    article = extract(
        (shared / "samples" / "articles" / "commentary.html").read_bytes(), name="a.html"
    )
    assert restored(json.loads(json.dumps(plain(article)))) == article


def page(inner: str, head: str = "", lang: str = ' lang="en"') -> Extracted:
    return extract(
        f"<!doctype html><html{lang}><head>{head}</head><body>{inner}</body></html>".encode(),
        name="p.html",
    )


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"), (b" \n\t ", "empty"), (bytes(range(256)) * 20, "binary"), (b"%PDF-1.7 abc", "binary"),
        (b"\0" * 100, "binary"), (b"x" * 15_000_001, "too large"), (b"<html></html>", "no title"),
        (b"<html><body><h1>A title</h1></body></html>", "no text found below the title"), (b"Only a title", "no text"),
    ],
)  # fmt: skip
def test_a_document_without_an_article_gives_a_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(ExtractFailed, match=reason):
        extract(raw, name="page")


def test_metadata_wins_over_a_byline_that_contradicts_it() -> None:
    """Below a title, a line "By …" may belong to a picture, a sponsor or another article."""
    head = (
        '<script type="application/ld+json">{"@type": "Article", "author": {"name": "%s"}}</script>'
    )
    body = (
        f'<article><h1>On the River</h1><p class="byline">By Anna Stone</p><p>{LONG}</p></article>'
    )
    contradicted = page(body, head % "Bram Field")
    assert [author.name for author in contradicted.authors] == ["Bram Field"]
    assert contradicted.provenance["authors"] == "json-ld"
    confirmed = page(body, head % "Anna Stone")
    assert [author.name for author in confirmed.authors] == ["Anna Stone"]
    assert confirmed.provenance["authors"] == "byline"


def test_several_authors_each_keep_their_position() -> None:
    article = page(
        '<article><h1>On the River</h1><p class="byline">By Jane Rivers and Kim Gang</p>'
        '<p class="affil">Senior Fellow, Institute of Water</p><p class="affil">Professor, Hill University</p>'
        f"<p>{LONG}</p><p>{LONG}</p></article>"
    )
    assert article.authors == (
        Author("Jane Rivers", "Senior Fellow", "Institute of Water"),
        Author("Kim Gang", "Professor", "Hill University"),
    )


@pytest.mark.parametrize(
    "rubbish",
    [
        "By Email",
        "By 3 hours ago",
        "By admin",
        "By The Daily River",
        "By Share this article now with all of your friends",
    ],
)
def test_text_that_is_not_a_name_is_not_an_author(rubbish: str) -> None:
    head = '<meta property="og:site_name" content="The Daily River">'
    article = page(
        f'<article><h1>On the River</h1><p class="byline">{rubbish}</p><p>{LONG}</p></article>',
        head,
    )
    assert article.authors == ()


def test_json_ld_gives_date_author_and_topics_with_their_origin() -> None:
    data = {
        "@context": "https://schema.org", "@graph": [{"@type": "NewsArticle", "headline": "On the River",
        "datePublished": "2026-10-05T08:00:00+09:00", "keywords": "Rivers, Towns",
        "author": [{"@type": "Person", "name": "Jane Rivers", "jobTitle": "Fellow"}]}],
    }  # fmt: skip
    article = page(
        f"<article><h1>On the River</h1><p>{LONG}</p></article>",
        f'<script type="application/ld+json">{json.dumps(data)}</script>',
    )
    assert str(article.published) == "2026-10-05"
    assert article.published_at is not None
    assert article.authors == (Author("Jane Rivers", "Fellow"),)
    assert article.topics == ("Rivers", "Towns")
    assert {article.provenance[key] for key in ("date", "authors", "topics")} == {"json-ld"}
    assert not article.date_guessed


def test_a_page_without_a_date_has_none() -> None:
    article = page(
        f"<article><h1>On the River</h1><p>{LONG} On August 25, 2025 it rained.</p></article>"
    )
    assert article.published is None or article.date_guessed


def test_the_lead_image_has_its_alt_text_from_the_page() -> None:
    article = page(
        f'<article><h1>On the River</h1><img src="/i/river.jpg?w=9" alt="A wide river"><p>{LONG}</p></article>',
        '<meta property="og:image" content="https://example.org/i/river.jpg">',
    )
    assert article.image is not None
    assert (article.image.url, article.image.alt) == (
        "https://example.org/i/river.jpg",
        "A wide river",
    )


@pytest.mark.parametrize(
    ("lang", "direction"), [("ar", "rtl"), ("he-IL", "rtl"), ("ko", "ltr"), ("en_US", "ltr")]
)
def test_language_and_direction_are_read(lang: str, direction: str) -> None:
    article = page(f"<article><h1>On the River</h1><p>{LONG}</p></article>", lang=f' lang="{lang}"')
    assert (article.lang, article.direction) == (lang.replace("_", "-"), direction)


def test_lists_and_headings_of_the_body_are_kept() -> None:
    inner = (
        f"<article><h1>On the River</h1><p>{LONG}</p><h2>What was found</h2><ul><li>Wells were counted along the whole of the valley road.</li>"
        f"<li>Mills were counted as well, and found to be fewer than before.</li></ul><h2>What follows</h2><p>{LONG}</p></article>"
    )
    article = page(inner)
    assert [section.heading for section in article.sections] == [
        None,
        "What was found",
        "What follows",
    ]
    assert len(article.sections[1].paragraphs) == 2


def test_footnotes_for_bare_superscript_numbers_are_found() -> None:
    article = page(
        f'<article><h1>On the River</h1><p>{LONG.strip()}<sup><a href="#fn1">1</a></sup> {LONG}</p>'
        f'<p>Area: 10 km<sup>2</sup>. {LONG}</p><h3>Notes</h3><ol><li id="fn1">A Source, 2025. '
        '<a href="https://example.org/s">link</a> <a href="#r1">↩</a></li></ol></article>'
    )
    assert [(note.n, note.url) for note in article.footnotes] == [(1, "https://example.org/s")]
    body = " ".join(p for s in article.sections for p in s.paragraphs)
    assert "asked.[1]" in body
    assert "km2" in body


def test_superscript_numbers_without_links_are_marks_too() -> None:
    article = page(
        f"<article><h1>On the River</h1><p>{LONG.strip()}<sup>1</sup> {LONG}</p><p>{LONG}</p>"
        "<p><sup>1</sup> A Source, 2025, https://example.org/s</p></article>"
    )
    assert [(note.n, note.url) for note in article.footnotes] == [(1, "https://example.org/s")]
    body = " ".join(p for s in article.sections for p in s.paragraphs)
    assert "asked.[1]" in body
    assert "Source" not in body


def test_markdown_with_front_matter_is_read() -> None:
    text = (
        "---\ntitle: On the River\nauthor: Jane Rivers\nauthor_role: Fellow\ndate: 2026-10-05\ntags: [Rivers, Towns]\n"
        f"lang: en\n---\n\n## Key Takeaways\n\n- {LONG[:80]}\n- {LONG[80:150]}\n\n{LONG}[^a]\n\n## Next\n\n{LONG}\n\n[^a]: A Source. https://example.org/s\n"
    )
    article = extract(text.encode(), name="river.md")
    assert (article.title, article.topics, str(article.published)) == (
        "On the River",
        ("Rivers", "Towns"),
        "2026-10-05",
    )
    assert article.authors == (Author("Jane Rivers", "Fellow"),)
    assert len(article.takeaways) == 2
    assert article.provenance["title"] == "front matter"
    assert [(note.n, note.url) for note in article.footnotes] == [(1, "https://example.org/s")]


def test_markup_in_markdown_stays_text() -> None:
    article = extract(
        f"# On the River\n\n<script>alert(1)</script>\n\n{LONG}\n\n{LONG}".encode(), name="a.md"
    )
    assert "alert(1)" in str(article.sections) or "script" not in str(article.sections)


def test_a_korean_text_in_the_same_layout_is_read() -> None:
    text = (
        "한미 정상회담\n정상회담의 함의와 동맹의 앞날에 관한 몇 가지 생각\n글 정구연\n강원대학교 부교수\n2025년 9월 25일\n"
        "  • #한국\n  • #한미동맹\n\n핵심 요약\n\n- 정상회담은 파국을 피했으나 깊은 균열을 드러냈다.\n- 서울은 주도권을 쥐어야 한다.\n\n\n"
        + "강물이 불어났고 마을들은 장터를 언덕 위로 옮겼다. " * 12
        + "\n\n\u00a0\n\n무대의 배경\n\n"
        + "아무도 그 보고서를 청하지 않았으나 모두가 그것을 읽었다. " * 12
    )
    article = extract(text.encode(), name="a.txt")
    assert (article.kicker, article.title[:8], article.lang) == (
        "한미 정상회담",
        "정상회담의 함의",
        "ko",
    )
    assert article.authors == (Author("정구연", "부교수", "강원대학교"),)
    assert (str(article.published), article.topics) == ("2025-09-25", ("한국", "한미동맹"))
    assert len(article.takeaways) == 2
    assert [section.heading for section in article.sections] == [None, "무대의 배경"]


@pytest.mark.parametrize(
    "raw",
    [
        b"<div>" * 20000 + b"x", b"<html><body>" + b"<table><tr><td>" * 3000, b"<!--" + b"a" * 100000,
        b"<h1>" + b"\xff\xfe" * 2000, b"<p>" * 50000, b"<svg><script><![CDATA[" * 500, b"&#x110000;&#0;" * 1000,
        b"<html><h1>T</h1>" + b"<a href='" * 1000,
    ],
)  # fmt: skip
def test_every_page_gives_a_result_or_a_reason(raw: bytes) -> None:
    with contextlib.suppress(ExtractFailed):
        assert extract(raw, name="p.html").title
