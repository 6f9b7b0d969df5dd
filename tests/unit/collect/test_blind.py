"""An article is seen wherever a lenient parser nests it."""

import pytest

from newsletter.collect.extracting.extract import extract

SENTENCE = "The council of harbor {0} met on day {0} and argued about wall {0} for {0} hours, as it does every year. "
TEXT = "".join(f"<p>{SENTENCE.format(n) * 3}</p>" for n in range(1, 5))
ARTICLE = f"<main><article><h1>The harbor pays twice</h1>{TEXT}</article></main>"
NESTED = {
    "in a navigation that is not closed": f"<nav><ul><li><a href=/a>News</a></li></ul>{ARTICLE}",
    "in a button that is not closed": f"<button>Menu{ARTICLE}",
    "in a hidden paragraph": f"<p hidden>Please wait{ARTICLE}",
    "in a hidden element that a script shows": f'<div id="app" style="display:none">{ARTICLE}</div>',
    "streamed by React": f'<div id="root"></div><div hidden id="S:0">{ARTICLE}</div><script>$RC("B:0","S:0")</script>',
    "streamed by React in two parts": f'<div hidden id="S:0">{ARTICLE}</div><div hidden id="S:1"><p>And more.</p></div>',
    "in a dialog": f"<dialog open>{ARTICLE}</dialog>",
    "in a noscript": f"<noscript>{ARTICLE}</noscript>",
    "after an unclosed drawing": f'<svg viewBox="0 0 1 1"><path d="M0 0">{ARTICLE}',
    "after an unclosed selection": f"<select><option>One{ARTICLE}",
    "after an unclosed link": f'<a href="/x">Home{ARTICLE}',
    "after an unclosed heading": f"<h2>Harbor Notes{ARTICLE}",
    "after unclosed inline elements": f"<b><i><span>Harbor Notes{ARTICLE}",
    "after an unclosed list": f"<ul><li>One<li>Two{ARTICLE}",
    "after an unclosed table": f"<table><tr><td>One{ARTICLE}",
    "after a stray end tag": f"</div></p></section>{ARTICLE}",
}


@pytest.mark.parametrize("body", NESTED.values(), ids=NESTED.keys())
def test_an_article_is_found(body: str) -> None:
    article = extract(
        f"<html><head><title>The harbor pays twice</title></head><body>{body}".encode(),
        name="a.html",
    )
    assert article.title == "The harbor pays twice"
    assert article.words >= 4 * 3 * 20


def test_an_article_in_the_head_is_found() -> None:
    article = extract(
        f"<html><head><title>The harbor pays twice</title>{ARTICLE}".encode(), name="a.html"
    )
    assert article.words >= 4 * 3 * 20


def test_what_is_hidden_beside_an_article_stays_hidden() -> None:
    hidden = f"<div hidden><p>{'Other words that no one should read. ' * 9}</p></div>"
    article = extract(f"<html><body>{hidden}{ARTICLE}</body></html>".encode(), name="a.html")
    assert "no one should read" not in str(article.sections)
