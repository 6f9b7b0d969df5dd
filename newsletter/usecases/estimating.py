"""Estimate the audience of an issue before it is frozen."""

from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.model.actor import Actor, Role
from newsletter.store.content import issues
from newsletter.usecases.context import Context
from subscribers.audience.question import Question
from subscribers.audience.summary import count, exclusions
from subscribers.segment import parse


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many subscribers would get an issue now, and how many would not, by reason."""

    people: int
    excluded: Mapping[str, int]


def audience(context: Context, actor: Actor, issue_id: int) -> Estimate:
    """Count the subscribers of an issue's newsletter; reads each of them."""
    actor.require(Role.EDITOR)
    with context.reader.begin() as connection:
        issue = issues.load(connection, issue_id)
        newsletter = context.publication.require_newsletter(issue.newsletter)
        rule = parse(newsletter.segment, dict(context.publication.segments))
        question = Question(newsletter.key, rule, context.now())
        people = count(connection, question)
        left_out = exclusions(connection, question, people)
    return Estimate(people, {reason.value: number for reason, number in left_out.items()})
