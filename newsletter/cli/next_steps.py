"""Turn a next step into the command that does it."""

import shlex

from newsletter.model.next_step import (
    ApproveIssue,
    CancelIssue,
    ConfigureNewsletter,
    CountSegment,
    DecideBatch,
    EditIssue,
    KeepRunning,
    ListArticles,
    ListIssues,
    ListSources,
    MoveIssue,
    NextStep,
    PreviewIssue,
    ReleaseSending,
    ReplayJournals,
    RestoreBackup,
    ResumeIssue,
    RunCheckup,
    SendIssue,
    UndoImport,
    UpgradeDatabase,
    ViewIssue,
    known,
)


def as_command(step: NextStep) -> str:
    """Return the command that does the step; empty if no command does."""
    words = _words(step)
    return shlex.join(["newsletter", *words]) if words else ""


def as_sentence(step: NextStep) -> str:
    """Return the step as a sentence for a person at a terminal."""
    match step:
        case ConfigureNewsletter(newsletter):
            return f"Add the table [newsletters.{newsletter}] to newsletter.toml."
        case ResumeIssue():
            return f"Next: `{as_command(step)}`, or `--cancel` for good."
        case KeepRunning():
            return "Make sure that cron runs `newsletter run`, or that `newsletter serve` runs."
        case DecideBatch(batch):
            command = f"newsletter send {batch.partition('.')[0]} --resolve {batch}"
            return f"Decide with `{command} accepted`, `again` or `never`."
        case _:
            return f"Next: `{as_command(step)}`"


def _words(step: NextStep) -> list[str]:  # noqa: C901, PLR0911, PLR0912 - a case for every step
    match known(step):
        case ListIssues():
            return ["issues"]
        case ViewIssue(issue_id):
            return ["issues", "show", str(issue_id)]
        case PreviewIssue(issue_id):
            return ["preview", str(issue_id)]
        case EditIssue(issue_id):
            return ["edit", str(issue_id)]
        case ApproveIssue(issue_id):
            return ["approve", str(issue_id)]
        case SendIssue(issue_id, at_once):
            return ["send", str(issue_id), *(["--now"] if at_once else [])]
        case ResumeIssue(issue_id):
            return ["send", str(issue_id), "--resume"]
        case CancelIssue(issue_id):
            return ["send", str(issue_id), "--cancel"]
        case MoveIssue(issue_id, provider):
            return ["send", str(issue_id), "--move", provider]
        case DecideBatch(batch):
            return ["issues", "show", batch.partition(".")[0]]
        case ListArticles():
            return ["articles"]
        case ListSources():
            return ["sources"]
        case CountSegment(expression):
            return ["segment", expression or "everyone"]
        case RunCheckup():
            return ["doctor"]
        case KeepRunning():
            return ["run"]
        case ReplayJournals():
            return ["db", "replay"]
        case ReleaseSending():
            return ["db", "release"]
        case RestoreBackup():
            return ["db", "restore", "FILE"]
        case UpgradeDatabase():
            return ["db", "upgrade"]
        case UndoImport(import_id):
            return ["subscribers", "undo", str(import_id)]
        case ConfigureNewsletter():
            return []
