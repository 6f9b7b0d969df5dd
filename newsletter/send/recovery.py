"""Settle from the journal what the database does not know: after a crash, or after a restore."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter import alerts
from newsletter.alerts import Alert
from newsletter.errors import NotFound
from newsletter.model.alert_topic import AlertTopic
from newsletter.model.batch import Batch, BatchKey, Span
from newsletter.model.issue import Issue, IssueKind, Item, Takeaways, Text
from newsletter.model.next_step import ViewIssue
from newsletter.model.publication import Publication
from newsletter.model.states import (
    IN_DOUBT,
    RESTORED_TRANSITIONS,
    BatchState,
    DeliveryState,
    IssueState,
)
from newsletter.send import pieces, submitted
from newsletter.send.journal import FrozenIssue, SubmissionJournal
from newsletter.send.submitted import Attempts, JournaledAttempt, JournaledIssue, Ranges
from newsletter.store import epoch, numbers
from newsletter.store.content import articles, issues, slots
from newsletter.store.content.issues import NewIssue
from newsletter.store.sending import batches, deliveries, totals
from newsletter.store.sending.batches import BatchOutline
from subscribers.phrase import Phrase

EVERY: Span = (1, 2**31 - 1)
SETTLED = IN_DOUBT | {BatchState.PREPARED, BatchState.REFUSED}
"""Batches that the journal settles. The deliveries of a cancelled batch are withdrawn."""
RESTORED = Phrase("submitted before the database was restored; the outcome is unknown")
BEFORE = "before the database was restored"
"""How the reason of an issue ends that this program has paused after a restore."""
STOPPED = Phrase("the worker stopped while it submitted this email")


@dataclass(frozen=True, slots=True)
class Recovered:
    """What the journal showed about an issue; `for_a_person` if a decision is needed."""

    issue_id: int
    message: str
    for_a_person: bool = False


def recover(
    connection: sa.Connection,
    publication: Publication,
    journal: SubmissionJournal,
    *,
    now: datetime,
) -> list[Recovered]:
    """Compare every journaled issue with the database, and settle or hold what differs.

    The caller's transaction takes all of it or nothing; doing it again changes nothing.
    """
    word = epoch.read(connection)
    findings: list[Recovered] = []
    for issue_id in unfinished(connection, journal):
        known = submitted.read(journal.lines(issue_id), word, journal.boot)
        if known is not None:
            findings += _compare(connection, known, journal, now)
    for finding in findings:
        _alert(connection, publication, finding, now)
    return findings


def unfinished(connection: sa.Connection, journal: SubmissionJournal) -> list[int]:
    """Return the journaled issues that are not finished in both, the journal and the database."""
    journaled = journal.issues()
    settled = issues.finished(connection, journaled)
    return [
        issue_id
        for issue_id in journaled
        if issue_id not in settled or not journal.is_finished(issue_id)
    ]


def _alert(
    connection: sa.Connection, publication: Publication, finding: Recovered, now: datetime
) -> None:
    if finding.for_a_person:
        key = f"{finding.issue_id}:journal:{now:%Y-%m-%dT%H}"
        step = ViewIssue(finding.issue_id)
        alerts.queue(
            connection,
            publication,
            Alert(key, finding.message, "", step, topic=AlertTopic.RESTORED),
            now=now,
        )


def _compare(
    connection: sa.Connection, known: JournaledIssue, journal: SubmissionJournal, now: datetime
) -> list[Recovered]:
    issue_id = known.frozen.issue_id
    issues.lock(connection, issue_id)
    try:
        issue = issues.load(connection, issue_id)
    except NotFound:
        return _recreate(connection, known, now) if known.was_submitted else []
    if issue.frozen_at is None or issue.frozen_at.isoformat() != known.frozen.frozen_at:
        return _stop_second_issue(connection, issue, known) if known.was_submitted else []
    _release_unstarted(connection, issue, known, journal)
    return _settle(connection, issue, known, now)


def _release_unstarted(
    connection: sa.Connection, issue: Issue, known: JournaledIssue, journal: SubmissionJournal
) -> None:
    """Prepare again what a worker of this host claimed, but did not live to begin.

    It writes a line before the first byte, and checks its lease after that.
    """
    started = {(attempt.seq, attempt.attempt) for attempt in known.attempts}
    for batch in batches.of_issue(connection, issue.id, IN_DOUBT):
        claimed_only = batch.attempt > 0 and (batch.seq, batch.attempt) not in started
        if claimed_only and journal.is_of_this_host(batch.owner):
            batches.prepare_unsent(connection, batch.key)


def _recreate(connection: sa.Connection, known: JournaledIssue, now: datetime) -> list[Recovered]:
    """Put an issue back that the database has forgotten, so that its slot is not used again."""
    numbers.skip(connection)
    frozen = known.frozen
    due_at = datetime.fromisoformat(frozen.due_at)
    slot = slots.claim(connection, frozen.newsletter, frozen.nominal, due_at, now)
    message = f"issue {frozen.issue_id} of {frozen.newsletter} ({frozen.nominal}) {extent(known)}"
    if slot is None:
        message += "; another issue has its slot now"
        return [Recovered(frozen.issue_id, message, for_a_person=True)]
    new = NewIssue(
        frozen.newsletter,
        slot,
        frozen.nominal,
        due_at,
        kind=IssueKind(frozen.kind),
        state=_restored_state(known),
        reason=extent(known),
        subject=frozen.subject,
    )
    issues.put_back(connection, frozen.issue_id, new, now=now)
    if missing := _print_again(connection, frozen):
        message += (
            f"; these articles are not in the database, and once they are collected again, the next"
            f" issue may repeat them: {', '.join(missing)}"
        )
        return [Recovered(frozen.issue_id, message, for_a_person=True)]
    return [_restored(known, message)]


def _print_again(connection: sa.Connection, frozen: FrozenIssue) -> list[str]:
    """Put the articles back into an issue, so that no other one prints them; return the unknown."""
    known = articles.named(connection, frozen.articles)
    items = [
        Item(
            article_id=known[name].id,
            position=position,
            included=True,
            reason="",
            title=known[name].title,
            url=known[name].url,
            kicker="",
            authors=(),
            published="",
            topics=(),
            lang=known[name].lang,
            direction="ltr",
            minutes=0,
            teaser=Text("", "body"),
            takeaways=Takeaways(),
            revision=known[name].revision,
        )
        for position, name in enumerate(frozen.articles, 1)
        if name in known
    ]
    issues.replace_items(connection, frozen.issue_id, items)
    return [name for name in frozen.articles if name not in known]


def _stop_second_issue(
    connection: sa.Connection, issue: Issue, known: JournaledIssue
) -> list[Recovered]:
    """Keep an issue from being sent again whose audience the database has not frozen yet."""
    if issue.state not in RESTORED_TRANSITIONS:
        return []
    reason = extent(known)
    # Of several hosts, each knows what it submitted; the first one has paused the issue.
    if issue.state is IssueState.PAUSED and issue.reason.endswith(BEFORE):
        return []
    numbers.skip(connection)
    to = IssueState.PAUSED if issue.frozen_at else _restored_state(known)
    issues.move(connection, issue.id, from_states=RESTORED_TRANSITIONS.keys(), to=to, reason=reason)
    for batch in batches.lock_prepared(connection, issue.id):
        batches.hold(connection, batch.key, from_states=[BatchState.PREPARED], reason=RESTORED)
    return [_restored(known, f"issue {issue.id} {reason}")]


def _restored(known: JournaledIssue, message: str) -> Recovered:
    complete = _restored_state(known) is IssueState.SUBMITTED
    return Recovered(known.frozen.issue_id, message, for_a_person=not complete)


def _restored_state(known: JournaledIssue) -> IssueState:
    complete = known.reached >= known.frozen.planned
    return IssueState.SUBMITTED if complete else IssueState.PAUSED


def extent(known: JournaledIssue) -> str:
    """Say how many recipients an issue reached that the database has forgotten."""
    planned = known.frozen.planned
    return Phrase(
        "was submitted to {reached:,} of {planned:,} before the database was restored",
        reached=known.reached,
        planned=planned,
    )


def _settle(
    connection: sa.Connection, issue: Issue, known: JournaledIssue, now: datetime
) -> list[Recovered]:
    """Settle the batches with attempts whose outcome the database does not have."""
    present = batches.outlines(connection, issue.id)
    pieces = Ranges(
        (batch.first_seq, batch.last_seq)
        for batch in present.values()
        if batch.state in IN_DOUBT and batch.attempt == 0
    )
    unknown = [
        attempt
        for attempt in known.attempts
        if pieces.overlap(attempt.span) or not _is_known(attempt, present.get(attempt.seq))
    ]
    if not unknown:
        return []
    attempts_of = {seq: batch.attempt for seq, batch in present.items()}
    lost = [item for item in unknown if attempts_of.get(item.seq, 0) < item.attempt]
    settling = _Settling(connection, Attempts(unknown), bool(lost), now)
    for batch in batches.lock_within(connection, issue.id, EVERY):
        if batch.state in SETTLED:
            settling.settle(batch)
    if lost:
        numbers.skip(connection)
    for attempt in lost:
        # An id that a provider has seen must not name another attempt.
        batches.raise_attempt(connection, (issue.id, attempt.seq), attempt.attempt)
    return settling.findings(issue.id)


def _is_known(attempt: JournaledAttempt, batch: BatchOutline | None) -> bool:
    """Return whether the database has the outcome of an attempt at a batch.

    The number of a batch is not enough: after a restore, a batch may be cut differently.
    """
    if batch is None or batch.first_seq != attempt.span[0]:
        return False
    if batch.attempt == attempt.attempt:
        return batch.state not in IN_DOUBT
    return batch.attempt > attempt.attempt


@dataclass(slots=True)
class _Settling:
    """Settles the batches of one issue by the attempts that the database does not know."""

    connection: sa.Connection
    attempts: Attempts
    restored: bool
    now: datetime
    reached: int = 0
    doubtful: int = 0
    unsent: int = 0

    def findings(self, issue_id: int) -> list[Recovered]:
        """Return what was settled, in a sentence."""
        if not self.reached + self.doubtful + self.unsent:
            return []
        cause = "the database was restored" if self.restored else "a worker stopped"
        message = (
            f"issue {issue_id}: {cause}; by the journal, {self.reached:,} more recipients have the"
            f" email, {self.doubtful:,} are in doubt and {self.unsent:,} can be sent again"
        )
        return [Recovered(issue_id, message, for_a_person=self.doubtful > 0)]

    def settle(self, batch: Batch) -> None:
        """Mark who got the email, keep who may have got it, and release the others."""
        attempts = self.attempts.overlapping(batch.span)
        if not attempts:
            return
        reached = Ranges(span for attempt in attempts for span in attempt.reached())
        pending = deliveries.pending(self.connection, batch.issue_id, batch.span)
        rest = [number for number in pending if number not in reached]
        if had := [number for number in pending if number in reached]:
            marked = dict.fromkeys(had, "")
            state = DeliveryState.SUBMITTED
            deliveries.mark_each(self.connection, batch.issue_id, marked, state)
            batches.count_settled(self.connection, batch.key, submitted=len(had))
            self.reached += len(had)
        if not rest:
            batches.accept(self.connection, batch.key, from_states=SETTLED, now=self.now)
            return
        doubts = {number for attempt in attempts for number in attempt.doubtful()}
        doubtful = sorted(doubts.intersection(rest))
        if doubtful:
            self._keep(batch, rest, doubtful)
        elif batch.state in IN_DOUBT:
            self._release(batch, len(rest))

    def _keep(self, batch: Batch, rest: Sequence[int], doubtful: Sequence[int]) -> None:
        """Keep the doubtful deliveries; only a single one is cut out of its batch."""
        if len(doubtful) > 1 or len(rest) == 1:
            if batch.state is BatchState.PREPARED:
                self._doubt(batch.key, len(rest))
            return
        (number,), last = doubtful, batch.last_seq
        cut = [(number, number)] if rest[0] < number else []
        cut += [(number + 1, last)] if rest[-1] > number else []
        seq = batches.last_seq(self.connection, batch.issue_id) + 1
        # Loaded again: what was settled one by one has changed its counters.
        counted = batches.load(self.connection, batch.key) or batch
        pieces.split_off(self.connection, counted, cut, batch.provider, unknown_at=None)
        self.unsent += len(rest) - 1
        if rest[0] < number:
            if batch.state in IN_DOUBT:
                batches.prepare_unsent(self.connection, batch.key)
            self._doubt((batch.issue_id, seq), 1)
        elif batch.state is BatchState.PREPARED:
            self._doubt(batch.key, 1)
        else:
            self.doubtful += 1

    def _release(self, batch: Batch, people: int) -> None:
        batches.prepare_unsent(self.connection, batch.key)
        self.unsent += people

    def _doubt(self, key: BatchKey, people: int) -> None:
        """Mark a prepared batch; the policy decides about it only if no restore is involved."""
        if self.restored:
            prepared = [BatchState.PREPARED]
            batches.hold(self.connection, key, from_states=prepared, reason=RESTORED)
        else:
            batches.doubt(self.connection, key, reason=STOPPED, now=self.now)
        self.doubtful += people


def frozen_issue(connection: sa.Connection, issue: Issue, planned: int) -> FrozenIssue:
    """Return what the journal records of an issue whose audience is being frozen."""
    frozen_at = issue.frozen_at.isoformat() if issue.frozen_at else ""
    return FrozenIssue(
        epoch=epoch.read(connection),
        issue_id=issue.id,
        newsletter=issue.newsletter,
        kind=issue.kind.value,
        nominal=issue.nominal,
        due_at=issue.due_at.isoformat(),
        subject=issue.subject,
        frozen_at=frozen_at,
        planned=planned,
        articles=_printed(connection, issue.id),
    )


def introduce(connection: sa.Connection, journal: SubmissionJournal, issue_id: int) -> None:
    """Record the frozen audience of an issue that another host froze.

    The attempts of this host mean nothing without it.
    """
    issue = issues.load(connection, issue_id)
    frozen_at = issue.frozen_at.isoformat() if issue.frozen_at else ""
    if journal.lacks(issue_id, epoch.read(connection), frozen_at):
        planned = totals.planned(connection, issue_id)
        journal.freeze(frozen_issue(connection, issue, planned))


def _printed(connection: sa.Connection, issue_id: int) -> list[str]:
    """Return the URLs of the articles that an issue prints, or titles where there is none."""
    printed = [item for item in issues.load_items(connection, issue_id) if item.included]
    return list(dict.fromkeys(item.url or item.title for item in printed))


def submissions(
    connection: sa.Connection, journal: SubmissionJournal, issue_id: int
) -> JournaledIssue | None:
    """Return what the journal knows of an issue that may have been submitted, None if nothing."""
    known = submitted.read(journal.lines(issue_id), epoch.read(connection), journal.boot)
    return known if known is not None and known.was_submitted else None
