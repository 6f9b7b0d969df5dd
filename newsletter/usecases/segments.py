"""Look at a segment of a newsletter: how many are in it, who, why others are not, and since when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.model.actor import Actor, Role
from newsletter.model.vocabulary import topics_by_name
from newsletter.usecases.context import Context
from subscribers import directory
from subscribers.audience import Question, confirmed_by_month, count, examples, exclusions
from subscribers.segment import names, parse


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """A segment of a newsletter as of now.

    `unknown` are tags that no subscriber has. `months` counts the members by the month in which
    they confirmed, latest first.
    """

    people: int
    examples: Sequence[tuple[str, str]]
    excluded: Mapping[str, int]
    unknown: Sequence[str]
    months: Sequence[tuple[str, int]]


def examine(context: Context, actor: Actor, newsletter: str, expression: str) -> SegmentFacts:
    """Count a segment of a newsletter's subscribers; this reads all of them.

    Raises SegmentError if the expression is invalid, NotFound if the newsletter is unknown.
    """
    actor.require(Role.ADMIN)
    publication = context.publication
    chosen = publication.require_newsletter(newsletter)
    rule = parse(expression, dict(publication.segments))
    question = Question(chosen.key, rule, context.now())
    topics = set(topics_by_name(publication))
    with context.reader.begin() as connection:
        people = count(connection, question)
        left_out = exclusions(connection, question, people)
        return SegmentFacts(
            people,
            examples(connection, question),
            {reason.value: number for reason, number in left_out.items()},
            directory.unknown_tags(connection, names(rule) - topics),
            confirmed_by_month(connection, question),
        )
