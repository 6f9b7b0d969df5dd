"""Which sets of items the audience of an issue asks for, and how many people ask for each."""

from collections import Counter
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.model.edition import Chooser, Contents
from newsletter.model.languages import main_language
from newsletter.store.sending.audience import tastes
from newsletter.store.sending.had import NOWHERE, Printed
from subscribers.audience import Question


class Reach(NamedTuple):
    """How many people want each distinct contents, get nothing, and chose each language."""

    people: Counter[Contents]
    nothing: int
    languages: Counter[str]


def wanted(
    connection: sa.Connection, asked: Question, chooser: Chooser, before: Printed = NOWHERE
) -> Reach:
    """Count the people of each distinct contents, and those for whom there is nothing.

    The cost depends on the number of distinct tastes, not of people. Only those who get an
    edition count among the languages.
    """
    people: Counter[Contents] = Counter()
    languages: Counter[str] = Counter()
    nothing = 0
    for taste, count in tastes(connection, asked, chooser, before):
        contents = chooser.choose(taste)
        if contents is None:
            nothing += count
        else:
            people[contents] += count
            languages[main_language(taste.language)] += count
    return Reach(people, nothing, languages)
