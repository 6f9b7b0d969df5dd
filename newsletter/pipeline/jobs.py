"""The work of a pass as jobs: pieces that workers on different machines may do at the same time.

What is due is read from the rows. A job may be lost, doubled, or run late: the next reading brings
back what is still due, and a job that finds nothing to do ends.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import sqlalchemy as sa

from newsletter.model.source import Source
from newsletter.pipeline import gates
from newsletter.pipeline.report import Step, StepName
from newsletter.pipeline.tools import Tools
from newsletter.send import claimable, run
from newsletter.store import holding
from subscribers.roster import latest


class Queue(StrEnum):
    """The queues that a worker may be limited to."""

    COLLECT = "collect"
    EDIT = "edit"
    SEND = "send"
    EVENTS = "events"
    NOTICES = "notices"
    IMPORTS = "imports"


class Kind(StrEnum):
    """What a job does."""

    NOTICES = "notices"
    EVENTS = "events"
    FREEZE = "freeze"
    LANE = "lane"
    EDIT = "edit"
    UPKEEP = "upkeep"
    CHUNK = "chunk"
    SUPPRESSIONS = "imports"  # as in the jobs of earlier versions
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class JobRule:
    """Where jobs of a kind wait, how urgent they are, and which steps they perform in order.

    Of the jobs that wait, the one with the highest priority begins first. The reports of single
    sources are not `recorded`: their health is kept, and the watchdog reports what lasts.
    """

    queue: Queue
    priority: int
    steps: tuple[StepName, ...]
    recorded: bool = True


RULES = {
    Kind.NOTICES: JobRule(Queue.NOTICES, 80, (StepName.NOTICES,)),
    Kind.EVENTS: JobRule(
        Queue.EVENTS, 60, (StepName.MAILBOX, StepName.EVENTS, StepName.REPORTS, StepName.GROWTH)
    ),
    Kind.FREEZE: JobRule(Queue.SEND, 50, (StepName.JOURNALS, StepName.FREEZE)),
    Kind.LANE: JobRule(Queue.SEND, 40, (StepName.JOURNALS, StepName.LANE)),
    Kind.EDIT: JobRule(
        Queue.EDIT,
        30,
        (StepName.DRAFT, StepName.RENDER, StepName.APPROVE, StepName.WELCOME, StepName.INACTIVE),
    ),
    Kind.UPKEEP: JobRule(
        Queue.EDIT, 20, (StepName.RETENTION, StepName.BACKUP, StepName.WATCH, StepName.STATUS)
    ),
    Kind.CHUNK: JobRule(Queue.IMPORTS, 15, (StepName.IMPORTS,)),
    Kind.SUPPRESSIONS: JobRule(Queue.IMPORTS, 10, (StepName.SUPPRESSIONS,)),
    Kind.SOURCE: JobRule(Queue.COLLECT, 0, (StepName.SOURCE,), recorded=False),
}
KEYED = frozenset(
    {StepName.FREEZE, StepName.LANE, StepName.SOURCE, StepName.IMPORTS, *RULES[Kind.EDIT].steps}
)
"""The steps that are limited to what the key of the job names."""
ALONE = (Kind.NOTICES, Kind.EVENTS, Kind.UPKEEP, Kind.SUPPRESSIONS)
"""The kinds of which there is one job at most."""


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work. `key` names the source, newsletter, issue, lane or chunk that it is about.

    Jobs with the same `turn` are done one after the other.
    """

    kind: Kind
    key: str = ""
    turn: str = ""

    @property
    def rule(self) -> JobRule:
        """Return the rule for its kind."""
        return RULES[self.kind]

    @property
    def name(self) -> str:
        """Return the name that no two waiting jobs have."""
        return f"{self.kind} {self.key}".strip()

    @property
    def steps(self) -> list[Step]:
        """Return its steps, in order."""
        return [Step(name, self.key if name in KEYED else "") for name in self.rule.steps]


def due(tools: Tools) -> list[Job]:
    """Return every job that is due now, by one read transaction."""
    context = tools.context
    with context.reader.connect() as connection:
        return [
            *(Job(kind) for kind in ALONE if _is_needed(tools, connection, Job(kind))),
            *_issues(tools, connection),
            *_chunks(connection),
            *(
                Job(Kind.SOURCE, source.key, _host(source))
                for source in gates.due_sources(tools, connection)
            ),
        ]


def _chunks(connection: sa.Connection) -> Iterator[Job]:
    """Yield the next chunk of each import: two at once would wait for each other's transaction."""
    if not holding.is_held(connection):
        for chunk in latest.next_of_each(connection):
            yield Job(Kind.CHUNK, str(chunk))


def _issues(tools: Tools, connection: sa.Connection) -> Iterator[Job]:
    context = tools.context
    for newsletter in context.publication.newsletters:
        job = Job(Kind.EDIT, newsletter.key)
        if _is_needed(tools, connection, job):
            yield job
    if holding.is_held(connection):
        return
    for issue_id in run.departing(connection, context.publication, context.now()):
        yield Job(Kind.FREEZE, str(issue_id))
    number = claimable.count(
        connection,
        context.publication,
        context.senders,
        context.now(),
        context.most_lanes(connection),
    )
    for lane in range(number):
        yield Job(Kind.LANE, str(lane))


def _is_needed(tools: Tools, connection: sa.Connection, job: Job) -> bool:
    return any(gates.GATES[step.name](tools, connection, step.key) for step in job.steps)


def _host(source: Source) -> str:
    return f"host {urlsplit(source.url).netloc.lower()}" if source.url else ""
