"""Read a source without storing anything, and report what a collection would do."""

from dataclasses import dataclass, replace

import sqlalchemy as sa

from newsletter.collect.deciding import identity
from newsletter.collect.deciding.decide import Match, decide
from newsletter.collect.gather import Gatherer
from newsletter.collect.parsing.sandbox import USER, Sandbox
from newsletter.collect.reader import ReadEntry
from newsletter.fetch.client import Clock, Fetcher
from newsletter.model.source import Source, SourceState
from newsletter.store.content import articles

READ = 5
"""The most articles to fetch: a test should not cost the site a whole backfill."""


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """An entry: its outcome in a collection, and what was found in it."""

    verdict: str
    title: str
    url: str
    detail: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found in a source. `problem` is set if the source could not be read."""

    source: str
    found: int = 0
    rows: tuple[ProbeRow, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


def probe(
    engine: sa.Engine, source: Source, fetcher: Fetcher, clock: Clock, *, user: str = USER
) -> Probe:
    """Read a source as in a first collection, but only a few articles. Stores nothing.

    `user` is that of the parsing process.
    """
    few = replace(source, backfill=min(source.backfill, READ))
    with Sandbox(user=user) as sandbox:
        gatherer = Gatherer(engine, fetcher, sandbox, clock, memory=False)
        gathered = gatherer.gather(few, SourceState(source.key))
    if gathered.problem:
        return Probe(source.key, problem=gathered.problem)
    with engine.connect() as connection:
        rows = tuple(
            _row(connection, source, candidate, clock) for candidate in gathered.candidates
        )
    notes = [gathered.note] if gathered.note else []
    if gathered.found == 0:
        notes.append("readable but empty")
    if source.backfill > READ and gathered.found > READ:
        notes.append(
            f"the first collection would read {source.backfill} articles; this test read {READ}"
        )
    return Probe(source.key, gathered.found, rows, gathered.skipped, tuple(notes))


def _row(connection: sa.Connection, source: Source, candidate: ReadEntry, clock: Clock) -> ProbeRow:
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
