"""An article is stored once, wherever it appears; different articles stay apart."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.model.source import Source
from newsletter.store.content import articles
from tests.fakes.site import article_page, item, rss
from tests.integration.collect.conftest import Collector


def test_a_second_collection_finds_nothing_new(both: Collector) -> None:
    link = both.site.serve("/a/1", article_page(1))
    both.site.serve("/feed", rss(item(1, link)))
    source = both.feed("feed", "/feed")
    assert both.run(source).new == 1
    both.site.serve("/feed", rss(item(1, link), head="<ttl>5</ttl>"))
    assert both.run(source).new == 0
    assert len(both.stored()) == 1


def test_a_changed_guid_does_not_create_a_second_article(both: Collector) -> None:
    link = both.site.serve("/a/1", article_page(1))
    source = both.feed("feed", "/feed")
    both.site.serve("/feed", rss(item(1, link, guid="old")))
    both.run(source)
    both.site.serve("/feed", rss(item(1, link, guid="new")))
    both.run(source)
    assert len(both.stored()) == 1


def test_a_changed_address_does_not_create_a_second_article(both: Collector) -> None:
    source = both.feed("feed", "/feed")
    both.site.serve("/feed", rss(item(1, both.site.serve("/a/1", article_page(1)), guid="g1")))
    both.run(source)
    both.site.serve("/feed", rss(item(1, both.site.serve("/b/one", article_page(1)), guid="g2")))
    both.run(source)
    assert len(both.stored()) == 1


def test_tracking_parameters_and_variants_do_not_create_a_second_article(
    collector: Collector,
) -> None:
    site = collector.site
    for path in ("/a/1", "/a/1?utm_source=x", "/a/1/amp", "/a/1?fbclid=9&amp=1", "/a/1/"):
        site.serve(path, article_page(1))
    site.serve("/one", rss(item(1, site.url("/a/1?utm_source=x"), guid="1")))
    site.serve("/two", rss(item(1, site.url("/a/1/amp"), guid="2")))
    site.serve("/three", rss(item(1, site.url("/a/1?fbclid=9&amp;amp=1"), guid="3")))
    feeds = [collector.feed(name, f"/{name}") for name in ("one", "two", "three")]
    collector.run(*feeds)
    (only,) = collector.stored()
    assert "utm_source" not in only.content.url


def test_an_article_in_a_feed_a_page_and_a_file_is_stored_once(
    collector: Collector, tmp_path: Path
) -> None:
    page = article_page(5)
    link = collector.site.serve("/a/5", page)
    collector.site.serve("/feed", rss(item(5, link)))
    collector.site.serve(
        "/list",
        f'<html><body><main><h2><a href="{link}">Article number 5 about the river</a></h2></main></body></html>',
    )
    words = re.sub(r"</p>|</h1>", "\n\n", page.split("<h1>")[1].split("</article>")[0])
    (tmp_path / "five.txt").write_text(re.sub(r"<[^>]+>", "", words).strip())
    sources = (
        collector.feed("feed", "/feed"),
        collector.feed("list", "/list", kind="page", links="/a/"),
        Source("files", "folder", path=tmp_path),
    )
    for source in sources:
        collector.run(source)
    assert [article.source for article in collector.stored()] == ["feed"]


def test_the_articles_of_a_renamed_source_belong_to_its_new_key(both: Collector) -> None:
    links = [both.site.serve(f"/a/{n}", article_page(n)) for n in (1, 2)]
    both.site.serve("/feed", rss(*(item(n, link) for n, link in enumerate(links, 1))))
    both.site.serve("/other", rss(item(1, links[0])))
    both.run(both.feed("old", "/feed"), both.feed("other", "/other"), configured=("old", "other"))
    assert [article.source for article in both.stored()] == ["old", "old"]
    renamed = both.feed("new", "/feed")
    both.run(renamed, configured=("new", "other"))
    assert [article.source for article in both.stored()] == ["new", "new"]
    with both.engine.connect() as connection:
        gone = articles.without_source(connection, ("other",), both.now - timedelta(days=1))
    assert gone == {"new": 2}


def test_articles_that_share_a_guid_are_kept_apart(collector: Collector) -> None:
    links = [collector.site.serve(f"/a/{n}", article_page(n)) for n in range(1, 4)]
    items = [item(n, link, guid="always-the-same") for n, link in enumerate(links, 1)]
    collector.site.serve("/feed", rss(*items))
    assert collector.run(collector.feed("feed", "/feed")).new == 3


def test_a_guid_that_is_used_again_later_is_another_article(collector: Collector) -> None:
    source = collector.feed("feed", "/feed")
    for number in (1, 2):
        link = collector.site.serve(f"/a/{number}", article_page(number))
        collector.site.serve("/feed", rss(item(number, link, guid="latest")))
        assert collector.run(source).new == 1


def test_an_edit_keeps_the_earlier_version_and_is_not_a_new_article(both: Collector) -> None:
    source = both.feed("feed", "/feed")
    link = both.site.serve("/a/1", article_page(1))
    both.site.serve("/feed", rss(item(1, link)))
    both.run(source)
    both.site.serve("/a/1", article_page(1, title="Article number 1 about the river, corrected"))
    both.site.serve(
        "/feed", rss(item(1, link, title="Article number 1 about the river, corrected"))
    )
    (report,) = both.run(source).sources
    assert (report.new, report.count("changed")) == (0, 1)
    (only,) = both.stored()
    assert (only.revision, only.content.title[-9:]) == (2, "corrected")
    with both.engine.connect() as connection:
        ((number, _, before),) = articles.revisions(connection, only.id)
    assert (number, before.title) == (1, "Article number 1 about the river")


def test_new_markup_around_the_same_words_is_not_an_edit(collector: Collector) -> None:
    source = collector.feed("feed", "/feed")
    link = collector.site.serve("/a/1", article_page(1))
    collector.site.serve("/feed", rss(item(1, link)))
    collector.run(source)
    collector.site.serve("/a/1", article_page(1).replace("<p>", '<p class="new">'))
    collector.site.serve("/feed", rss(item(1, link, description="Other words of the feed.")))
    collector.run(source)
    assert collector.stored()[0].revision == 1


def test_an_entry_that_vanishes_and_returns_stays_known(collector: Collector) -> None:
    source = collector.feed("feed", "/feed")
    first, second = (item(n, collector.site.serve(f"/a/{n}", article_page(n))) for n in (1, 2))
    for body in (rss(first, second), rss(second), rss(first, second)):
        collector.site.serve("/feed", body)
        report = collector.run(source)
    assert report.new == 0
    assert len(collector.stored()) == 2


def test_the_first_collection_marks_all_but_the_newest_as_seen(collector: Collector) -> None:
    items = [item(n, collector.site.serve(f"/a/{n}", article_page(n))) for n in range(1, 13)]
    collector.site.serve("/feed", rss(*items))
    (report,) = collector.run(collector.feed("feed", "/feed", backfill=3)).sources
    assert (report.new, report.count("seen")) == (3, 9)
    new = {article.content.title for article in collector.stored("new")}
    assert new == {f"Article number {n} about the river" for n in (10, 11, 12)}
    assert sum(collector.site.asked(f"/a/{n}") for n in range(1, 13)) == 3


def test_translations_are_linked_and_not_merged(collector: Collector) -> None:
    site = collector.site
    links = "".join(
        f'<link rel="alternate" hreflang="{lang}" href="{site.url(f"/{lang}/1")}">'
        for lang in ("en", "ko")
    )
    site.serve("/en/1", article_page(1, head=links))
    korean = article_page(1, head=links, title="강을 따라").replace('lang="en"', 'lang="ko"')
    site.serve("/ko/1", korean.replace("The river of valley", "그 강의 골짜기"))
    site.serve("/feed", rss(item(1, site.url("/en/1"))))
    site.serve("/other", rss(item(2, site.url("/ko/1"), title="강을 따라")))
    collector.run(collector.feed("feed", "/feed"))
    collector.run(collector.feed("other", "/other"))
    article, other = collector.stored()
    assert article.translation_group == other.translation_group == article.id


def test_the_first_collection_goes_by_the_dates_that_are_known(collector: Collector) -> None:
    items = [item(n, collector.site.serve(f"/a/{n}", article_page(n))) for n in range(1, 6)]
    undated = re.sub("<pubDate>.*?</pubDate>", "", item(9, collector.site.url("/a/9")))
    collector.site.serve("/feed", rss(undated, *items))
    collector.run(collector.feed("feed", "/feed", backfill=2))
    new = {article.content.title for article in collector.stored("new")}
    assert new == {f"Article number {n} about the river" for n in (4, 5)}


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ('<link rel="alternate" hreflang="ko-KR" href="/ko/1">', ""),
        ("", '<p><a hreflang="ko" href="/ko/1">한국어로 읽기</a></p>'),
        (
            """<script type="application/ld+json">{"@type": "NewsArticle", "headline": "A",
            "workTranslation": [{"@id": "SITE/ko/1", "inLanguage": "ko"}]}</script>""",
            "",
        ),
    ],
    ids=["head", "link", "json-ld"],
)
def test_a_translation_is_found_where_one_page_names_it(
    collector: Collector, head: str, tail: str
) -> None:
    site = collector.site
    page = article_page(1, head=head.replace("SITE", site.url("")))
    site.serve("/en/1", page.replace("</article>", f"{tail}</article>"))
    korean = article_page(1, title="강을 따라").replace('lang="en"', 'lang="ko"')
    site.serve("/ko/1", korean.replace("The river of valley", "그 강의 골짜기"))
    items = [item(1, site.url("/en/1")), item(2, site.url("/ko/1"), title="강을 따라")]
    site.serve("/feed", rss(*items))
    collector.run(collector.feed("feed", "/feed"))
    groups = [article.translation_group for article in collector.stored()]
    assert len(groups) == 2
    assert groups[0] == groups[1] is not None


@pytest.mark.parametrize("own", ["", "<link rel='alternate' hreflang='en' href='/en/1'>"])
def test_translations_that_only_the_sitemap_names_are_linked(
    collector: Collector, own: str
) -> None:
    site = collector.site
    korean = article_page(1, title="강을 따라").replace('lang="en"', 'lang="ko"')
    site.serve("/en/1", article_page(1, head=own))
    site.serve("/ko/1", korean.replace("The river of valley", "그 강의 골짜기"))
    alternates = "".join(
        f'<xhtml:link rel="alternate" hreflang="{lang}" href="{site.url(path)}"/>'
        for lang, path in (("x-default", "/"), ("en-US", "/en/1"), ("ko", "/ko/1"))
    )
    records = "".join(
        f"<url><loc>{site.url(path)}</loc>{alternates}</url>" for path in ("/en/1", "/ko/1")
    )
    site.serve(
        "/map.xml",
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        f' xmlns:xhtml="http://www.w3.org/1999/xhtml">{records}</urlset>',
    )
    collector.run(collector.feed("map", "/map.xml", kind="sitemap"))
    article, other = collector.stored()
    assert article.translation_group == other.translation_group is not None
    assert {named.lang for named in article.content.translations} >= {"en-US", "ko"}
    assert "x-default" not in {named.lang for named in article.content.translations}


def test_a_page_that_two_articles_name_as_their_translation_belongs_to_the_first(
    collector: Collector,
) -> None:
    site = collector.site
    head = f'<link rel="alternate" hreflang="ko" href="{site.url("/ko/1")}">'
    for number in (1, 2):
        site.serve(f"/en/{number}", article_page(number, head=head))
    korean = article_page(3, title="강을 따라").replace('lang="en"', 'lang="ko"')
    site.serve("/ko/1", korean.replace("The river of valley", "그 강의 골짜기"))
    for key, path in (("ko", "/ko/1"), ("first", "/en/1"), ("second", "/en/2")):
        site.serve(f"/{key}", rss(item(1, site.url(path), title=path)))
        collector.run(collector.feed(key, f"/{key}"))
    groups = {article.source: article.translation_group for article in collector.stored()}
    assert groups["ko"] == groups["first"] is not None
    assert groups["second"] is None


def test_three_languages_become_one_group_whatever_links_to_what(collector: Collector) -> None:
    site = collector.site
    words = {"en": "The river of valley", "ko": "그 강의 골짜기", "de": "Der Fluss und das Tal"}
    to = {"en": "ko", "ko": "", "de": "en"}
    for lang, phrase in words.items():
        head = f'<link rel="alternate" hreflang="{to[lang]}" href="/{to[lang]}/1">'
        page = article_page(1, head=head if to[lang] else "", title=f"{phrase} {lang}")
        page = page.replace('<html lang="en"', f'<html lang="{lang}"')
        site.serve(f"/{lang}/1", page.replace("The river of valley", phrase))
        site.serve(f"/{lang}", rss(item(1, site.url(f"/{lang}/1"), title=f"{phrase} {lang}")))
    for lang in ("ko", "de", "en"):
        collector.run(collector.feed(lang, f"/{lang}"))
    groups = {article.translation_group for article in collector.stored()}
    assert len(collector.stored()) == 3
    assert len(groups) == 1
    assert None not in groups


def test_files_named_for_their_language_are_linked(collector: Collector, tmp_path: Path) -> None:
    (tmp_path / "river.en.txt").write_text(
        "The River and Its Towns\nBy Jane Rivers\n\nThe river rose in the spring, and the towns moved their markets up the hills."
    )
    (tmp_path / "river.ko.txt").write_text(
        "강과 마을들\n글 김강\n\n봄에 강물이 불어났고, 마을들은 장터를 언덕 위로 옮겼다. 아무도 그것을 청하지 않았다."
    )
    collector.run(Source("files", "folder", path=tmp_path))
    groups = {article.translation_group for article in collector.stored()}
    assert len(collector.stored()) == 2
    assert len(groups) == 1
    assert None not in groups


def test_an_article_that_moves_is_linked_where_it_is_now(collector: Collector) -> None:
    source = collector.feed("feed", "/feed")
    for path in ("/old/1", "/new/1"):
        link = collector.site.serve(path, article_page(1))
        collector.site.serve("/feed", rss(item(1, link, guid="stays")))
        collector.run(source)
    (only,) = collector.stored()
    assert only.content.url == collector.site.url("/new/1")


def test_a_changed_headline_on_a_listing_page_is_an_edit(collector: Collector) -> None:
    source = collector.feed("list", "/list", kind="page", links="/a/")
    for title in (
        "Article number 1 about the river",
        "Article number 1 about the river, corrected",
    ):
        link = collector.site.serve("/a/1", article_page(1, title=title))
        collector.site.serve("/list", f'<html><body><a href="{link}">{title}</a></body></html>')
        report = collector.run(source)
    assert report.sources[0].count("changed") == 1


def test_a_canonical_address_on_another_site_is_ignored(collector: Collector) -> None:
    head = '<link rel="canonical" href="https://elsewhere.example/a/1">'
    link = collector.site.serve("/a/1", article_page(1, head=head))
    collector.site.serve("/feed", rss(item(1, link)))
    collector.run(collector.feed("feed", "/feed"))
    assert collector.stored()[0].content.url == link


def test_two_simultaneous_collections_store_each_article_once(both: Collector) -> None:
    items = [item(n, both.site.serve(f"/a/{n}", article_page(n))) for n in range(6)]
    both.site.serve("/feed", rss(*items))
    source = both.feed("feed", "/feed")
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: both.run(source), range(2)))
    assert sum(report.new for report in reports) == 6
    assert len(both.stored()) == 6
