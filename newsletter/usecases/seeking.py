"""Ask the provider what became of the batches in doubt."""

from dataclasses import dataclass
from typing import Protocol

from newsletter.errors import NotAllowed
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.batch import Batch, attempt_id
from newsletter.model.event import origin
from newsletter.model.states import IN_DOUBT
from newsletter.send import evidence
from newsletter.store import acts, epoch
from newsletter.store.sending import attempts, batches
from newsletter.usecases.context import Context


class Witness(Protocol):
    """What knows of a provider's emails."""

    def has_seen(self, attempt: str, origin: str) -> bool:
        """Return whether an email of an attempt is known; raise NotAllowed if it cannot say."""


@dataclass(frozen=True, slots=True)
class Sought:
    """How many batches of an issue were in doubt, and which of them the provider has seen.

    `problem` says why it was not asked about the rest.
    """

    in_doubt: int
    seen: tuple[str, ...]
    problem: str = ""


def seek(context: Context, actor: Actor, issue_id: int, provider: str, witness: Witness) -> Sought:
    """Settle the batches in doubt of which the provider has seen an attempt.

    The others stay as they are: that nothing was seen proves nothing.
    """
    actor.require(Role.APPROVER)
    with context.reader.begin() as connection:
        mark = origin(epoch.read(connection), context.publication.url)
        found = [
            batch
            for batch in batches.of_issue(connection, issue_id, IN_DOUBT)
            if batch.provider == provider
        ]
        earlier = attempts.unknown(connection, issue_id)
    seen: list[str] = []
    for batch in found:
        tried = sorted({batch.attempt, *earlier.get(batch.seq, ())})
        ids = [attempt_id(batch.id, number) for number in tried]
        try:
            known = next((id_ for id_ in ids if witness.has_seen(id_, mark)), None)
        except NotAllowed as error:
            return Sought(len(found), tuple(seen), str(error))
        if known is not None and _settle(context, actor, batch, known):
            seen.append(batch.id)
    return Sought(len(found), tuple(seen))


def _settle(context: Context, actor: Actor, batch: Batch, attempt: str) -> bool:
    """Settle a batch by an attempt that was seen; return False if that was done in the meantime."""
    with context.engine.begin() as connection:
        now = context.now()
        if not evidence.seen(connection, [attempt], now=now):
            return False
        before = {"state": batch.state.value}
        detail = {"decision": "from the provider", "batch": batch.id, "people": batch.awaiting}
        acts.record(
            connection, Act(now, actor, ActKind.RESOLVED, batch.issue_id, before, detail=detail)
        )
    return True
