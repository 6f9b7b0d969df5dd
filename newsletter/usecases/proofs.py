"""Test sends: the editions of an issue as they would be sent, to one address of staff."""

from dataclasses import dataclass

from newsletter.errors import NotAllowed
from newsletter.esp.port import Outcome, Verdict
from newsletter.model.actor import Actor, Role
from newsletter.model.edition import Edition
from newsletter.model.next_step import PreviewIssue
from newsletter.send import testsend
from newsletter.store.content import editions, issues
from newsletter.usecases.context import Context
from subscribers.model import EmailAddress


@dataclass(frozen=True, slots=True)
class ProofSent:
    """One edition was submitted to `address`; `problem` is why it was not accepted, if so."""

    edition: Edition
    address: str
    problem: str


def send_test(context: Context, actor: Actor, issue_id: int, address: str) -> list[ProofSent]:
    """Submit every edition of an issue to one address; no delivery is touched.

    Raises NotAllowed if the issue has no editions.
    """
    actor.require(Role.EDITOR)
    EmailAddress.parse(address)
    with context.reader.begin() as connection:
        issue = issues.load(connection, issue_id)
        printed = editions.of_issue(connection, issue_id)
    newsletter = context.publication.require_newsletter(issue.newsletter)
    if not printed:
        msg = f"issue {issue_id} has no editions yet"
        raise NotAllowed(msg, next_step=PreviewIssue(issue_id))
    sender = context.senders[context.publication.provider]
    tested = testsend.StaffTestSend(context.publication, newsletter, issue, printed, address)
    return [
        ProofSent(edition, address, _problem(outcome))
        for edition, outcome in testsend.send(tested, sender, context.new_id, now=context.now())
    ]


def _problem(outcome: Outcome) -> str:
    if outcome.verdict is Verdict.ACCEPTED and not outcome.refused:
        return ""
    return outcome.reason or "; ".join(outcome.refused.values()) or str(outcome.verdict)
