"""Read the tags of a row: topics, labels, and words that may be either; pure."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from subscribers.model import TAG_LIMIT, Tag, TagKind, free_tag, slug, spelling
from subscribers.phrase import Phrase
from subscribers.roster.cells import CellError, attribute_tags, split

TAGS_LIMIT = 200
_REMEMBERED = 10_000  # cells; enough for those that repeat, and memory stays flat


class TagReader:
    """Read tags under the topics of the configuration; remembers cells, as they repeat."""

    def __init__(self, topics: Mapping[str, Tag]) -> None:
        """Take the tags of topics, by the slugs of their names and aliases."""
        self._topics = topics
        self._configured = frozenset(topics.values())
        self._remembered: dict[tuple[str, str], dict[tuple[str, str], Tag]] = {}
        self._together = lru_cache(_REMEMBERED)(self._several)

    def read(self, cells: Mapping[str, str]) -> tuple[Tag, ...]:
        """Return the tags of a row; raise CellError if they are too many or too long.

        Rows with the same cells share a tuple.
        """
        get = cells.get
        return self._together(
            get("topics", ""), get("tags", ""), get("labels", ""), get("attributes", "")
        )

    def _several(self, topics: str, either: str, labels: str, attributes: str) -> tuple[Tag, ...]:
        found: dict[tuple[str, str], Tag] = {}
        for column, cell, make in (
            ("topics", topics, self._topic),
            ("tags", either, self._any_tag),
            ("labels", labels, free_tag),
            ("attributes", attributes, self._any_tag),
        ):
            if cell:
                for key, tag in self._tags(column, cell, make).items():
                    found.setdefault(key, tag)
        if len(found) > TAGS_LIMIT:
            msg = Phrase("{found} tags; the maximum is {limit}", found=len(found), limit=TAGS_LIMIT)
            raise CellError(msg)
        return tuple(found.values())

    def _tags(
        self, column: str, cell: str, make: Callable[[str], Tag]
    ) -> dict[tuple[str, str], Tag]:
        """Return the tags of a cell by what tells them from others; the first spelling counts."""
        key = (column, cell)
        if key not in self._remembered:
            names = attribute_tags(cell) if column == "attributes" else split(cell)
            tags = tuple(make(name) for name in names if slug(name))
            if any(len(tag.name) > TAG_LIMIT for tag in tags if tag not in self._configured):
                msg = Phrase("a tag is longer than {limit} characters", limit=TAG_LIMIT)
                raise CellError(msg)
            if len(self._remembered) > _REMEMBERED:
                self._remembered.clear()
            marked: dict[tuple[str, str], Tag] = {}
            for tag in tags:
                marked.setdefault((tag.slug, spelling(tag.name)), tag)
            self._remembered[key] = marked
        return self._remembered[key]

    def _topic(self, name: str) -> Tag:
        return self._topics.get(slug(name)) or Tag(slug(name), name, TagKind.TOPIC)

    def _any_tag(self, name: str) -> Tag:
        return self._topics.get(slug(name)) or free_tag(name)
