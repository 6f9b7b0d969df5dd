"""Export subscribers page by page, as a table that spreadsheets open safely or as JSON lines.

Both can be imported again without loss: see `own_export`.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TextIO

import sqlalchemy as sa

from subscribers.directory import record_of, suppression_record
from subscribers.roster.formulas import defused
from subscribers.store import people, proofs
from subscribers.store.tables import subscribers, suppressions

COLUMNS = (
    "address",
    "name",
    "language",
    "timezone",
    "answers",
    "topics",
    "labels",
    "subscriptions",
    "suppressed",
    "consents",
    "created_at",
    "acted_at",
)
PAGE = 1_000


def export(
    engine: sa.Engine,
    stream: TextIO,
    *,
    kind: Literal["csv", "jsonl"] = "csv",
    among: sa.Select[tuple[int]] | None = None,
) -> int:
    """Write all subscribers, or those of `among`, to a stream; return how many.

    Without `among`, suppressed addresses that belong to no subscriber follow at the end.
    """
    put = _table(stream) if kind == "csv" else _lines(stream)
    count = 0
    for record in _records(engine, among):
        put(record)
        count += 1
    return count


def _records(engine: sa.Engine, among: sa.Select[tuple[int]] | None) -> Iterator[Mapping[str, Any]]:
    after = 0
    while True:
        with engine.begin() as connection:
            found = people.page(connection, after, PAGE, among)
            consents = proofs.consents_of(connection, [person.id for person in found])
        if not found:
            break
        for person in found:
            yield record_of(person, consents.get(person.id, ()))
        after = found[-1].id
    if among is None:
        yield from _orphans(engine)


def _orphans(engine: sa.Engine) -> Iterator[Mapping[str, Any]]:
    known = sa.exists().where(subscribers.c.address_key == suppressions.c.address_key)
    after = ""
    while True:
        page = (
            sa.select(suppressions.c.address_key)
            .where(suppressions.c.address_key > after, ~known)
            .order_by(suppressions.c.address_key)
            .limit(PAGE)
        )
        with engine.begin() as connection:
            keys = connection.scalars(page).all()
            suppressed = people.suppressed(connection, keys)
        if not keys:
            return
        for key in keys:
            empty = dict.fromkeys(COLUMNS, "")
            nothing: dict[str, Any] = {
                "topics": [],
                "labels": [],
                "subscriptions": [],
                "consents": [],
            }
            yield (
                empty
                | nothing
                | {"address": key, "suppressed": suppression_record(suppressed[key])}
            )
        after = keys[-1]


class _Table:
    def __init__(self, stream: TextIO) -> None:
        self._rows = csv.writer(stream)
        self._rows.writerow(COLUMNS)

    def __call__(self, record: Mapping[str, Any]) -> None:
        self._rows.writerow([defused(_cell(record[column])) for column in COLUMNS])


def _table(stream: TextIO) -> _Table:
    return _Table(stream)


class _Lines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, record: Mapping[str, Any]) -> None:
        self._stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def _lines(stream: TextIO) -> _Lines:
    return _Lines(stream)


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    names = [name for name in value if isinstance(name, str)]
    if len(names) == len(value) and not any(set('[],;|"') & set(name) for name in names):
        return "; ".join(names)
    return json.dumps(value, ensure_ascii=False)
