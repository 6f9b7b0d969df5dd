"""Read everything of an issue that rendering and checking need, in one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.article import Extracted
from newsletter.model.edition import Chooser, Contents, Plan, one_of_each_pair, plan
from newsletter.model.issue import Issue, IssueKind, Item, corrected
from newsletter.model.publication import Newsletter, Publication
from newsletter.render.reach import wanted
from newsletter.store.content import articles, issues
from newsletter.store.sending import audience


@dataclass(frozen=True, slots=True)
class Manuscript:
    """What is read of an issue before it is rendered.

    `nothing` counts the subscribers who get no edition, `languages` those who chose each language.
    """

    issue: Issue
    items: tuple[Item, ...]
    texts: Mapping[int, Extracted]
    plan: Plan
    nothing: int
    languages: Mapping[str, int]


def manuscript(
    connection: sa.Connection,
    publication: Publication,
    newsletter: Newsletter,
    issue: Issue,
    *,
    now: datetime,
) -> Manuscript:
    """Read an issue, its items, the texts that the layout prints in full, and who gets what."""
    items = tuple(issues.load_items(connection, issue.id))
    languages: Mapping[str, int] = {}
    if issue.kind is IssueKind.CORRECTION:
        planned, nothing = Plan(tuple((whole, 0) for whole in _whole(items, newsletter))), 0
    else:
        chooser = Chooser(items, newsletter)
        asked = audience.question(newsletter, dict(publication.segments), now)
        people, nothing, languages = wanted(connection, asked, chooser)
        planned = _planned(people, chooser, newsletter)
        if not any(item.included for item in items):
            planned, nothing = Plan(((Contents(()), nothing),)), 0
    texts = full_texts(connection, newsletter, [contents.items for contents, _ in planned.contents])
    return Manuscript(issue, items, texts, planned, nothing, languages)


def _whole(items: Sequence[Item], newsletter: Newsletter) -> Iterator[Contents]:
    """Yield all items in full, once for each language that the issue has."""
    included = [item for item in items if item.included]
    for language in Chooser(items, newsletter).languages:
        printed = one_of_each_pair(included, language, newsletter.language)
        yield Contents(tuple(item.article_id for item in printed), (), language)


def full_texts(
    connection: sa.Connection, newsletter: Newsletter, printed: Sequence[Sequence[int]]
) -> dict[int, Extracted]:
    """Return the articles that the layout "letter" prints in full: the first of each edition."""
    if newsletter.layout != "letter":
        return {}
    leads = {contents[0] for contents in printed if contents}
    return {lead: articles.load(connection, lead).content for lead in sorted(leads)}


def _planned(people: Mapping[Contents, int], chooser: Chooser, newsletter: Newsletter) -> Plan:
    """Plan the editions; the one for subscribers who follow no topics is always the first."""
    everything = chooser.everything()
    return plan(people, everything, newsletter, chooser.originals()) if everything else Plan(())


def quoted(read: Manuscript) -> str:
    """Return all text of the issue that comes from articles or staff."""
    texts = [
        line
        for text in read.texts.values()
        for section in text.sections
        for line in section.paragraphs
    ]
    staff = [read.issue.subject, read.issue.preheader, read.issue.note, str(read.issue.blocks)]
    items = [
        "\n".join((item.title, item.teaser.text, *item.takeaways.items, *item.topics, item.kicker))
        for item in map(corrected, read.items)
    ]
    return "\n".join([*staff, *items, *texts])
