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


@dataclass(frozen=True, slots=True)
class Advice:
    """What staff may do next; `command` does it until the desk can, and may be empty."""

    sentence: str
    command: str = ""


def advise(step: NextStep | None) -> str:
    """Return what a person has to do, in a sentence."""
    match step:
        case ApproveIssue():
            return "Preview it, then approve it."
        case ResumeIssue():
            return "Resume it, or cancel the rest."
        case ConfigureNewsletter(newsletter):
            return f"Put [newsletters.{newsletter}] back into newsletter.toml, or cancel the issue."
        case MoveIssue(_, provider):
            return f"Set the provider up, or move the rest of the issue to {provider}."
        case _:
            return "Decide about the batches that are waiting."


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


def next_of(issue: Issue) -> Advice:
    """Return what a person may do next with an issue."""
    if issue.state in UNAPPROVED:
        return Advice(
            "Read the preview and correct what is wrong. Then approve exactly what you saw.",
            f"newsletter edit {issue.id}",
        )
    if issue.state is IssueState.APPROVED:
        return Advice(
            "It's approved and goes out on time. Any change needs a new approval.",
            f"newsletter send {issue.id} --now",
        )
    if issue.state is IssueState.PAUSED:
        return Advice("It's paused. Resume it, or cancel the rest.", _resume(issue))
    if issue.state in SENDING:
        return Advice(
            "It's being sent. Look at the deliveries.", f"newsletter issues show {issue.id}"
        )
    return Advice("There's nothing left to do.")


def _resume(issue: Issue) -> str:
    return f"newsletter send {issue.id} --resume"
