"""Which column of a list means what: by its name, and by the values in it; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from subscribers.errors import ImportRefused, Remedy, UnclearStatus
from subscribers.phrase import Phrase
from subscribers.roster.headers import may_refuse_email, status_field
from subscribers.roster.profiles import Profile
from subscribers.roster.statuses import StatusColumn, is_understood
from subscribers.roster.vocabulary import (
    FIELD_NAMES,
    LETTERS,
    StatedStatus,
    StatusField,
    fold,
    looks_like_status,
    status_words,
)

FIELDS = tuple(dict.fromkeys((*FIELD_NAMES.values(), *StatusField)))
"""What a column can mean."""
_BEFORE = {"left_at": StatusField.UNSUBSCRIBED.value, "cleaned_at": StatusField.BOUNCED.value}
"""Names of fields in earlier versions."""

_EMAIL = re.compile(r"mail|메일|correo|courriel|почта|邮")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_ENGLISH_FIRST_NAMES = frozenset({"firstname", "givenname", "fname", "forename"})
_EITHER_NAME = frozenset({"nom", "name", "nome", "naam"})
"""In "Prénom; Nom" and in "Vorname; Name", this is the last name."""

Cells = Sequence[Mapping[str, str]]
"""The first rows of a list, header to cell."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the importer specifies in place of a guess.

    `mapping` maps a field to a header; an empty header means that the field is not read. `ignored`
    are headers that are not read. `words` maps folded words of status columns to their meaning.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    words: Mapping[str, StatedStatus] = field(default_factory=dict)
    delimiter: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are read: fields to headers, and the columns that state a status."""

    fields: Mapping[str, str]
    statuses: tuple[StatusColumn, ...]
    words: Mapping[str, StatedStatus]


@lru_cache(maxsize=1024)
def meaning_of(header: str) -> str:
    """Return the field that a header names, or ""."""
    return FIELD_NAMES.get(fold(header), "")


def columns_of(
    headers: Sequence[str], sample: Cells, choices: Choices, name: str, profile: Profile | None
) -> Columns:
    """Find the columns to read.

    Raises ImportRefused if the choices name a missing column or no column contains addresses, and
    UnclearStatus if a column looks like a status and is not understood.
    """
    mapping = checked(headers, choices, name)
    readable = [header for header in headers if header not in choices.ignored]
    mapped = {header for header in mapping.values() if header}
    statuses = _status_columns(readable, sample, mapping, profile)
    taken = {column.header for column in statuses if fold(column.header) != "suppressed"} | mapped
    fields = _fields([header for header in readable if header not in taken], sample, profile)
    fields |= {field: header for field, header in mapping.items() if field not in set(StatusField)}
    if not mapping.get("address") and fields.get("address") is None:
        fields["address"] = _address_column([h for h in readable if h not in taken], sample)
    fields = {field: header for field, header in fields.items() if header}
    if "address" not in fields:
        msg = Phrase(
            "{name}: no column contains email addresses; its columns are {shown}",
            name=name,
            shown=_shown(headers),
        )
        raise ImportRefused(msg, Remedy.MAP_COLUMN)
    statuses = tuple(column for column in statuses if column.header != fields["address"])
    words = {**(profile.words if profile else {}), **choices.words}
    words = {**_letters(statuses, sample), **words}
    used = {*fields.values(), *(column.header for column in statuses)}
    _check_unclear([h for h in readable if h not in used], statuses, sample, words, profile)
    return Columns(fields, statuses, words)


def checked(headers: Sequence[str], choices: Choices, name: str) -> dict[str, str]:
    """Return the mapping of the importer; raise ImportRefused for an unknown field or column."""
    found: dict[str, str] = {}
    for meaning, header in choices.mapping.items():
        wanted = _BEFORE.get(meaning, meaning)
        if wanted not in FIELDS:
            msg = Phrase(
                "unknown field “{meaning}”; expected one of {fields}",
                meaning=meaning,
                fields=", ".join(FIELDS),
            )
            raise ImportRefused(msg)
        found[wanted] = header
    for header in (*found.values(), *choices.ignored):
        if header and header not in headers:
            msg = Phrase(
                "{name} has no column “{header}”; its columns are {shown}",
                name=name,
                header=header,
                shown=_shown(headers),
            )
            raise ImportRefused(msg)
    return found


def _fields(headers: Sequence[str], sample: Cells, profile: Profile | None) -> dict[str, str]:
    """Map fields to headers by their names; the first column of each meaning is read."""
    known = profile.fields if profile else {}
    ignored = profile.ignored if profile else frozenset[str]()
    headers = [header for header in headers if fold(header) not in ignored]
    fields: dict[str, str] = {}
    if address := _address_column(headers, sample):
        fields["address"] = address
    for header in sorted(headers, key=lambda header: fold(header) not in known):
        meaning = known.get(fold(header), meaning_of(header))
        if meaning and meaning != "address" and header != address:
            fields.setdefault(meaning, header)
    return _told_apart(fields)


def _told_apart(fields: dict[str, str]) -> dict[str, str]:
    """Return the fields with a "name" that is only the first or the last name as such."""
    name, first, last = (fields.get(field, "") for field in ("name", "first_name", "last_name"))
    if name and first and not last:
        foreign = fold(first) not in _ENGLISH_FIRST_NAMES
        if foreign and fold(name) in _EITHER_NAME:
            del fields["name"]
            fields["last_name"] = name
    elif name and last and not first:
        del fields["name"]
        fields["first_name"] = name
    return fields


def _status_columns(
    headers: Sequence[str], sample: Cells, mapping: Mapping[str, str], profile: Profile | None
) -> tuple[StatusColumn, ...]:
    """Return the columns that state a status: as mapped, by name, and by their values."""
    ignored = profile.ignored if profile else frozenset[str]()
    known = profile.fields if profile else {}
    chosen = {header: field for field, header in mapping.items() if header}
    skipped = {field for field, header in mapping.items() if not header}
    found = []
    for header in headers:
        folded = fold(header)
        if header in chosen:
            field = chosen[header]
            if field in set(StatusField):
                found.append(_column(header, StatusField(field), profile))
            continue
        if folded in ignored:
            continue
        by_name = (profile.statuses if profile else {}).get(folded)
        if by_name is None and folded not in known and not meaning_of(header):
            by_name = status_field(header, _cells(header, sample))
        if by_name is not None and by_name.value not in skipped:
            found.append(_column(header, by_name, profile))
        elif by_name is None and not meaning_of(header) and status_words(_cells(header, sample)):
            found.append(_column(header, StatusField.STATUS, profile))
    return tuple(found)


def _column(header: str, field: StatusField, profile: Profile | None) -> StatusColumn:
    return StatusColumn(header, field, (profile.labels if profile else {}).get(fold(header), ""))


def _letters(statuses: Iterable[StatusColumn], sample: Cells) -> Mapping[str, StatedStatus]:
    """Return the meanings of C, S, U and B if a status column contains nothing else and a U."""
    for column in statuses:
        letters = {fold(cell) for cell in _cells(column.header, sample)}
        if column.field is StatusField.STATUS and "u" in letters and letters <= set(LETTERS):
            return LETTERS
    return {}


def _check_unclear(
    unused: Iterable[str],
    statuses: Iterable[StatusColumn],
    sample: Cells,
    words: Mapping[str, StatedStatus],
    profile: Profile | None,
) -> None:
    """Raise UnclearStatus for a column that looks like a status and is not understood."""
    ignored = profile.ignored if profile else frozenset[str]()
    for header in unused:
        # A field by name, such as "subscription date", is understood even if it is not read.
        if fold(header) in ignored or meaning_of(header):
            continue
        cells = _cells(header, sample)
        if looks_like_status(header) or may_refuse_email(header, cells):
            raise UnclearStatus(header, _examples(cells))
    for column in statuses:
        cells = _cells(column.header, sample)
        if cells and not any(is_understood(column, cell, words) for cell in cells):
            raise UnclearStatus(column.header, _examples(cells))


def _cells(header: str, sample: Cells) -> list[str]:
    return [cell for row in sample if (cell := row.get(header, "").strip())]


def _examples(cells: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cell[:40] for cell in cells))[:5]


def _address_column(headers: Sequence[str], sample: Cells) -> str:
    """Return the column of email addresses: by name and content, by content, or by name."""
    meant = [header for header in headers if meaning_of(header) == "address"]
    clearly = [header for header in meant if _EMAIL.search(fold(header))]
    perhaps = [header for header in headers if _EMAIL.search(fold(header))]
    by_name = [*clearly, *perhaps, *meant]
    held = [header for header in [*by_name, *headers] if _holds_addresses(header, sample)]
    return next(iter([*held, *clearly, *meant, *([] if sample else perhaps)]), "")


def _holds_addresses(header: str, sample: Cells) -> bool:
    cells = _cells(header, sample)
    return bool(cells) and 2 * sum(map(is_address, cells)) >= len(cells)


def is_address(cell: str) -> bool:
    """Return whether a cell looks like an email address and nothing else."""
    return bool(_ADDRESS.fullmatch(cell.strip()))


def _shown(headers: Sequence[str]) -> str:
    return ", ".join(header[:40] for header in headers[:12])
