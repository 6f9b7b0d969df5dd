"""Check an issue as a whole: its items, its audience, its colors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from newsletter.model.finding import CHECKS, THE_ISSUE, Finding, IssuePlace, Level, PlaceKind
from newsletter.model.issue import Issue, IssueKind, Item
from newsletter.model.publication import Publication
from newsletter.render.checks import texts
from newsletter.render.palette import ENOUGH, Palette, contrast, dark, darkened, inverted, light
from newsletter.store.people.segments import UnknownTag
from subscribers.phrase import Phrase

_CARRIED = "carries over"


FEW = 10
"""Below so many recipients, the size of an audience says nothing."""
MOST_CHANGE = 0.5


@dataclass(frozen=True, slots=True)
class IssueBefore:
    """The issue of the same newsletter that went out before: its recipients and its subjects.

    `repeated` is the subject that both have, empty if there is none.
    """

    people: int
    repeated: str = ""


@dataclass(frozen=True, slots=True)
class IssueFacts:
    """What is known about an issue besides its bytes.

    `people` get an edition, `nothing` counts those who follow topics without an article in this
    issue, `lost` those whose set of topics is too rare for an edition. `repeated`, `outdated` and
    `short` are article ids; a teaser of the last has more words than its article. `before` is what
    is known of the issue before, if any. `digest_later` says that subscribers get the issue's articles in a digest.
    """

    people: int
    nothing: int
    lost: int
    repeated: Sequence[int] = ()
    outdated: Sequence[int] = ()
    short: Sequence[int] = ()
    before: IssueBefore | None = None
    digest_later: bool = False
    unknown_tags: Sequence[UnknownTag] = ()


def check(
    issue: Issue, items: Sequence[Item], publication: Publication, facts: IssueFacts
) -> Iterator[Finding]:
    """Yield what staff should know about the issue before it is sent."""
    printed = [item for item in items if item.included]
    if not printed and not (issue.note or issue.blocks):
        yield _finding("nothing to print", Phrase("The issue has no item and no note; add one."))
    elif printed and all(item.form == "headline" for item in printed):
        message = Phrase("Every item is printed as a headline; print at least one in full.")
        yield _finding("nothing to print", message)
    yield from _audience(issue, facts)
    yield from texts.check(issue, items)
    yield from _sponsor(issue, publication)
    yield from _items(items, facts)
    yield from _colors(issue, publication)


def _finding(
    name: str, message: str, *, place: IssuePlace = THE_ISSUE, found: Sequence[str] = ()
) -> Finding:
    return Finding(name, CHECKS[name], message, place=place, found=tuple(found))


_AUDIENCE = IssuePlace(PlaceKind.AUDIENCE)


def _audience(issue: Issue, facts: IssueFacts) -> Iterator[Finding]:
    # A correction goes to those who got the issue it corrects; its audience is not counted here.
    # An alert may concern no one, and is then over.
    counted = issue.kind not in {IssueKind.CORRECTION, IssueKind.ALERT}
    if counted and not (facts.people or facts.digest_later):
        yield _finding(
            "audience",
            Phrase("No one would get this issue; check the segment and the topics."),
            place=_AUDIENCE,
        )
    if counted and facts.before and facts.people:
        yield from _compared(facts.people, facts.before)
    for tag in facts.unknown_tags:
        yield _unknown_tag(tag)
    if facts.lost:
        yield _finding(
            "uncovered",
            Phrase(
                "{lost:,} subscribers follow a set of topics that is too rare for an edition; raise max_editions.",
                lost=facts.lost,
            ),
            place=IssuePlace(PlaceKind.SETTINGS),
        )
    if facts.nothing:
        message = Phrase(
            "The issue has nothing on the topics that {nothing:,} subscribers follow.",
            nothing=facts.nothing,
        )
        yield _finding("carried over", message, place=_AUDIENCE)


def _compared(people: int, before: IssueBefore) -> Iterator[Finding]:
    """Yield what differs too much from the issue before, or too little."""
    change = (people - before.people) / before.people if before.people else 0
    if abs(change) > MOST_CHANGE and max(people, before.people) >= FEW:
        message = Phrase(
            "The audience is {people:,}; the issue before had {earlier:,} recipients ({change:+.0%}). Check the segment and the topics.",
            people=people,
            earlier=before.people,
            change=change,
        )
        yield _finding("audience size", message, place=_AUDIENCE)
    if before.repeated:
        message = Phrase(
            "The issue before had the subject “{repeated}”, too; set another one.",
            repeated=before.repeated,
        )
        yield _finding("subject", message, place=IssuePlace(PlaceKind.TEXTS))


def _unknown_tag(tag: UnknownTag) -> Finding:
    message = Phrase("No subscriber has the tag “{name}”, which the segment names", name=tag.name)
    if tag.similar:
        similar = Phrase(
            "{message}, but there is “{similar}”; correct the segment.",
            message=message,
            similar=tag.similar,
        )
        return _finding("misspelled tag", similar, place=IssuePlace(PlaceKind.SETTINGS))
    # A fresh installation excludes staff before anyone is tagged.
    return _finding(
        "segment",
        Phrase("{message}; correct the segment.", message=message),
        place=IssuePlace(PlaceKind.SETTINGS),
    )


def _sponsor(issue: Issue, publication: Publication) -> Iterator[Finding]:
    newsletter = publication.newsletter(issue.newsletter)
    booked = [block.heading for block in newsletter.blocks if block.sponsor] if newsletter else []
    printed = [block.heading for block in issue.blocks if block.sponsor]
    if issue.kind is not IssueKind.REGULAR or len(printed) >= len(booked):
        return
    # Staff may have changed the heading of one that is there.
    absent = [heading for heading in booked if heading not in printed]
    for heading in absent[: len(booked) - len(printed)]:
        yield _finding(
            "sponsor",
            Phrase("The sponsor block “{heading}” is missing; add it.", heading=heading),
        )


def _items(items: Sequence[Item], facts: IssueFacts) -> Iterator[Finding]:
    titles = {item.article_id: item.title for item in items}
    for article in facts.repeated:
        yield _finding(
            "printed before",
            Phrase("“{title}” was in an earlier issue; exclude it.", title=titles[article]),
            place=IssuePlace(PlaceKind.ARTICLE, article),
        )
    for article in facts.outdated:
        yield _finding(
            "outdated",
            Phrase(
                "The source has changed “{title}” since it was drafted; edit the issue to print the new text.",
                title=titles[article],
            ),
            place=IssuePlace(PlaceKind.ARTICLE, article),
        )
    for article in facts.short:
        yield _finding(
            "teaser",
            Phrase(
                "The teaser of “{title}” is longer than the article; shorten it.",
                title=titles[article],
            ),
            place=IssuePlace(PlaceKind.ARTICLE, article),
        )
    waiting = [
        item
        for item in items
        if item.included and item.suggested.items and "takeaways" not in item.corrections
    ]
    if waiting:
        yield _finding("suggestions", _waiting(len(waiting)))
    over = sum(_CARRIED in item.reason for item in items if not item.included)
    if over:
        yield _finding("carried over", _over(over))


def _waiting(items: int) -> str:
    if items == 1:
        return Phrase("1 item has suggested takeaways; accept or edit them.")
    return Phrase("{items} items have suggested takeaways; accept or edit them.", items=items)


def _over(articles: int) -> str:
    if articles == 1:
        return Phrase("1 article did not fit and carries over.")
    return Phrase("{articles} articles did not fit and carry over.", articles=articles)


def _colors(issue: Issue, publication: Publication) -> Iterator[Finding]:
    newsletter = publication.newsletter(issue.newsletter)
    look = publication.for_newsletter(newsletter).brand if newsletter else publication.brand
    own = light(look)
    yield from _illegible(Phrase("light mode"), own, CHECKS["contrast"])
    yield from _illegible(Phrase("dark mode"), dark(look), CHECKS["contrast"])
    # What clients do by force cannot be changed from here, except by other colors.
    yield from _illegible(Phrase("the dark mode that Gmail forces"), inverted(own), "warn")
    yield from _illegible(Phrase("the dark mode that Outlook forces"), darkened(own), "warn")


def _illegible(mode: str, scheme: Palette, level: Level) -> Iterator[Finding]:
    for pair, color, background in _pairs(scheme):
        ratio = contrast(color, background)
        if ratio < ENOUGH:
            message = Phrase(
                "In {mode}, the contrast of {pair} is {ratio:.1f}; it must be at least {least} to be legible. Change [brand] in newsletter.toml.",
                mode=mode,
                pair=pair,
                ratio=ratio,
                least=ENOUGH,
            )
            yield Finding("contrast", level, message, place=IssuePlace(PlaceKind.SETTINGS))


def _pairs(scheme: Palette) -> Iterator[tuple[str, str, str]]:
    yield Phrase("text on paper"), scheme.ink, scheme.paper
    yield Phrase("small text on paper"), scheme.soft, scheme.paper
    yield Phrase("accent on paper"), scheme.accent, scheme.paper
    yield Phrase("text on the takeaways box"), scheme.ink, scheme.tint
