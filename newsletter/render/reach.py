"""Which sets of items the audience of an issue asks for, and how many people ask for each."""

from collections import Counter

import sqlalchemy as sa

from newsletter.model.edition import Chooser, Contents
from newsletter.store.sending.audience import interests
from subscribers.audience import Question


def wanted(
    connection: sa.Connection, asked: Question, chooser: Chooser
) -> tuple[Counter[Contents], int]:
    """Count the people of each distinct contents, and those for whom there is nothing.

    The cost depends on the number of distinct interests, not of people.
    """
    people: Counter[Contents] = Counter()
    nothing = 0
    for follows, count in interests(connection, asked, chooser.tags):
        contents = chooser.choose(follows)
        if contents is None:
            nothing += count
        else:
            people[contents] += count
    return people, nothing
