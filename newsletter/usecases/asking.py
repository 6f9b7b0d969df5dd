"""Ask subscribers without consent to confirm their subscriptions by email."""

from dataclasses import dataclass

from newsletter.model.actor import Actor, Role
from newsletter.usecases import people
from newsletter.usecases.context import Context
from subscribers.consent import asking
from subscribers.consent.limits import SignUpLimits
from subscribers.consent.signing_up import Rules

AT_ONCE = 500
"""Emails of one command: a list of unknown quality must not hurt the reputation of the sender."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How many were emailed, how many must not be, and whether more are left for later."""

    emailed: int
    left_out: int
    more: bool


def ask_pending(context: Context, actor: Actor, most: int = AT_ONCE) -> Asked:
    """Queue one confirmation email for each pending subscriber who was never asked, up to `most`.

    Each is a separate transaction with its request: a killed run asks no one twice.
    """
    actor.require(Role.ADMIN)
    publication = context.publication
    titles = {newsletter.key: newsletter.title for newsletter in publication.newsletters}
    rules = Rules(SignUpLimits(), context.journals.pepper, context.now())
    with context.reader.connect() as connection:
        waiting = asking.unasked(connection, tuple(titles), most + 1)
    outcomes = [
        people.carry_out(
            context,
            lambda connection, subscriber_id=subscriber_id: asking.ask(  # type: ignore[misc] # bound now
                connection,
                subscriber_id,
                titles,
                rules,
                actor=str(actor),
                language=publication.language,
            ),
        ).outcome
        for subscriber_id in waiting[:most]
    ]
    emailed = outcomes.count("emailed")
    return Asked(emailed, len(outcomes) - emailed, more=len(waiting) > most)
