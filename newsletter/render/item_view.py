"""Build the view of an item: in full, or as a headline."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from newsletter.model import links
from newsletter.model.article import Author
from newsletter.model.issue import Item, Takeaways
from newsletter.model.personalization import placeholder
from newsletter.model.picture import NARROW
from newsletter.model.text import web_address
from newsletter.render.catalog import Catalog
from newsletter.render.picture_view import in_email
from newsletter.render.utm import tagged
from newsletter.render.view import (
    HeadlineView,
    ItemView,
    RenderContext,
    TextLocale,
)
from subscribers.model import slug

_SCRIPTS = {"ko": "ko", "ja": "ja", "zh": "zh", "ar": "ar", "fa": "ar", "ur": "ar", "he": "he"}
_RTL = frozenset({"ar", "fa", "ur", "he", "yi", "ps", "sd", "ug", "dv"})


def text_locale(lang: str, direction: str = "") -> TextLocale:
    """Return the locale of a text; `direction` takes precedence over that of its language."""
    plain = re.sub(r"[^A-Za-z0-9-]", "", lang)[:20] or "und"
    turned = direction == "rtl" or (not direction and plain[:2] in _RTL)
    script = _SCRIPTS.get(plain[:2], "ar" if turned else "")
    return TextLocale(plain, "rtl" if turned else "ltr", "right" if turned else "left", script)


def item_view(item: Item, number: int, context: RenderContext) -> ItemView:
    """Return an item in full; its labels are in its own language if a catalog has it."""
    catalog = context.catalogs.of(
        item.lang or context.newsletter.language, context.catalog.language
    )
    names = context.catalog.join if not item.lang else catalog.join
    authors = names([author.name for author in item.authors if author.name])
    return ItemView(
        locale=text_locale(item.lang or context.newsletter.language, item.direction),
        label_locale=text_locale(catalog.language),
        number=number,
        topics=_topics(item, context, catalog.language),
        title=item.title,
        authors=authors,
        by=catalog.text("issue.by", names="\0").split("\0")[0],
        role=_role(item.authors),
        meta=_meta(item, catalog, context.year),
        teaser=item.teaser.text,
        label=_label(item.takeaways, catalog),
        takeaways=item.takeaways.items,
        image=in_email(item.image, context),
        narrow=in_email(item.image, context, NARROW),
        href=href_of(item, context),
        link=_link(item, authors, catalog),
        why=_why(item, context, plain=False),
        why_text=_why(item, context, plain=True),
        why_label=catalog.text("issue.item_why"),
    )


def _why(item: Item, context: RenderContext, *, plain: bool) -> str:
    token = placeholder(context.nonce, "token", plain=plain)
    return links.why(context.publication.url, item.article_id, token)


def _link(item: Item, authors: str, catalog: Catalog) -> str:
    if item.link_text:
        return item.link_text
    if authors:
        return catalog.text("issue.read_author", names=authors)
    return catalog.text("issue.read_title", title=item.title)


def distinguish_links(views: Sequence[ItemView], context: RenderContext) -> list[ItemView]:
    """Name links after the title where two items would have the same link text."""
    seen = Counter(view.link for view in views)
    return [_titled_link(view, context) if seen[view.link] > 1 else view for view in views]


def _titled_link(view: ItemView, context: RenderContext) -> ItemView:
    catalog = context.catalogs.of(view.label_locale.lang)
    return replace(view, link=catalog.text("issue.read_title", title=view.title))


def headline_view(item: Item, context: RenderContext) -> HeadlineView:
    """Return an item as a headline."""
    catalog = context.catalogs.of(
        item.lang or context.newsletter.language, context.catalog.language
    )
    authors = catalog.join([author.name for author in item.authors if author.name])
    topics = _topics(item, context, catalog.language)[:1]
    return HeadlineView(
        locale=text_locale(item.lang or context.newsletter.language, item.direction),
        title=item.title,
        href=href_of(item, context),
        meta=tuple(text for text in (authors, *topics) if text),
    )


def href_of(item: Item, context: RenderContext) -> str:
    """Return the address of an article: its page, or ours if it has none."""
    own = web_address(item.url)
    if own:
        return tagged(own, context.utm)
    return context.articles.address(context.publication.url, item.article_id)


def _topics(item: Item, context: RenderContext, language: str) -> tuple[str, ...]:
    """Return the kicker and the first topics by their labels; equal words are printed once."""
    named = {slug(topic.slug): topic.label(language) for topic in context.publication.topics}
    topics = item.topics[: context.newsletter.topics_shown]
    words = [item.kicker, *(named.get(slug(topic), topic) for topic in topics)]
    # Backwards, so that of two spellings the first one is kept, in its place.
    kept = {text.casefold(): text for text in reversed(words) if text}
    return tuple(reversed(list(kept.values())))


def _role(authors: Sequence[Author]) -> str:
    if len(authors) != 1:
        return ""
    return ", ".join(text for text in (authors[0].role, authors[0].org) if text)


def _meta(item: Item, catalog: Catalog, year: int) -> tuple[str, ...]:
    when = ""
    if item.published:
        day = date.fromisoformat(item.published[:10])
        when = catalog.date(day, "date.short" if day.year == year else "date.day")
    minutes = catalog.count("issue.minutes", item.minutes) if item.minutes else ""
    return tuple(text for text in (when, minutes) if text)


def _label(takeaways: Takeaways, catalog: Catalog) -> str:
    if not takeaways.items:
        return ""
    if takeaways.origin == "extracted":
        return catalog.text("issue.takeaways_extracted")
    return catalog.text("issue.takeaways")
