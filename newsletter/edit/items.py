"""Make the item of an issue from an article, and renew it when the article changes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from newsletter.edit.operations import in_place_of
from newsletter.edit.takeaways import extract, takeaways
from newsletter.edit.teaser import teasers
from newsletter.edit.terms import length
from newsletter.model.article import Article, Author, Extracted, author_tags
from newsletter.model.issue import Item, Takeaways, Text
from newsletter.model.publication import Highlights, Topic
from newsletter.model.text import bounded, printable, web_address
from subscribers.model import slug

# Silent reading of English non-fiction: 238 words a minute on average (Brysbaert 2019), less for
# texts as dense as these.
WORDS_PER_MINUTE = 220
LONGEST_TITLE, LONGEST_LABEL, LONGEST_TAKEAWAY, MOST_TAKEAWAYS = 300, 80, 600, 8
MOST_AUTHORS, MOST_TOPICS = 6, 12


def item_of(article: Article, topics: Sequence[Topic], highlights: Highlights) -> Item:
    """Make an item of an article. The caller sets its position, and whether it is included."""
    content = article.content
    marked = takeaways(content) if content.takeaways else Takeaways()
    lines = tuple(bounded(line, LONGEST_TAKEAWAY) for line in marked.items[:MOST_TAKEAWAYS])
    lead, *others = teasers(content, lines) or (Text("", ""),)
    found = Takeaways()
    if not lines and highlights != "off":
        found = extract(content, teaser=lead.text)
    return Item(
        article_id=article.id,
        position=0,
        included=False,
        reason="",
        title=bounded(content.title, LONGEST_TITLE),
        url=web_address(content.url),
        kicker=bounded(content.kicker, LONGEST_LABEL),
        authors=tuple(_bounded_author(author) for author in content.authors[:MOST_AUTHORS]),
        published=content.published.isoformat() if content.published else "",
        topics=tuple(bounded(topic, LONGEST_LABEL) for topic in content.topics[:MOST_TOPICS]),
        lang=content.lang,
        direction=content.direction,
        minutes=_minutes(content),
        teaser=_printable(lead),
        alternatives=tuple(map(_printable, others)),
        takeaways=replace(marked, items=lines) if lines else _printed(found, highlights),
        suggested=found if highlights == "suggest" else Takeaways(),
        image=content.image,
        source=article.source,
        translation_group=article.translation_group,
        revision=article.revision,
        tags=(*tags_of(content.topics, topics), *author_tags(content.authors[:MOST_AUTHORS])),
    )


def _printable(text: Text) -> Text:
    return replace(text, text=printable(text.text))


def _printed(found: Takeaways, highlights: Highlights) -> Takeaways:
    return found if highlights == "print" else Takeaways()


def renewed(item: Item, article: Article, topics: Sequence[Topic], highlights: Highlights) -> Item:
    """Make the item again from a newer revision; keep its place and the corrections of staff."""
    return in_place_of(item, item_of(article, topics, highlights))


def tags_of(names: Sequence[str], topics: Sequence[Topic]) -> tuple[str, ...]:
    """Return the slugs by which subscribers follow an article on these topics.

    A configured topic adds the slugs of its labels and aliases.
    """
    known = _by_slug(topics)
    found: dict[str, None] = {}
    for name in names:
        own = slug(name)
        topic = known.get(own)
        slugs = _slugs(topic) if topic else (own,)
        found |= dict.fromkeys(tag for tag in slugs if tag)
    return tuple(found)


def _slugs(topic: Topic) -> tuple[str, ...]:
    names = [topic.slug, *(label for _, label in topic.labels), *topic.aliases]
    return tuple(dict.fromkeys(slug(name) for name in names))


def _by_slug(topics: Sequence[Topic]) -> Mapping[str, Topic]:
    return {name: topic for topic in topics for name in _slugs(topic)}


def _minutes(content: Extracted) -> int:
    words = length(" ".join(p for section in content.sections for p in section.paragraphs))
    return max(1, round(words / WORDS_PER_MINUTE)) if words else 0


def _bounded_author(author: Author) -> Author:
    return Author(
        *(bounded(text, LONGEST_LABEL) for text in (author.name, author.role, author.org))
    )
