"""What kind of file this is: encoding, delimiter, whose export, which column means what."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from charset_normalizer import from_bytes

from subscribers.errors import ImportRefused

Format = Literal["own", "listmonk", "mailchimp", "ghost", "columns", "jsonl"]

SAMPLE = 1 << 18
"""How many bytes are looked at to find the encoding."""

COLUMNS_LIMIT = 500

FIELDS = (
    "address",
    "name",
    "first_name",
    "last_name",
    "language",
    "tags",
    "topics",
    "labels",
    "newsletters",
    "subscriptions",
    "status",
    "frequency",
    "consent",
    "consent_source",
    "consents",
    "suppressed",
    "created_at",
    "attributes",
    "left_at",
    "cleaned_at",
)
"""What a column can mean to us."""

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
    "attributes": "attributes attribs",
    "left_at": "unsubtime unsubscribedat",
    "cleaned_at": "cleantime",
}
_MEANING = {name: meaning for meaning, names in _NAMES.items() for name in names.split()}

_KNOWN: tuple[tuple[Format, frozenset[str]], ...] = (
    ("own", frozenset({"address", "subscriptions", "consents", "topics", "labels"})),
    ("listmonk", frozenset({"uuid", "email", "name", "attributes", "status"})),
    ("mailchimp", frozenset({"emailaddress", "leid", "euid"})),
    ("ghost", frozenset({"email", "subscribedtoemails", "complimentaryplan"})),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is read; `columns` maps our fields to its headers."""

    format: Format
    encoding: str
    delimiter: str
    columns: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Say how the file will be read, for a person to check."""
        kind = {"columns": "a table", "jsonl": "JSON lines", "own": "our own export"}
        shown = kind.get(self.format, f"an export of {self.format.capitalize()}")
        mapped = [f"{meaning} from “{header}”" for meaning, header in self.columns.items()]
        unused = [f"not used: {', '.join(self.unused)}"] if self.unused else []
        return [f"read as {shown} in {self.encoding}", *mapped, *unused]


def recognise(
    head: bytes, *, name: str, mapping: Mapping[str, str], encoding: str = "", delimiter: str = ""
) -> Layout:
    """Find out how to read a file from its first bytes; `mapping` (field to header) overrides.

    Raises ImportRefused when it holds no table or no column of addresses.
    """
    encoding = encoding or guess_encoding(head)
    text = _decoded(head, encoding, name)
    first = text.lstrip("\ufeff\n\r ").split("\n", 1)[0].rstrip("\r")
    if not first:
        msg = f"{name} is empty; expected a first line with the names of the columns"
        raise ImportRefused(msg)
    if first.startswith("{"):
        return Layout("jsonl", encoding, "", dict(mapping))
    delimiter = delimiter or guess_delimiter(first)
    headers = header_row(text, delimiter, name)
    return _mapped(headers, name, mapping, Layout("columns", encoding, delimiter))


def guess_encoding(head: bytes) -> str:
    """Return the encoding of the first bytes of a file; UTF-8 wherever it fits."""
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if head.startswith(mark):
            return name
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 3 and len(head) >= SAMPLE:
            return "utf-8"
    else:
        return "utf-8"
    found = from_bytes(head[:65536]).best()
    return found.encoding if found else "cp1252"


def guess_delimiter(first: str) -> str:
    """Return the delimiter that splits the first line, outside quotation marks, most often."""
    bare = re.sub(r'"[^"]*"', "", first)
    return max(",;\t|", key=bare.count)


def header_row(text: str, delimiter: str, name: str) -> list[str]:
    """Read the names of the columns; raise ImportRefused if they cannot be told apart."""
    try:
        headers = next(csv.reader(text.lstrip("\ufeff\r\n ").splitlines(), delimiter=delimiter))
    except csv.Error as error:
        msg = f"{name}, line 1: {error}; expected the names of the columns"
        raise ImportRefused(msg) from error
    if len(headers) > COLUMNS_LIMIT:
        msg = f"{name} has {len(headers)} columns; at most {COLUMNS_LIMIT} are read"
        raise ImportRefused(msg)
    return [header.strip() for header in headers]


def _decoded(head: bytes, encoding: str, name: str) -> str:
    try:
        text = head.decode(encoding, errors="ignore")
    except LookupError as error:
        msg = f"there is no encoding “{encoding}”; for {name} try utf-8, cp949, cp1252 or utf-16"
        raise ImportRefused(msg) from error
    if "\0" in text:
        msg = f"{name} is no text; expected a table (CSV) or JSON lines"
        raise ImportRefused(msg)
    return text


def _mapped(
    headers: Sequence[str], name: str, mapping: Mapping[str, str], layout: Layout
) -> Layout:
    plain = {_plain(header) for header in headers}
    kind = next((kind for kind, needed in _KNOWN if needed <= plain), layout.format)
    columns: dict[str, str] = {}
    for header in headers:
        meaning = _MEANING.get(_plain(header))
        if meaning and meaning not in columns:
            columns[meaning] = header
    if kind == "mailchimp" and "CONFIRM_TIME" in headers:
        columns["consent"] = "CONFIRM_TIME"
    columns |= _override(headers, mapping, name)
    columns = {meaning: header for meaning, header in columns.items() if header}
    if "address" not in columns:
        shown = ", ".join(header[:40] for header in headers[:12])
        msg = (
            f"{name}: no column looks like a mail address among {shown}; "
            "name it with --map address=COLUMN"
        )
        raise ImportRefused(msg)
    used = set(columns.values())
    unused = tuple(header for header in headers if header and header not in used)
    return Layout(kind, layout.encoding, layout.delimiter, columns, unused)


def _override(headers: Sequence[str], mapping: Mapping[str, str], name: str) -> dict[str, str]:
    """Check what was mapped by hand; an empty column name means: do not read this."""
    for meaning, header in mapping.items():
        if meaning not in FIELDS:
            msg = f"--map {meaning}=…: there is no such field; expected one of {', '.join(FIELDS)}"
            raise ImportRefused(msg)
        if header and header not in headers:
            msg = f"--map {meaning}={header}: {name} has no such column, but {', '.join(headers[:12])}"
            raise ImportRefused(msg)
    return dict(mapping)


def _plain(header: str) -> str:
    return re.sub(r"[\s_.-]+", "", header).casefold()
