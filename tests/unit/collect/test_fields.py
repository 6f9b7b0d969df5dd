"""Authors, dates and pictures of a page, where its statements are odd or disagree."""

import json

import pytest

from newsletter.collect.extracting.extract import extract
from newsletter.errors import ExtractFailed
from newsletter.model.article import Author, Extracted

TEXT = "".join(
    f"<p>The council of harbor {n} met on a cold day and argued about wall {n} for {n} hours, as it does every year, and"
    f" it settled nothing that anyone in town {n} could have written down.</p>"
    for n in range(1, 5)
)


def read(
    head: str = "",
    below: str = "",
    inner: str = "",
    url: str = "https://www.example.org/2026/harbor",
) -> Extracted:
    page = (
        f"<html lang=en><head><title>The harbor pays twice</title>{head}</head><body><header><a href=/>Notes</a></header><main>"
        f"<article><h1>The harbor pays twice</h1>{below}{inner}{TEXT}</article></main></body></html>"
    )
    return extract(page.encode(), name="page.html", url=url)


def ld(value: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


@pytest.mark.parametrize(
    ("head", "below", "names"),
    [
        ("", '<p class="byline"><span class="author">Ada Quell</span><span class="role">Fellow</span></p>', ["Ada Quell"]),
        ("", "<dl><dt>Auteur</dt><dd>Ada Quell</dd></dl>", ["Ada Quell"]),
        ("", '<p class="byline">By Ada Quell</p><p class="credit">Photographs by Bo Crane</p>', ["Ada Quell"]),
        ("", '<p class="byline">Photographs by Bo Crane</p><p class="byline">By Ada Quell</p>', ["Ada Quell"]),
        ("", '<p class="author">Posted by Ada Quell on October 5, 2026</p>', ["Ada Quell"]),
        ("", '<a class="author-login" href="/login">Log In</a>', []), ("", '<p class="byline">Written by</p>', []),
        (ld({"@type": "Article", "author": {"@type": "Organization", "name": "Harbor Notes"}}), "", []),
        (ld({"@graph": [{"@type": "Article", "author": {"@id": "#ada"}}, {"@id": "#ada", "@type": "Person", "name": "Ada Quell"}]}), "", ["Ada Quell"]),
        (ld({"@graph": [{"@type": "Article", "author": [{"@id": "#a"}, {"@id": "#b"}]}, {"@id": "#a", "@type": "Person", "name": "Ada Quell"},
             {"@id": "#b", "@type": "Person", "name": "Bo Crane"}]}), "", ["Ada Quell", "Bo Crane"]),
        ('<meta name="author" content="admin"><meta property="article:author" content="https://www.facebook.com/notes">', "", []),
        (ld({"@type": "Article", "author": {"@type": "Person", "name": "Quell, Ada M."}}), "", ["Ada M. Quell"]),
        (ld({"@type": "Article", "author": {"@type": "Person", "givenName": "Ada", "familyName": "Quell"}}), "", ["Ada Quell"]),
        (ld({"@type": "Article", "author": {"@type": "Person"}}), "", []),
        ('<meta name="citation_author" content="Quell, Ada"><meta name="citation_author" content="Crane, Bo">', "", ["Ada Quell", "Bo Crane"]),
        ("", "<p>Ada Quell | Senior Writer | October 5, 2026</p>", ["Ada Quell"]), ("", "<p>New York | October 5, 2026</p>", []),
        ('<meta name="author" content="Ada Quell and Bo Crane">', "", ["Ada Quell", "Bo Crane"]),
        ("", '</article><section id="comments"><p class="comment-author">Cy Dock</p><p>Nice.</p></section><article>', []),
    ],
)  # fmt: skip
def test_authors(head: str, below: str, names: list[str]) -> None:
    assert [author.name for author in read(head, below).authors] == names


def test_a_glued_role_is_a_role() -> None:
    below = '<p class="byline"><span class="name">Ada Quell</span><span class="role">Senior Fellow</span></p>'
    assert read("", below).authors == (Author("Ada Quell", "Senior Fellow"),)


PUBLISHED = '<meta property="article:published_time" content="2026-10-05T08:00:00Z">'


@pytest.mark.parametrize(
    ("head", "below", "day", "guessed"),
    [
        (ld({"@type": "Article", "datePublished": "2026-10-05"}), "", "2026-10-05", False),
        # The template writes the day of the last change as the day of publication.
        (ld({"@type": "Article", "datePublished": "2026-11-20", "dateModified": "2026-11-20"}) + PUBLISHED, "", "2026-10-05", False),
        (ld({"@type": "Article", "datePublished": "2026-11-20", "dateModified": "2026-11-20"}), '<p class="date">October 5, 2026</p>', "2026-10-05", False),
        # Two against one.
        (ld({"@type": "Article", "datePublished": "2026-11-20"}) + PUBLISHED, '<p class="date">October 5, 2026</p>', "2026-10-05", False),
        (ld({"@type": "Article", "datePublished": "2026-10-05"}), '<p class="date">Updated November 20, 2026</p>', "2026-10-05", False),
        ("", '<p class="meta">Updated: 27 November 2026 · First published 3 March 2019</p>', "2019-03-03", False),
        ('<meta name="published" content="October 5, 2026">', "", "2026-10-05", False), ('<meta name="dcterms.date" content="2026-10-05">', "", "2026-10-05", False),
        ('<meta property="article:published" content="2026-10-05">', "", "2026-10-05", False), ('<meta name="publication-date" content="5 Oct 26">', "", "2026-10-05", False),
        ("", "<p>October 5, 2026</p>", "2026-10-05", False), ("", "<p>Published: 5 октября 2026 г.</p>", "2026-10-05", False),
    ],
)  # fmt: skip
def test_dates(head: str, below: str, day: str, guessed: bool) -> None:
    article = read(head, below)
    assert (str(article.published), article.date_guessed) == (day, guessed)


@pytest.mark.parametrize(
    "below",
    ["", '<p class="meta">Last updated 27 November 2026</p>', "<aside>Related: 26 November 2026 — Crane</aside>", '<div class="related"><p>26 November 2026</p></div>'],
)  # fmt: skip
def test_a_page_without_a_date_of_publication_states_none(below: str) -> None:
    article = read("", below, url="https://www.example.org/harbor")
    assert article.published is None or article.date_guessed


PIER = '<figure><img src="/img/pier.jpg" width="1200" height="800" alt="The pier"><figcaption>The pier in spring</figcaption></figure>'


@pytest.mark.parametrize(
    ("head", "inner", "address", "alt"),
    [
        ('<meta property="og:image" content="https://cdn.example.org/a/harbor.jpg"><meta property="og:image:alt" content="A harbor">', "", "https://cdn.example.org/a/harbor.jpg", "A harbor"),
        ('<meta property="og:image" content="https://www.example.org/assets/site-logo-default.png">', PIER, "https://www.example.org/img/pier.jpg", "The pier"),
        ('<meta property="og:image" content="https://www.example.org/a.jpg"><meta property="og:image:width" content="120">', PIER, "https://www.example.org/img/pier.jpg", "The pier"),
        ("", PIER, "https://www.example.org/img/pier.jpg", "The pier"),
        ("", PIER.replace('alt="The pier"', 'alt="IMG_0001.jpg"'), "https://www.example.org/img/pier.jpg", "The pier in spring"),
        ("", '<img src="//cdn.example.org/pier.jpg" alt="">', "https://cdn.example.org/pier.jpg", ""),
        ("", '<img src="data:image/gif;base64,R0" data-src="pier.jpg">', "https://www.example.org/2026/pier.jpg", ""),
        ("", '<img src="/placeholder.png" data-src="/my pier.jpg">', "https://www.example.org/my pier.jpg", ""),
        ("", '<img src="/blank.gif" data-lazy-srcset="/s.jpg 400w, /l.jpg 1200w">', "https://www.example.org/s.jpg", ""),
        ("", '<img srcset="/s.jpg 400w, /l.jpg 1200w">', "https://www.example.org/s.jpg", ""),
        ("", f'<img src="/avatars/ada.jpg"><img src="/i/share-icon.png"><img src="/p.gif" width="1" height="1">{PIER}', "https://www.example.org/img/pier.jpg", "The pier"),
        ("", '<div class="author-box"><img src="/ada.jpg" width="400" height="400"></div>', "", ""), ("", '<img src="/drawing.svg">', "", ""),
        ('<base href="https://cdn.example.org/edition/">', '<img src="pier.jpg">', "https://cdn.example.org/edition/pier.jpg", ""),
        ('<base href="https://cdn.example.org/edition/"><meta property="og:image" content="pier.jpg">', "", "https://cdn.example.org/edition/pier.jpg", ""),
    ],
)  # fmt: skip
def test_pictures(head: str, inner: str, address: str, alt: str) -> None:
    image = read(head, inner=inner).image
    assert (image.url if image else "", image.alt if image else "") == (address, alt)


@pytest.mark.parametrize(
    "head", ["", '<meta property="og:image" content="https://cdn.example.org/x/pier-1024x683.jpg">']
)
def test_the_caption_of_a_picture_includes_its_credit(head: str) -> None:
    inner = PIER.replace("spring<", 'spring. <span class="credit">Photo: Ada Quell</span><')
    image = read(head, inner=inner).image
    assert image is not None
    assert image.caption == "The pier in spring. Photo: Ada Quell"
    assert image.alt == "The pier"


def test_a_file_without_an_address_may_name_a_picture_beside_it() -> None:
    inner = '<figure><img src="images/pier.png" alt="The pier"></figure>'
    page = f"<html><body><article><h1>The harbor</h1>{inner}<p>{'The harbor sleeps. ' * 40}</p>"
    image = extract(page.encode(), name="harbor.html").image
    assert image is not None
    assert (image.url, image.alt) == ("images/pier.png", "The pier")


def test_the_canonical_address_is_resolved_against_the_base() -> None:
    head = '<base href="https://www.example.org/edition/"><link rel="canonical" href="articles/harbor">'
    assert read(head).url == "https://www.example.org/edition/articles/harbor"


def test_text_is_composed_and_free_of_what_cannot_be_seen() -> None:
    inner = "<p>The ha\xadrbor of Ang\u0065\u0301lique \u202eesrever\u202c and Bo\x80 \x93quoted\x94 what the council had said about the wall that day.</p>"
    text = str(read(inner=inner).sections)
    assert "The harbor of Angélique esrever and Bo€ “quoted” what" in text


@pytest.mark.parametrize(
    "notice",
    [
        "Subscribe to Harbor Notes to keep reading this post and get 7 days of free access.", "Already a paid subscriber? Sign in",
        "You’ve reached your limit of free articles.", "Dieser Artikel ist nur für Abonnenten.", "Sie haben bereits ein Abo? Hier anmelden.",
        "이 기사는 유료 회원만 볼 수 있습니다.", "By signing up you agree to our privacy policy.", "Get the best of the harbor in your inbox every Friday.",
        "Share this article on Facebook, Twitter, LinkedIn", "Follow us on Instagram @harbornotes", "© 2026 Harbor Notes Ltd. All rights reserved.",
    ],
)  # fmt: skip
def test_a_notice_at_the_end_is_not_text(notice: str) -> None:
    assert notice not in str(read(inner=f"<p>{notice}</p>").sections)


def test_what_browsers_without_scripts_are_told_is_not_text() -> None:
    program = "<div id='app'></div><noscript><strong>We're sorry, but harbor doesn't work properly without scripts enabled.</strong></noscript>"
    with pytest.raises(ExtractFailed):
        extract(f"<html><title>Pier</title><body>{program}</body></html>".encode(), name="a.html")


def test_offers_and_notices_are_not_text() -> None:
    inner = "<p>Already a subscriber? Sign in.</p><p>You need to enable JavaScript to run this app.</p><ul><li>Cancel at any time</li></ul>"
    text = str(read(inner=inner).sections)
    assert not any(word in text for word in ("subscriber", "JavaScript", "Cancel"))
