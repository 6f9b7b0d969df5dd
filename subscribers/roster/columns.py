"""Which column of a list means what: by its name, and for addresses by what stands in it; pure."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from subscribers.errors import ImportRefused, Remedy

_NAMES = {
    "address": "email emailaddress address mail e-mail 이메일 메일 correo courriel adresse",
    "name": "name fullname displayname 이름 성명 nom nombre",
    "first_name": "firstname givenname fname prenom vorname",
    "last_name": "lastname surname familyname lname nachname",
    "language": "language lang locale 언어 sprache langue",
    "tags": "tags tag groups segments 태그",
    "topics": "topics topic interests 관심주제 주제",
    "labels": "labels label",
    "newsletters": "newsletters newsletter lists list 뉴스레터",
    "subscriptions": "subscriptions",
    "status": "status state subscribed subscribedtoemails 상태",
    "frequency": "frequency",
    "consent": "consent consentat consenttime consentedat confirmtime optintime confirmedat optedinat 동의일 동의",
    "consent_source": "source consentsource",
    "consents": "consents",
    "suppressed": "suppressed",
    "created_at": "createdat created signupdate datejoined joined subscribedat 가입일",
    "acted_at": "actedat",
    "attributes": "attributes attribs",
    "left_at": "leftat unsubtime unsubscribedat",
    "cleaned_at": "cleanedat cleantime",
}
FIELDS = tuple(_NAMES)
"""What a column can mean to us."""
_MEANINGS = {name: meaning for meaning, names in _NAMES.items() for name in names.split()}

_MAIL = re.compile(r"mail|메일|correo|courriel")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")

Cells = Sequence[Mapping[str, str]]
"""The first rows of a list, header to cell."""


@lru_cache(maxsize=1024)
def meaning_of(header: str) -> str:
    """Return the field that a header names, or ""."""
    return _MEANINGS.get(plain(header), "")


def plain(header: str) -> str:
    """Return the form in which headers are compared."""
    return re.sub(r"[\s_.-]+", "", header).casefold()


def columns_of(
    headers: Sequence[str], sample: Cells, mapping: Mapping[str, str], name: str
) -> dict[str, str]:
    """Map fields to headers; `mapping` overrides, and an empty header there means: do not read.

    Raises ImportRefused where `mapping` names what is not there, or no column holds addresses.
    """
    columns: dict[str, str] = {}
    chosen = mapping.get("address") or _addresses(headers, sample)
    if chosen:
        columns["address"] = chosen
    for header in headers:
        meaning = meaning_of(header)
        if meaning and meaning != "address" and header != chosen:
            columns.setdefault(meaning, header)
    columns |= checked(headers, mapping, name)
    columns = {meaning: header for meaning, header in columns.items() if header}
    if "address" not in columns:
        msg = f"{name}: no column contains email addresses; its columns are {_shown(headers)}"
        raise ImportRefused(msg, Remedy.MAP_COLUMN)
    return columns


def _addresses(headers: Sequence[str], sample: Cells) -> str:
    """Return the column of mail addresses: what says so and holds some, what holds some, what says so."""
    meant = [header for header in headers if meaning_of(header) == "address"]
    clearly = [header for header in meant if _MAIL.search(plain(header))]
    perhaps = [header for header in headers if _MAIL.search(plain(header))]
    by_name = [*clearly, *perhaps, *meant]
    held = [header for header in [*by_name, *headers] if _hold(header, sample)]
    return next(iter([*held, *clearly, *meant, *([] if sample else perhaps)]), "")


def _hold(header: str, sample: Cells) -> bool:
    cells = [cell for row in sample if (cell := row.get(header, "").strip())]
    return bool(cells) and 2 * sum(map(bool, map(_ADDRESS.fullmatch, cells))) >= len(cells)


def checked(headers: Sequence[str], mapping: Mapping[str, str], name: str) -> dict[str, str]:
    """Return what was mapped by hand; an empty header means: do not read this."""
    for meaning, header in mapping.items():
        if meaning not in FIELDS:
            msg = f"unknown field “{meaning}”; expected one of {', '.join(FIELDS)}"
            raise ImportRefused(msg)
        if header and header not in headers:
            msg = f"{name} has no column “{header}”; its columns are {_shown(headers)}"
            raise ImportRefused(msg)
    return dict(mapping)


def _shown(headers: Sequence[str]) -> str:
    return ", ".join(header[:40] for header in headers[:12])
