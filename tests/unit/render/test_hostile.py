"""Hostile text is printed, and does nothing: in the page, the text part, the subject."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import html
from lxml.html import HtmlElement

from newsletter.edit.items import item_of
from newsletter.model.article import Article, Author, Extracted, Footnote, Image, Section
from newsletter.model.edition import Contents
from newsletter.model.issue import Block, Item
from newsletter.model.personalization import fill, placeholder, substitutions
from newsletter.render.compose import Composed, compose
from tests.fakes import manuscripts

NONCE = "0123456789abcdef"
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style></td></table><h1>Escaped</h1>",
    "<!--[if mso]><b>Word</b><![endif]--> -->",
    "{{ 7 * 7 }} {% include 'notice/alert/subject.txt.j2' %} {{ house.__class__ }}",
    "%%{unsubscribe}%% *|EMAIL|* <%asm_group_unsubscribe_raw_url%>",
    f"-nl{NONCE}0-token- -nlffff-token- -nl-name-",
    "Title\r\nBcc: everybody@example.org\r\n\r\n<p>body</p>",
    "Safe \u202egpj.exe\u202c \u2066hidden\u2069 text",
    "NUL \x00 bell \x07 C1 \x92 \ufeff surrogate \ud800",
    "position:fixed;top:0} body{display:none} .x{",
    "&lt;script&gt; &#60;script&#62; \u2028 \u2029",
    'https://example.org/?a=1&b=<b>"quoted"</b>',
    "W" * 5000,
)
URLS = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://user:password@example.org/",
    'https://example.org/"onmouseover="alert(1)',
    "https://example.org/\r\nSet-Cookie: x",
    "//example.org/",
    "https://",
    "file:///etc/passwd",
    "http://[::1",
)


def hostile(text: str, url: str) -> Extracted:
    return Extracted(
        title=text,
        url=url,
        kicker=text,
        authors=(Author(text, text, text),),
        topics=(text,),
        takeaways=(text,),
        takeaways_label=text,
        sections=(Section(text, (f"{text} and some more words to make a sentence of it.",)),),
        footnotes=(Footnote(1, text, url),),
        author_bio=text,
        teaser=text,
        image=Image(url, text),
        lang='en"><script>',
    )


def made(text: str, url: str, layout: str) -> Composed:
    content = hostile(text, url)
    article = Article(
        id=1,
        source=text,
        state="new",
        revision=1,
        first_seen_at=datetime(2026, 11, 23, tzinfo=UTC),
        changed_at=None,
        translation_group=None,
        content=content,
    )
    item: Item = replace(item_of(article, (), "print"), included=True, position=1)
    issue = manuscripts.issue(note=text, blocks=(Block(text, text, url, text, url, text),))
    weekly = manuscripts.newsletter(layout=layout, subject="{lead}")
    context = replace(manuscripts.context(weekly=weekly), texts={1: content})
    return compose(manuscripts.templates(), issue, (item,), Contents((1,)), context)


def parsed(page: str) -> HtmlElement:
    return html.fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8"))


SHAPE = {
    layout: [one.tag for one in parsed(made("Calm", "", layout).html).iter() if one.tag != "a"]
    for layout in ("brief", "letter")
}


@pytest.mark.parametrize("layout", ["brief", "letter"])
@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_changes_nothing_but_words(text: str, layout: str) -> None:
    mail = made(text, "", layout)
    page = parsed(mail.html)
    calm = [
        tag for tag in SHAPE[layout] if tag in {"script", "img", "style", "table", "td", "title"}
    ]
    assert [
        one.tag
        for one in page.iter()
        if one.tag in {"script", "img", "style", "table", "td", "title"}
    ] == calm
    for element in page.iter():
        assert not [name for name in element.attrib if str(name).lower().startswith("on")]
    assert not re.search(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", mail.html + mail.text
    )
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject + mail.text
    assert "49" not in mail.subject
    mail.html.encode()
    mail.text.encode()


@pytest.mark.parametrize("layout", ["brief", "letter"])
@pytest.mark.parametrize("url", URLS)
def test_only_addresses_of_pages_become_links(url: str, layout: str) -> None:
    page = parsed(made("Calm words", url, layout).html)
    for element in page.iter("a", "img"):
        address = element.get("href") or element.get("src") or ""
        assert address.startswith(("https://news.example.org/", "https://example.org/"))
        assert not re.search(r"[\s\"'<>]", address)
    assert not [one for one in page.iter() if any(str(n).startswith("on") for n in one.attrib)]


def test_a_look_alike_of_a_placeholder_is_not_filled() -> None:
    mail = made(ATTACKS[7], "", "brief")
    filled = fill(
        mail.html, substitutions(NONCE, {"token": "SECRET", "delivery": "1-1", "name": ""})
    )
    assert f"-nl{NONCE}0-token-" in filled
    assert "-nlffff-token-" in filled
    assert filled.count("SECRET") == mail.html.count(placeholder(NONCE, "token"))


def test_a_name_cannot_add_text_or_links_to_an_email() -> None:
    mail = made("Calm", "", "brief")
    names = (
        "Ada",
        "<b>Ada</b>",
        "Win at https://evil.example",
        "Ada\r\nBcc: x@y.example",
        "x" * 500,
    )
    for name in names:
        values = substitutions(NONCE, {"token": "t", "delivery": "d", "name": name})
        assert "evil.example" not in fill(mail.html, values)
        assert "<b>" not in fill(mail.html, values)
        assert "Bcc" not in fill(mail.text, values)


def test_five_megabytes_of_text_make_a_bounded_brief() -> None:
    mail = made("words without an end " * 250_000, "", "brief")
    assert len(mail.html) < 40_000
    assert len(mail.subject) <= 161
