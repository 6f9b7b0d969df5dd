"""Pause an issue after too many complaints, bounces or failures of the provider."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter import alerts
from newsletter.alerts import Alert
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import MACHINE
from newsletter.model.alert_topic import AlertTopic
from newsletter.model.batch import Claim
from newsletter.model.next_step import ResumeIssue
from newsletter.model.publication import Publication
from newsletter.model.states import IssueState
from newsletter.store import acts
from newsletter.store.content import issues
from newsletter.store.sending import attempts, batches, totals

# Gmail and Yahoo ask bulk senders to stay below 0.1 % complaints; SendGrid reviews accounts
# above 0.1 % complaints or 5 % bounces.
COMPLAINTS = 0.001
BOUNCES = 0.02
FEWEST_COMPLAINTS = 3
FEWEST_BOUNCES = 10
FAILURES = 5
REFUSALS = 20
FAILURE_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Reputation:
    """What is known of an issue so far.

    `failures` (batches that became unknown or refused) and `refusals` (refused attempts, including
    those after which a batch was cut in two) count the last minutes only.
    """

    submitted: int
    complained: int = 0
    bounced: int = 0
    failures: int = 0
    refusals: int = 0


def verdict(seen: Reputation) -> str:
    """Return why the issue must pause, or ""; a few cases in a small issue are not enough."""
    base = max(seen.submitted, 1)
    if seen.complained >= FEWEST_COMPLAINTS and seen.complained / base >= COMPLAINTS:
        return f"{seen.complained} of {seen.submitted} complained (limit {COMPLAINTS:.1%})"
    if seen.bounced >= FEWEST_BOUNCES and seen.bounced / base >= BOUNCES:
        return f"{seen.bounced} of {seen.submitted} bounced permanently (limit {BOUNCES:.0%})"
    minutes = int(FAILURE_WINDOW.total_seconds() // 60)
    if seen.failures >= FAILURES:
        what = f"refused or gave no clear answer to {seen.failures} batches"
        return f"the provider {what} in {minutes} minutes"
    if seen.refusals >= REFUSALS:
        return f"the provider refused {seen.refusals} attempts in {minutes} minutes"
    return ""


def after_failure(
    connection: sa.Connection, publication: Publication, claim: Claim, *, now: datetime
) -> None:
    """Pause the issue if the provider has failed too often in the last minutes."""
    since = now - FAILURE_WINDOW
    seen = Reputation(
        0,
        failures=batches.failed_since(connection, claim.issue_id, since),
        refusals=attempts.refused_since(connection, claim.issue_id, since),
    )
    if reason := verdict(seen):
        advice = (
            "Fix the cause, then resume the issue. Batches that are held or refused wait for a"
            " decision."
        )
        key = f"{claim.issue_id}:failures:{claim.batch}"
        pause(
            connection,
            publication,
            claim.issue_id,
            Alert(key, reason, advice, topic=AlertTopic.STOPPED),
            now=now,
        )


def after_events(
    connection: sa.Connection, publication: Publication, issue_id: int, *, now: datetime
) -> None:
    """Pause the issue if too many recipients complained or bounced."""
    found = totals.by_state(connection, issue_id)
    seen = Reputation(
        submitted=sum(total.submitted for total in found),
        complained=sum(total.complained for total in found),
        bounced=sum(total.bounced for total in found),
    )
    if reason := verdict(seen):
        advice = "Check who received it before you resume or cancel it."
        alert = Alert(
            f"{issue_id}:brake:{reason}",
            reason,
            advice,
            ResumeIssue(issue_id),
            topic=AlertTopic.BRAKE,
        )
        pause(connection, publication, issue_id, alert, now=now)


def pause(
    connection: sa.Connection,
    publication: Publication,
    issue_id: int,
    alert: Alert,
    *,
    now: datetime,
) -> bool:
    """Pause an issue that is being submitted and alert staff; return whether it was."""
    paused = issues.move(
        connection,
        issue_id,
        from_states=[IssueState.SUBMITTING],
        to=IssueState.PAUSED,
        reason=alert.what,
    )
    if paused:
        detail = {"reason": alert.what}
        acts.record(connection, Act(now, MACHINE, ActKind.PAUSED, issue_id, detail=detail))
        alerts.queue(connection, publication, alert, now=now)
    return paused
