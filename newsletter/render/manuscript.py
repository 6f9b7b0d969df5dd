"""Read everything of an issue that rendering and checking need, in one transaction."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.article import Extracted, Image
from newsletter.model.byline import written
from newsletter.model.edition import Chooser, Contents, one_of_each_pair
from newsletter.model.issue import Issue, IssueKind, Item, corrected
from newsletter.model.picture import StoredPicture
from newsletter.model.plan import Plan, plan
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.subjects import Arm
from newsletter.render.picture_view import printed_images
from newsletter.render.reach import wanted
from newsletter.store.content import articles, issues, pictures
from newsletter.store.sending import audience, had


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
    pictures: Mapping[str, StoredPicture]
    corrects: Issue | None = None


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
        spoken = audience.of_correction(connection, newsletter, issue.corrects_issue_id or 0, now)
        planned, nothing = _correction(items, newsletter, spoken), 0
    else:
        chooser = Chooser(items, newsletter)
        asked = audience.question(connection, newsletter, publication, now, issue)
        before = had.printed(connection, issue, chooser, publication.alerting)
        people, nothing, languages = wanted(connection, asked, chooser, before)
        planned = _planned(people, chooser, newsletter)
        if not any(item.included for item in items):
            planned, nothing = Plan(((Contents(()), nothing),)), 0
    texts = full_texts(connection, newsletter, [contents.items for contents, _ in planned.contents])
    return Manuscript(
        issue,
        items,
        texts,
        planned,
        nothing,
        languages,
        known_pictures(connection, issue, items),
        corrected_issue(connection, issue),
    )


def corrected_issue(connection: sa.Connection, issue: Issue) -> Issue | None:
    """Return the issue that a correction corrects, None if it is not one."""
    wrong = issue.corrects_issue_id
    return None if wrong is None else issues.load(connection, wrong)


def _correction(items: Sequence[Item], newsletter: Newsletter, spoken: Mapping[str, int]) -> Plan:
    """Plan the editions of a correction for so many recipients by language."""
    chooser = Chooser(items, newsletter)
    people: Counter[str] = Counter()
    for language, count in spoken.items():
        people[chooser.language(language)] += count
    whole = _whole(items, newsletter)
    return Plan(tuple((contents, people[contents.language]) for contents in whole))


def _whole(items: Sequence[Item], newsletter: Newsletter) -> Iterator[Contents]:
    """Yield all items, in full unless staff want headlines, for each language that the issue has."""
    included = [item for item in items if item.included]
    for language in Chooser(items, newsletter).languages:
        printed = one_of_each_pair(included, language, newsletter.language)
        full = tuple(item.article_id for item in printed if item.form != "headline")
        short = tuple(item.article_id for item in printed if item.form == "headline")
        yield Contents(full, short, language)


def known_pictures(
    connection: sa.Connection, issue: Issue, items: Sequence[Item]
) -> dict[str, StoredPicture]:
    """Return what is known about the images that an issue prints, by address."""
    return pictures.known(connection, {image.url for _, image in printed_images(issue, items)})


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
    second = read.issue.printed_as(Arm.B).subject
    staff = [
        read.issue.subject,
        second,
        read.issue.preheader,
        read.issue.note,
        str(read.issue.blocks),
    ]
    return "\n".join([*staff, *map(_texts, map(corrected, read.items)), *texts])


def _texts(item: Item) -> str:
    image = item.image or Image("")
    labels = (*item.topics, item.kicker, written(item.authors), item.link_text)
    lines = (item.title, item.teaser.text, *item.takeaways.items, image.alt, image.caption)
    return "\n".join((*lines, *labels))
