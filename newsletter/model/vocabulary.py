"""The topics of a publication as subscribers' tags know them."""

from newsletter.model.publication import Publication, Topic
from subscribers.model import Tag, TagKind, slug


def topic_tag(topic: Topic, language: str) -> Tag:
    """Return the tag that following a topic sets."""
    return Tag(slug(topic.slug), topic.label(language), TagKind.TOPIC)


def topic_names(topic: Topic) -> frozenset[str]:
    """Return the slugs under which a topic is also known: its own, its labels, its aliases."""
    labels = (label for _language, label in topic.labels)
    return frozenset(slug(name) for name in (topic.slug, *labels, *topic.aliases))


def topics_by_name(publication: Publication) -> dict[str, Tag]:
    """Map the slug of every name of every topic to its tag; a topic's own slug comes first."""
    found = {
        tag.slug: tag
        for tag in (topic_tag(topic, publication.language) for topic in publication.topics)
    }
    for topic in publication.topics:
        for name in topic_names(topic):
            found.setdefault(name, topic_tag(topic, publication.language))
    return found
