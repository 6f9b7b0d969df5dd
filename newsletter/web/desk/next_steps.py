"""Turn a next step into a sentence, a link, and the command that does it."""

from dataclasses import dataclass

from newsletter.model.issue import Issue
from newsletter.model.next_step import (
    ApproveIssue,
    ConfigureNewsletter,
    MoveIssue,
    NextStep,
    ResumeIssue,
)
from newsletter.model.states import SENDING, UNAPPROVED, IssueState
from newsletter.render.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Advice:
    """What staff may do next; `command` does it until the desk can, and may be empty."""

    sentence: str
    command: str = ""


def advise(step: NextStep | None, catalog: Catalog) -> str:
    """Return what a person has to do, in a sentence."""
    match step:
        case ApproveIssue():
            return catalog.text("desk.advice.approve")
        case ResumeIssue():
            return catalog.text("desk.advice.resume")
        case ConfigureNewsletter(newsletter):
            return catalog.text("desk.advice.configure", table=f"[newsletters.{newsletter}]")
        case MoveIssue(_, provider):
            return catalog.text("desk.advice.move", provider=provider)
        case _:
            return catalog.text("desk.advice.decide")


def as_link(issue: Issue) -> str:
    """Return the page with the form that settles what an issue waits for."""
    return f"/issues/{issue.id}/approve"


def as_button(step: NextStep | None) -> str:
    """Return the key of the words of the button that leads there."""
    match step:
        case ApproveIssue():
            return "desk.need.approve"
        case ResumeIssue():
            return "desk.need.resume"
        case ConfigureNewsletter():
            return "desk.need.cancel"
        case MoveIssue():
            return "desk.need.move"
        case _:
            return "desk.need.decide"


def next_of(issue: Issue, catalog: Catalog) -> Advice:
    """Return what a person may do next with an issue."""
    if issue.state in UNAPPROVED:
        return Advice(
            catalog.text("desk.advice.unapproved"),
            f"newsletter edit {issue.id}",
        )
    if issue.state is IssueState.APPROVED:
        return Advice(
            catalog.text("desk.advice.approved"),
            f"newsletter send {issue.id} --now",
        )
    if issue.state is IssueState.PAUSED:
        return Advice(catalog.text("desk.advice.paused"), _resume(issue))
    if issue.state in SENDING:
        return Advice(catalog.text("desk.advice.sending"), f"newsletter issues show {issue.id}")
    return Advice(catalog.text("desk.advice.nothing"))


def _resume(issue: Issue) -> str:
    return f"newsletter send {issue.id} --resume"
