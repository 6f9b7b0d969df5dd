"""One article as it is printed: in full, or as a headline."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from newsletter.model import links
from newsletter.model.article import Author
from newsletter.model.issue import Item, Takeaways
from newsletter.model.publication import Publication
from newsletter.model.text import bounded, web_address
from newsletter.render.view import HeadlineView, ItemView, Picture, RenderContext, TextLocale
from newsletter.render.words import Words
from subscribers.model import slug

TOPICS_SHOWN = 2
MEASURE = 528
LONGEST_ALT = 200
_SCRIPTS = {"ko": "ko", "ja": "ja", "zh": "zh", "ar": "ar", "fa": "ar", "ur": "ar", "he": "he"}
_RTL = frozenset({"ar", "fa", "ur", "he", "yi", "ps", "sd", "ug", "dv"})


def text_locale(lang: str, direction: str = "") -> TextLocale:
    """Return the marks of a text in a language."""
    plain = re.sub(r"[^A-Za-z0-9-]", "", lang)[:20] or "und"
    turned = direction == "rtl" or (not direction and plain[:2] in _RTL)
    script = _SCRIPTS.get(plain[:2], "ar" if turned else "")
    return TextLocale(plain, "rtl" if turned else "ltr", "right" if turned else "left", script)


def item_view(item: Item, number: int, context: RenderContext) -> ItemView:
    """Return an item as it is printed in full, its labels in its own language if known."""
    words = context.catalogues.of(item.lang or context.newsletter.language, context.words.language)
    names = context.words.join if not item.lang else words.join
    authors = names([one.name for one in item.authors if one.name])
    return ItemView(
        locale=text_locale(item.lang or context.newsletter.language, item.direction),
        label_locale=text_locale(words.language),
        number=number,
        topics=_topics(item, context.publication, words.language),
        title=item.title,
        authors=authors,
        by=words.say("By {names}", names="\0").split("\0")[0],
        role=_role(item.authors),
        meta=_meta(item, words, context.year),
        teaser=item.teaser.text,
        label=_label(item.takeaways, words),
        takeaways=item.takeaways.items,
        image=_picture(item),
        href=_href(item, context.publication),
        link=_link(item, authors, words),
    )


def _link(item: Item, authors: str, words: Words) -> str:
    if authors:
        return words.say("Read the article by {names}", names=authors)
    return words.say("Read “{title}”", title=item.title)


def distinguish_links(views: Sequence[ItemView], context: RenderContext) -> list[ItemView]:
    """Give two items whose links would read alike links with their titles."""
    seen = Counter(one.link for one in views)
    return [
        replace(
            one,
            link=context.catalogues.of(one.label_locale.lang).say(
                "Read “{title}”", title=one.title
            ),
        )
        if seen[one.link] > 1
        else one
        for one in views
    ]


def headline_view(item: Item, context: RenderContext) -> HeadlineView:
    """Return an item as a headline."""
    words = context.catalogues.of(item.lang or context.newsletter.language, context.words.language)
    authors = words.join([one.name for one in item.authors if one.name])
    topics = _topics(item, context.publication, words.language)[:1]
    return HeadlineView(
        locale=text_locale(item.lang or context.newsletter.language, item.direction),
        title=item.title,
        href=_href(item, context.publication),
        meta=tuple(text for text in (authors, *topics) if text),
    )


def _picture(item: Item) -> Picture | None:
    image = item.image
    url = web_address(image.url) if image else ""
    if image is None or not url.startswith("https://"):
        return None
    return Picture(url, bounded(image.alt, LONGEST_ALT), min(MEASURE, image.width or MEASURE))


def _href(item: Item, publication: Publication) -> str:
    return web_address(item.url) or links.public_article(publication.url, item.article_id)


def _topics(item: Item, publication: Publication, language: str) -> tuple[str, ...]:
    named = {slug(topic.slug): topic.label(language) for topic in publication.topics}
    shown = [named.get(slug(one), one) for one in item.topics[:TOPICS_SHOWN]]
    first = [item.kicker] if item.kicker else []
    kept = {text.casefold(): text for text in reversed([*first, *shown]) if text}
    return tuple(reversed(list(kept.values())))


def _role(authors: Sequence[Author]) -> str:
    if len(authors) != 1:
        return ""
    return ", ".join(text for text in (authors[0].role, authors[0].org) if text)


def _meta(item: Item, words: Words, year: int) -> tuple[str, ...]:
    when = ""
    if item.published:
        day = date.fromisoformat(item.published[:10])
        when = words.date(day, "d MMMM" if day.year == year else "d MMMM y")
    minutes = words.count("{n}\u00a0min", "{n}\u00a0min", item.minutes) if item.minutes else ""
    return tuple(text for text in (when, minutes) if text)


def _label(takeaways: Takeaways, words: Words) -> str:
    if not takeaways.items:
        return ""
    if takeaways.origin == "extracted":
        return words.say("From the text")
    return words.say("Key takeaways")
