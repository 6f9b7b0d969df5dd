"""Titles, summaries and contents of feeds become text, whatever their escaping."""

import pytest

from newsletter.collect.entry import Entry
from newsletter.collect.finding import wording
from newsletter.collect.finding.feeds import read_feed
from newsletter.collect.finding.sitemaps import read_sitemap
from tests.fakes.site import rss

ATOM = (
    '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Notes</title><id>urn:x</id>'
    "<updated>2026-10-05T08:00:00Z</updated>{}</feed>"
)


def entry(inner: str) -> Entry:
    return read_feed(rss(f"<item>{inner}</item>").encode()).entries[0]


def atom(inner: str) -> Entry:
    body = f"<entry><id>urn:1</id><updated>2026-10-05T08:00:00Z</updated>{inner}</entry>"
    return read_feed(ATOM.format(body).encode()).entries[0]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("If a &lt; b and b &gt; 0, who wins?", "If a < b and b > 0, who wins?"),
        ("The &lt;canvas&gt; that beat the &lt;table&gt;", "The <canvas> that beat the <table>"),
        ("<![CDATA[The <canvas> that beat the <table>]]>", "The <canvas> that beat the <table>"),
        ("<![CDATA[The &lt;canvas&gt; again]]>", "The <canvas> again"),
        ("&amp;lt;canvas&amp;gt; twice escaped", "<canvas> twice escaped"),
        ("I &lt;3 harbors", "I <3 harbors"),
        ("Ships &amp; Sons", "Ships & Sons"), ("Ships &amp;amp; Sons", "Ships & Sons"), ("Ships &amp;amp;amp; Sons", "Ships & Sons"),
        ("A &lt;em&gt;very&lt;/em&gt; long pier", "A very long pier"),
        ("<![CDATA[A <b>bold</b><br>pier]]>", "A bold pier"),
        ("Q&amp;A with the harbor master", "Q&A with the harbor master"),
    ],
)  # fmt: skip
def test_every_word_of_a_headline_is_kept(raw: str, shown: str) -> None:
    assert entry(f"<title>{raw}</title><guid>1</guid>").title == shown


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ('<title type="text">When &lt;b&gt; and &lt;/b&gt; meet</title>', "When <b> and </b> meet"),
        ('<title type="html">When &lt;b&gt;piers&lt;/b&gt; meet</title>', "When piers meet"),
        ('<title type="html">When &amp;lt;b&amp;gt; meets</title>', "When <b> meets"),
        ('<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">When <b>piers</b> meet</div></title>', "When piers meet"),
        ("<title>If 1 &lt; 2</title>", "If 1 < 2"),
    ],
)  # fmt: skip
def test_the_types_of_atom_text_are_respected(title: str, shown: str) -> None:
    assert atom(title).title == shown


def test_plain_text_content_keeps_its_paragraphs_and_angle_brackets() -> None:
    content = '<title>T</title><content type="text">First line.\n\nWith 3 &lt; 4 and &lt;none&gt; of it.</content>'
    assert atom(content).html == "<p>First line.</p><p>With 3 &lt; 4 and &lt;none&gt; of it.</p>"
    json = b'{"version": "https://jsonfeed.org/version/1.1", "title": "n", "items": [{"id": "1", "content_text": "harbor < town\\n\\nc > d & e"}]}'
    assert read_feed(json).entries[0].html == "<p>harbor &lt; town</p><p>c &gt; d &amp; e</p>"


def test_content_that_was_escaped_twice_has_no_tags_left() -> None:
    raw = "&amp;lt;p&amp;gt;The council &amp;amp;amp; the harbor met on Tuesday and settled nothing.&amp;lt;/p&amp;gt;"
    found = entry(f"<title>T</title><guid>1</guid><description>{raw}</description>")
    assert found.summary == "The council & the harbor met on Tuesday and settled nothing."


TRAILERS = (
    "The post {} appeared first on Harbor Notes.", "Der Beitrag {} erschien zuerst auf Hafenblatt.",
    "L’article {} est apparu en premier sur Le Quai.", "La entrada {} aparece primero en El Muelle.",
    "{} 게시물이 항구 소식에 처음 등장했습니다.", "投稿 {} は 港だより に最初に表示されました。", "Запись {} впервые появилась Причал.",
)  # fmt: skip


@pytest.mark.parametrize("trailer", TRAILERS)
def test_the_trailer_of_a_blog_is_cut_in_every_language(trailer: str) -> None:
    title = "Engineers want a pier"
    said = "The council met on Tuesday. It settled nothing […] " + trailer.format(title)
    found = entry(f"<title>{title}</title><guid>1</guid><description>{said}</description>")
    assert found.summary == "The council met on Tuesday. It settled nothing […]"
    html = f'<p>The council met.</p><p>{trailer.format(f"""<a href="https://example.org/a">{title}</a>""")}</p>'
    assert (
        wording.without_trailing_paragraph(html, title, "https://example.org/a")
        == "<p>The council met.</p>"
    )


def test_a_summary_that_mentions_its_title_is_whole() -> None:
    said = "No one knows who said it first. Engineers want a pier, the mayor repeated, and the council laughed at him for an hour or more."
    assert wording.without_trailer(said, "Engineers want a pier") == said


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("The gulls are back on the pier this morning. So is the ice cream man.", "The gulls are back on the pier this morning"),
        ("&lt;p&gt;Gulls again, and no ice cream anywhere on this very long pier, which is what everyone came to the harbor for.&lt;/p&gt;",
         "Gulls again, and no ice cream anywhere on this very long pier, which is what everyone…"),
        ('&lt;p&gt;&lt;img src="https://cdn.example.org/crab.jpg" alt="A crab on the pier"&gt;&lt;/p&gt;', "A crab on the pier"),
        ("&lt;p&gt;🦀&lt;/p&gt;", ""),
        ("码头今天早上开放了。人们都来了。船也来了。", "码头今天早上开放了"),
        ("In the U.S. Navy there is a rule. It is old.", "In the U.S. Navy there is a rule"),
        ("At 8 a.m. the gulls came back. All of them.", "At 8 a.m. the gulls came back"),
        ("Yesterday Dr. Quell closed the pier. It rains.", "Yesterday Dr. Quell closed the pier"),
        ("See this: https://example.org/2026/11/26/a-very-long-address", "See this"),
        ("https://example.org/2026/11/26/a-very-long-address", ""),
    ],
)  # fmt: skip
def test_an_entry_without_a_title_gets_the_first_words_of_its_text(
    description: str, title: str
) -> None:
    found = entry(
        f"<link>https://example.org/1</link><guid>1</guid><description>{description}</description>"
    )
    assert (found.title, found.untitled) == (title, True)


def test_default_categories_are_not_topics() -> None:
    tags = "".join(
        f"<category>{tag}</category>"
        for tag in ("Uncategorized", "Allgemein", "Harbor", "미분류", "harbor")
    )
    assert entry(f"<title>T</title><guid>1</guid>{tags}").topics == ("Harbor",)


def test_an_edit_shown_only_by_the_time_of_change_changes_the_fingerprint() -> None:
    inner = "<entry><title>{n}</title><id>urn:{n}</id><updated>{at}</updated></entry>"
    before = ATOM.format(
        inner.format(n=1, at="2026-10-05T08:00:00Z") + inner.format(n=2, at="2026-10-04T08:00:00Z")
    )
    after = before.replace(
        "2026-10-05T08:00:00Z</updated></entry>", "2026-10-06T09:00:00Z</updated></entry>"
    )
    first, second = (read_feed(text.encode()).entries for text in (before, after))
    assert first[0].fingerprint != second[0].fingerprint
    assert first[1].fingerprint == second[1].fingerprint


@pytest.mark.parametrize("half", ["&#55357;", "&#xD83D;", "&#xdc4d;"])
def test_half_a_surrogate_pair_costs_one_character(half: str) -> None:
    listing = read_feed(
        rss(
            f"<item><title>A {half} pier</title><guid>1</guid></item>",
            "<item><title>B</title><guid>2</guid></item>",
        ).encode()
    )
    assert [found.title for found in listing.entries] == ["A \ufffd pier", "B"]
    assert "replaced" in listing.note
    json = b'{"version": "https://jsonfeed.org/version/1.1", "title": "n", "items": [{"id": "1", "title": "A \\ud83d pier"}]}'
    assert read_feed(json).entries[0].title == "A \ufffd pier"


@pytest.mark.parametrize(
    ("media", "chosen"),
    [
        ('<media:content url="https://s.gravatar.example/avatar/1" medium="image"/><media:content url="https://cdn.example.org/pier.jpg" medium="image"/>', "https://cdn.example.org/pier.jpg"),
        ('<media:thumbnail url="https://cdn.example.org/pier.jpg" width="60" height="60"/>', None),
        ('<media:content url="https://cdn.example.org/logo.svg" medium="image"/>', None),
        ('<description>&lt;img src="https://t.example/pixel.gif" width="1" height="1"&gt;&lt;img src="https://cdn.example.org/a.jpg"&gt;</description>', "https://cdn.example.org/a.jpg"),
    ],
)  # fmt: skip
def test_the_picture_of_an_entry_is_a_picture(media: str, chosen: str | None) -> None:
    raw = rss(f"<item><title>T</title><guid>1</guid>{media}</item>").replace(
        "<rss ", '<rss xmlns:media="http://search.yahoo.com/mrss/" '
    )
    image = read_feed(raw.encode()).entries[0].image
    assert (image.url if image else None) == chosen


def test_the_last_change_in_a_sitemap_is_not_a_publication_date() -> None:
    raw = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">'
        "<url><loc>https://example.org/a/1</loc><lastmod>2026-10-01</lastmod></url>"
        "<url><loc>https://example.org/a/2</loc><lastmod>2026-10-09</lastmod><news:news>"
        "<news:publication_date>2026-10-02T08:00:00Z</news:publication_date><news:title>The pier</news:title></news:news></url></urlset>"
    )  # fmt: skip
    newest, older = read_sitemap(raw.encode()).entries
    assert (newest.url, newest.title, str(newest.when.day if newest.when else "")) == (
        "https://example.org/a/2",
        "The pier",
        "2026-10-02",
    )
    assert older.when is None
