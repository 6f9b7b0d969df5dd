"""Read a source once without storing anything, and say what a collection would do with it."""

from dataclasses import dataclass, replace

import sqlalchemy as sa

from newsletter.collect.deciding import identity
from newsletter.collect.deciding.decide import Match, decide
from newsletter.collect.gather import Gatherer
from newsletter.collect.parsing.sandbox import Sandbox
from newsletter.collect.reader import Candidate
from newsletter.fetch.client import Clock, Fetcher
from newsletter.model.source import Source, SourceState
from newsletter.store.content import articles

READ = 5
"""How many articles are really fetched; a test should not cost the other side a whole backfill."""


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """One entry: what would become of it, and what was found in it."""

    verdict: str
    title: str
    url: str
    detail: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What a source shows; `problem` is set when it could not be read at all."""

    source: str
    found: int = 0
    rows: tuple[ProbeRow, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


def probe(engine: sa.Engine, source: Source, fetcher: Fetcher, clock: Clock) -> Probe:
    """Read a source as on a first collection, at most a few articles of it; store nothing."""
    few = replace(source, backfill=min(source.backfill, READ))
    with Sandbox() as sandbox:
        gatherer = Gatherer(engine, fetcher, sandbox, clock, memory=False)
        gathered = gatherer.gather(few, SourceState(source.key))
    if gathered.problem:
        return Probe(source.key, problem=gathered.problem)
    with engine.connect() as connection:
        rows = tuple(_row(connection, source, one, clock) for one in gathered.candidates)
    notes = [gathered.note] if gathered.note else []
    if gathered.found == 0:
        notes.append("it parses but yields nothing")
    if source.backfill > READ and gathered.found > READ:
        notes.append(f"the first collection would read {source.backfill}; here only {READ} were")
    return Probe(source.key, gathered.found, rows, gathered.skipped, tuple(notes))


def _row(connection: sa.Connection, source: Source, candidate: Candidate, clock: Clock) -> ProbeRow:
    entry, content = candidate.entry, candidate.content
    title = content.title if content else entry.title or entry.url or entry.key
    if content is None:
        return ProbeRow("not taken", title, entry.url, candidate.reason)
    keys = identity.keys(source, entry, content)
    known = articles.matching(connection, keys)
    matches = [
        Match(articles.load(connection, known[key]), key.kind) for key in keys if key in known
    ]
    stored = articles.content_hash(connection, matches[0].article.id) if matches else ""
    decision = decide(source.key, content, matches, stored, clock())
    if candidate.backlog:
        return ProbeRow("seen", title, entry.url, "older than the newest of the first collection")
    authors = ", ".join(author.name for author in content.authors) or "no author"
    detail = f"{content.published or 'no date'}, {authors}, {content.words} words, {len(content.takeaways)} takeaways"
    reason = decision.why or candidate.reason
    return ProbeRow(
        decision.verdict,
        title,
        content.url or entry.url,
        f"{detail}; {reason}" if reason else detail,
    )
