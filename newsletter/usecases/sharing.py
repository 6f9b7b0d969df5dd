"""Share an edition with people who have no account: they look at it, for some days."""

from newsletter.errors import NotFound
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.edition import Edition
from newsletter.model.next_step import PreviewIssue
from newsletter.store import acts
from newsletter.store.content import editions, issues
from newsletter.usecases.context import Context
from subscribers.phrase import Phrase


def share(context: Context, actor: Actor, issue_id: int, seq: int) -> str:
    """Return a link with which anyone may look at a stored edition until it changes, for a week."""
    actor.require(Role.EDITOR)
    now = context.now()
    with context.engine.begin() as connection:
        issues.load(connection, issue_id)
        edition = editions.find(connection, issue_id, seq)
        if edition is None:
            msg = Phrase("issue {issue_id} has no edition {seq}", issue_id=issue_id, seq=seq)
            raise NotFound(msg, next_step=PreviewIssue(issue_id))
        act = Act(now, actor, ActKind.SHARED, issue_id, detail={"edition": seq})
        acts.record(connection, act)
    return context.shared_previews.link(issue_id, seq, edition.hash, now)


def shared_edition(context: Context, name: str) -> Edition | None:
    """Return the edition that a shared link shows; None if it has ended or the edition changed."""
    shared = context.shared_previews.read(name, context.now())
    if shared is None:
        return None
    with context.reader.connect() as connection:
        edition = editions.find(connection, shared.issue_id, shared.seq)
    if edition is None or not context.shared_previews.is_genuine(shared, edition.hash):
        return None
    return edition
