"""Addresses of the same article have the same identity; addresses of two articles differ."""

import pytest

from newsletter.collect.text import urls

ONE = "https://example.org/analysis/river"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/analysis/river", "https://www.example.org/analysis/river/",
        "https://m.example.org/analysis/river", "https://amp.example.org/analysis/river",
        "https://example.org/analysis/river/amp", "https://example.org/analysis/river/amp/",
        "https://example.org/analysis/river?amp=1", "https://example.org:443/analysis/river",
        "https://example.org/analysis/river?utm_source=x&utm_medium=y",
        "https://example.org/analysis/river?fbclid=IwAR0", "https://example.org/analysis/river#top",
        "https://EXAMPLE.org/analysis/river?mc_cid=1&mc_eid=2", "https://example.org/analysis/river?ref=twitter",
        "https://example.org/analysis/river?source=rss", "https://example.org/analysis/river?_ga=2.1",
        "https://example.org/analysis/%72iver", "https://example.org/analysis/river?gclid=1&wbraid=2",
        "https://example.org/analysis/river?xtor=RSS-1", "https://example.org/analysis/river?outputType=amp",
    ],
)  # fmt: skip
def test_variants_of_an_address_have_the_same_identity(url: str) -> None:
    assert urls.identity(url) == urls.identity(ONE)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/analysis/river-2", "https://example.org/analysis/river?page=2",
        "https://example.org/view?idxno=12", "https://example.org/view?newsid=12", "https://example.org/view?oid=12",
        "https://other.example.org/analysis/river", "https://example.org:8080/analysis/river",
        "https://example.org/analysis/river?input=1195m", "https://example.org/#!/river", "https://example.org/?p=12",
    ],
)  # fmt: skip
def test_parameters_that_identify_an_article_are_kept(url: str) -> None:
    assert urls.identity(url) != urls.identity(ONE)
    assert urls.clean(url) == url


def test_order_of_parameters_does_not_matter() -> None:
    assert urls.identity("https://e.org/v?b=2&a=1") == urls.identity("https://e.org/v?a=1&b=2")


def test_cleaning_removes_only_the_tracking() -> None:
    dirty = "https://www.example.org/view?idxno=12&utm_campaign=x&a=%20b#part"
    assert urls.clean(dirty) == "https://www.example.org/view?idxno=12&a=+b"


@pytest.mark.parametrize(
    "url", ["", "not an address", "http://[", "mailto:a@b.c", "http://x:port/"]
)
def test_an_invalid_address_is_accepted_as_it_is(url: str) -> None:
    urls.identity(url)
    urls.clean(url)
    assert urls.host(url) == "" or url.startswith("http://x")


def test_a_front_page_does_not_identify_an_article() -> None:
    assert urls.is_homepage("https://example.org/")
    assert not urls.is_homepage("https://example.org/?p=12")
