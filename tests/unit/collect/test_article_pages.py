"""What is found in small pages of many systems and languages, and what is never printed."""

import pytest

from newsletter.collect.extracting.extract import extract
from tests.unit.collect.article_pages import PAGES, TEXT, ArticlePage

NAMES = [page.name for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_gives_what_its_author_wrote(page: ArticlePage) -> None:
    if page.extra == ("no text",):
        article = extract(page.html.encode(), name="page.html", url=page.url)
        assert article.takeaways == page.takeaways
        return
    article = extract(page.html.encode(), name="page.html", url=page.url)
    paragraphs = [line for section in article.sections for line in section.paragraphs]
    assert article.title == page.title
    assert article.lang == page.lang
    assert tuple(author.name for author in article.authors) == page.authors
    stated = None if article.date_guessed else article.published
    assert stated == page.published
    assert article.takeaways == page.takeaways
    for line in (*(page.body or TEXT[page.lang.split("-")[0]]), *page.extra):
        assert line in paragraphs
    printed = "\n".join([article.title, article.teaser, article.kicker, *paragraphs])
    for words in page.without:
        assert words not in printed
    if page.image is not None:
        assert article.image is not None
        assert article.image.url == page.image
