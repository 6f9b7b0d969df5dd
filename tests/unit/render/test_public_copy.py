"""A public copy has nothing of a recipient, in any layout that a publisher writes."""

from dataclasses import replace

import pytest

from newsletter.model.edition import Edition
from newsletter.model.personalization import placeholder
from newsletter.render.public_copy import PageFrame, emptied, public_copy
from tests.fakes.issues import NONCE, sample_edition

TOKEN, NAME = placeholder(NONCE, "token"), placeholder(NONCE, "name")
BARE = PageFrame("", "", "", "")


def edition(body: str, head: str = "") -> Edition:
    html = (
        f"<!DOCTYPE html>\n<html lang='en'><head>{head}</head><body class='x'>{body}</body></html>"
    )
    return replace(sample_edition(), html=html)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (f"<p><a href='/unsubscribe/{TOKEN}'>Leave</a></p><p>Text</p>", "<p>Text</p>"),
        (
            f"<p><a href='/a/{TOKEN}'>A</a>&nbsp;&nbsp;·&nbsp; <a href='/b/{TOKEN}'>B</a></p><p>T</p>",
            "<p>T</p>",
        ),
        (f"<p>Good morning{NAME}.</p>", "<p>Good morning.</p>"),
        (f"<p>Read on. <a href='/a/{TOKEN}'>A</a></p>", "<p>Read on. </p>"),
        (f"<div><img src='/o/{TOKEN}' alt=''>Text</div>", "<div>Text</div>"),
        (f"<p>Text</p><img src='/o/{TOKEN}.gif' width='1'>", "<p>Text</p>"),
        ("<p><a href='https://www.example.org/'>A</a></p>", "https://www.example.org/"),
        ("<div style='display:none;max-height:0'>Preheader</div><p>Text</p>", "<main><p>Text</p>"),
        ("<p>You receive this.</p><p>Text</p>", "<main><p>Text</p>"),
    ],
)
def test_personal_links_go_and_the_rest_stays(body: str, kept: str) -> None:
    page = public_copy(edition(body), BARE, {"You receive this."})
    assert kept in page
    assert "-nl" not in page
    assert "Preheader" not in page
    assert "Leave" not in page


def test_our_parts_are_put_around_the_issue() -> None:
    frame = PageFrame("<meta name=robots>", "<header>H</header>", "<p>N</p>", "<footer>F</footer>")
    page = public_copy(edition("<p>Text</p>", "<title>A &amp; B</title>"), frame, ())
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>A &amp; B</title><meta name=robots></head>" in page
    around = "<header>H</header><main><p>N</p><p>Text</p></main><footer>F</footer></body></html>"
    assert page.endswith(f'<body class="x">{around}')


def test_a_placeholder_of_another_edition_is_only_text() -> None:
    assert "-nlffffff-token-" in public_copy(edition("<p>-nlffffff-token-</p>"), BARE, ())


def test_a_subject_is_emptied() -> None:
    assert emptied(f"Hello{NAME} {TOKEN}", NONCE) == "Hello "
