"""The topics of a publication as subscribers' tags know them."""

from collections.abc import Iterable, Mapping

from newsletter.model.publication import Publication, Topic
from subscribers.model import AUTHOR, MUTE, Tag, TagKind, slug


def topic_tag(topic: Topic, language: str) -> Tag:
    """Return the tag that following a topic sets."""
    return Tag(slug(topic.slug), topic.label(language), TagKind.TOPIC)


def author_tag(name: str) -> Tag:
    """Return the tag that following an author sets; its name keeps the prefix, as an export needs."""
    return Tag(slug(f"{AUTHOR}{name}"), f"{AUTHOR}{name}", TagKind.TOPIC)


def mute_tag(tag: Tag) -> Tag:
    """Return the tag that hides what `tag` follows; its name has the same slug, as an export needs."""
    name = tag.name if slug(tag.name) == tag.slug else tag.slug
    return Tag(f"{MUTE}{tag.slug}", f"{MUTE}{name}", TagKind.MUTE)


def shown_name(tag: Tag, labels: Mapping[str, str] | None = None) -> str:
    """Return the name of a topic, an author or a mute as readers see it; `labels` are by slug."""
    own = tag.slug.removeprefix(MUTE)
    return (labels or {}).get(own) or tag.name.removeprefix(MUTE).removeprefix(AUTHOR)


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


def followed(publication: Publication, topics: Iterable[str]) -> frozenset[str]:
    """Return the topics and authors of these that articles can have.

    Without any, because all were removed from the configuration, a subscriber gets everything.
    """
    known = topics_by_name(publication)
    return frozenset(topic for topic in topics if topic in known or topic.startswith(AUTHOR))
