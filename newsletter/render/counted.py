"""Which links of an edition can be counted, and which articles they lead to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from newsletter.model.counted_html import counted_urls
from newsletter.model.edition import Edition
from newsletter.model.engagement import CountedLink
from newsletter.model.issue import Issue, Item, corrected
from newsletter.render.item_view import href_of
from newsletter.render.utm import tags_of
from newsletter.render.view import RenderContext

_ASCII = "".join(map(chr, range(0x21, 0x7F)))


def counted_links(
    issue: Issue, items: Iterable[Item], editions: Sequence[Edition], context: RenderContext
) -> Mapping[int, list[CountedLink]]:
    """Return the links of each edition by its number, whether they will be counted or not."""
    context = replace(context, utm=tags_of(context.newsletter, issue))
    articles = {_written(href_of(item, context)): item.article_id for item in map(corrected, items)}
    return {
        edition.seq: [
            CountedLink(number, url, articles.get(_written(url)))
            for number, url in enumerate(counted_urls(edition.html, edition.nonce), 1)
        ]
        for edition in editions
    }


def _written(url: str) -> str:
    """Return an address as inlining writes it: in ASCII."""
    return quote(url, safe=_ASCII)
