"""What a person may do next, as values.

The command line turns each into a command, a page into a link. No code below the entry points
names a command or a page.
"""

from dataclasses import asdict, dataclass

from newsletter.errors import NextStep

__all__ = ["NextStep", "as_values"]


def as_values(step: NextStep) -> dict[str, object]:
    """Return a step as it is stored: its kind, such as `ApproveIssue`, and its ids."""
    return {"kind": type(step).__name__, **asdict(step)}  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class ListIssues(NextStep):
    """Look at the list of issues."""


@dataclass(frozen=True, slots=True)
class ViewIssue(NextStep):
    """Look at the status of an issue and at the batches that wait for a decision."""

    issue_id: int


@dataclass(frozen=True, slots=True)
class PreviewIssue(NextStep):
    """Render an issue and look at it."""

    issue_id: int


@dataclass(frozen=True, slots=True)
class EditIssue(NextStep):
    """Change what an issue prints."""

    issue_id: int


@dataclass(frozen=True, slots=True)
class ApproveIssue(NextStep):
    """Approve the exact bytes of an issue."""

    issue_id: int


@dataclass(frozen=True, slots=True)
class SendIssue(NextStep):
    """Send an approved issue; `at_once` does not wait for the slot, undo window or spread."""

    issue_id: int
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class ResumeIssue(NextStep):
    """Resume a paused issue, or cancel the rest of it."""

    issue_id: int


@dataclass(frozen=True, slots=True)
class CancelIssue(NextStep):
    """Cancel what has not been submitted."""

    issue_id: int


@dataclass(frozen=True, slots=True)
class MoveIssue(NextStep):
    """Give the rest of an issue to another provider."""

    issue_id: int
    provider: str


@dataclass(frozen=True, slots=True)
class DecideBatch(NextStep):
    """Decide whether a batch with an unknown outcome was accepted."""

    batch: str


@dataclass(frozen=True, slots=True)
class ListArticles(NextStep):
    """Look at the stored articles."""


@dataclass(frozen=True, slots=True)
class ListSources(NextStep):
    """Look at the health of the sources."""


@dataclass(frozen=True, slots=True)
class CountSegment(NextStep):
    """Count a segment, and see who is excluded and why."""

    expression: str = ""


@dataclass(frozen=True, slots=True)
class RunCheckup(NextStep):
    """Run the checkup, which says what is missing or broken."""


@dataclass(frozen=True, slots=True)
class KeepRunning(NextStep):
    """Make sure that cron or the server makes a pass."""


@dataclass(frozen=True, slots=True)
class ReplayJournals(NextStep):
    """Apply the journals to a database that was restored by other means."""


@dataclass(frozen=True, slots=True)
class ReleaseSending(NextStep):
    """Let issues be sent again after a restore, once a person has looked."""


@dataclass(frozen=True, slots=True)
class UpgradeDatabase(NextStep):
    """Create the tables of the database, or bring them up to this version."""


@dataclass(frozen=True, slots=True)
class RestoreBackup(NextStep):
    """Restore a backup of the database."""


@dataclass(frozen=True, slots=True)
class UndoImport(NextStep):
    """Take back what an import changed."""

    import_id: int


@dataclass(frozen=True, slots=True)
class ConfigureNewsletter(NextStep):
    """Put a newsletter back into newsletter.toml."""

    newsletter: str


Step = (
    ListIssues
    | ViewIssue
    | PreviewIssue
    | EditIssue
    | ApproveIssue
    | SendIssue
    | ResumeIssue
    | CancelIssue
    | MoveIssue
    | DecideBatch
    | ListArticles
    | ListSources
    | CountSegment
    | RunCheckup
    | KeepRunning
    | ReplayJournals
    | ReleaseSending
    | UpgradeDatabase
    | RestoreBackup
    | UndoImport
    | ConfigureNewsletter
)
"""Every next step, so that the type checker finds an entry point that does not know one."""


def known(step: NextStep) -> Step:
    """Return a step as one of those above; raises TypeError for a kind that is not listed."""
    if not isinstance(step, Step):
        msg = f"{type(step).__name__} is missing in newsletter.model.next_step.Step"
        raise TypeError(msg)
    return step
