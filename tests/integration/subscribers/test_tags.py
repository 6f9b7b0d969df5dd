"""Tags with similar names: each stays a tag of its own, in imports, by hand and in segments."""

import itertools
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.usecases import people as acts
from subscribers import directory
from subscribers.model import Tag, TagKind, slug
from subscribers.roster import run
from subscribers.roster.change_set import ChangeSet
from subscribers.roster.reading import open_listing
from subscribers.roster.row import Terms
from subscribers.roster.run import ImportJob
from subscribers.segment import evaluate, parse
from subscribers.store import people, segments, tags
from subscribers.store.tables import subscribers
from tests.fakes.house import STAFF, house
from tests.fakes.people import NOW, PEPPER

LANGUAGES = ("C", "C++", "C#", ".NET", "NET", "F#", "F", "A", "A+", "A-", "R&D", "R D", "R and D")
SAME_SLUG = ("Node.js", "Node JS", "Node/JS", "Node (JS)")
NODE = Tag("node-js", "Node.js", TagKind.TOPIC)


def bring(
    engine: sa.Engine,
    tmp_path: Path,
    names: tuple[str, ...],
    column: str = "labels",
) -> ChangeSet:
    """Import one subscriber per tag: the one at row 0 has the first tag, and so on."""
    path = tmp_path / "list.csv"
    rows = [f'p{number}@example.org,"{name}"\n' for number, name in enumerate(names)]
    path.write_text(f"email,{column}\n" + "".join(rows), encoding="utf-8")
    terms = Terms("list.csv", NOW, {"node-js": NODE}, {"weekly": "weekly"}, ("weekly",))
    job = ImportJob(open_listing(path), terms, PEPPER, chunk=3)
    return run.apply(engine, job, actor="staff", clock=lambda: NOW)


def tags_of(engine: sa.Engine) -> list[Tag]:
    """Return the tag of each subscriber."""
    with engine.connect() as connection:
        ids = connection.scalars(sa.select(subscribers.c.id).order_by(subscribers.c.address_key))
        loaded = [people.load(connection, subscriber_id) for subscriber_id in ids]
    return [person.tags[0] for person in loaded if person is not None]


def test_names_with_signs_are_different_tags_with_the_same_slugs_in_every_order(
    sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    names = tuple(name for name in LANGUAGES if name not in {"A-", "R D", "R and D"})
    bring(sqlite_engine, tmp_path, names[::-1])
    found = tags_of(sqlite_engine)
    assert {tag.name: tag.slug for tag in found} == {name: slug(name) for name in names}


@pytest.mark.parametrize("names", list(itertools.permutations(SAME_SLUG, 3)))
def test_names_with_one_slug_stay_different_tags(
    sqlite_engine: sa.Engine, tmp_path: Path, names: tuple[str, ...]
) -> None:
    first = bring(sqlite_engine, tmp_path, names)
    before = tags_of(sqlite_engine)
    assert sorted(tag.slug for tag in before) == ["node-js", "node-js-2", "node-js-3"]
    assert {tag.name for tag in before} == set(names)
    assert len(first.renamed) == 2
    again = bring(sqlite_engine, tmp_path, names)
    assert again.counts == {"unchanged": 3}
    assert tags_of(sqlite_engine) == before


def test_the_same_name_written_differently_is_one_tag(engine: sa.Engine, tmp_path: Path) -> None:
    found = bring(engine, tmp_path, ("South Korea", "south-korea", "SOUTH  KOREA", "#South_Korea"))
    assert {tag.slug for tag in tags_of(engine)} == {"south-korea"}
    assert not found.renamed


def test_segments_tell_tags_with_similar_names_apart(engine: sa.Engine, tmp_path: Path) -> None:
    bring(engine, tmp_path, LANGUAGES)
    found = tags_of(engine)
    assert len({tag.slug for tag in found}) == len(LANGUAGES)
    for tag in found:
        for written in {tag.slug, tag.name} if slug(tag.name) == tag.slug else {tag.slug}:
            segment = parse(f'"{written}"')
            with engine.connect() as connection:
                condition = segments.condition(connection, segment, subscribers.c.id)
                query = sa.select(sa.func.count()).select_from(subscribers).where(condition)
                assert connection.scalar(query) == 1, written
            assert [evaluate(segment, {other.slug}) for other in found].count(True) == 1


def test_every_spelling_of_a_configured_topic_is_that_topic(
    engine: sa.Engine, tmp_path: Path
) -> None:
    bring(engine, tmp_path, SAME_SLUG, "tags")
    assert {tag.slug for tag in tags_of(engine)} == {"node-js"}


def test_staff_add_and_remove_the_tag_that_they_name(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        context = opened.app.context
        for name in ("Node.js", "Node JS", "C++", "C#", "C"):
            acts.tag(context, STAFF, "ann@example.org", add=[name], remove=())
        acts.tag(context, STAFF, "ann@example.org", add=(), remove=["Node JS", "C#"])
        with opened.app.reader.connect() as connection:
            person = directory.require(connection, "ann@example.org")
    assert {tag.slug for tag in person.tags} == {"ships", "node-js", "c-plus-plus", "c"}


def test_a_topic_is_removed_under_every_name(tmp_path: Path) -> None:
    with house(tmp_path, '[topics.vessels]\naliases = ["boats"]') as opened:
        with opened.app.engine.begin() as connection:
            person = directory.require(connection, "ann@example.org")
            older = [Tag(name, name, TagKind.TOPIC) for name in ("boats", "vessels")]
            tags.give(connection, person.id, older)
        after = acts.tag(opened.app.context, STAFF, "ann@example.org", add=(), remove=["boats"])
    assert {tag.slug for tag in after.tags} == {"ships"}


def test_a_tag_does_not_get_the_slug_of_a_configured_topic(sqlite_engine: sa.Engine) -> None:
    wanted = [Tag("node-js", name, TagKind.LABEL) for name in ("Node.js", "Node JS")]
    with sqlite_engine.begin() as connection:
        found = tags.settled(connection, wanted, {"node-js-2"})
    assert [found[tag].slug for tag in wanted] == ["node-js", "node-js-3"]
