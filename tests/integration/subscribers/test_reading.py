"""Files of people as they come: in old encodings, half broken, or made to break us."""

import io
import json
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from subscribers.errors import ImportRefused, SubscribersError
from subscribers.model import Tag, TagKind
from subscribers.roster import run
from subscribers.roster.cells import clean, split
from subscribers.roster.change_set import ChangeSet
from subscribers.roster.columns import Choices
from subscribers.roster.reading import FileLimits, ListFile, RawRow, open_listing
from subscribers.roster.row import Terms
from subscribers.roster.run import ImportJob
from subscribers.roster.undoing import undo
from subscribers.store.tables import consents, imports, subscribers
from tests.fakes.people import NOW, PEPPER

FUZZ = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TERMS = Terms(
    "list.csv",
    NOW,
    {"ships": Tag("ships", "Ships", TagKind.TOPIC)},
    {"weekly": "weekly"},
    into=("weekly",),
)
numbers = count()

FRENCH = ("Françoise Lefèvre", "Hélène Béranger", "Jérôme Noël", "Zoé Garçon", "Cécile Dubœuf")
SPANISH = ("José Muñoz", "María Fernández", "Íñigo Núñez", "Óscar Güell", "Belén Ibáñez")
PORTUGUESE = ("João Conceição", "Inês Magalhães", "Antônio Simões", "Lúcia Guimarães")
GERMAN = ("Jürgen Müller", "Björn Schäfer", "Käthe Größ", "Günter Weiß", "Ursula Jäger")
SWEDISH = ("Åsa Öberg", "Björn Sjögren", "Göran Åkesson", "Märta Lindström", "Håkan Nyström")
DANISH = ("Søren Kjær", "Jørgen Bjørn", "Åse Sørensen", "Mette Nørgård", "Jens Ørsted")
POLISH = ("Łukasz Wałęsa", "Małgorzata Źródło", "Paweł Kamiński", "Józef Piłsudski")
CZECH = ("Jiří Dvořák", "Kateřina Černá", "Tomáš Němec", "Zdeněk Růžička", "Ondřej Šťastný")
RUSSIAN = ("Иван Петров", "Мария Сидорова", "Пётр Щукин", "Юрий Ёлкин", "Анна Зайцева")
KOREAN = ("김철수", "이영희", "박지성", "유채원", "정수빈")
JAPANESE = ("佐藤健", "鈴木一郎", "高橋洋子", "田中さくら", "伊藤マリ")
CHINESE = ("王小明", "李娜", "张伟", "刘洋", "黄磊")
TAIWANESE = ("王小明", "林志玲", "張學友", "蔡英文", "陳水扁")
HOUSES = (
    *(("cp1252", some) for some in (FRENCH, SPANISH, PORTUGUESE, GERMAN, SWEDISH, DANISH)),
    *(("cp1250", some) for some in (POLISH, CZECH)),
    *(("mac_roman", some) for some in (FRENCH, PORTUGUESE, GERMAN, SWEDISH, DANISH)),
    ("cp1251", RUSSIAN),
    ("cp949", KOREAN),
    ("euc_kr", KOREAN),
    ("cp932", JAPANESE),
    ("gb18030", CHINESE),
    ("big5", TAIWANESE),
    *(("utf-8", some) for some in (FRENCH, CZECH, RUSSIAN, KOREAN, JAPANESE, CHINESE)),
)


def listing(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> ListFile:
    """Write a file and recognize it."""
    path = tmp_path / f"{next(numbers)}.csv"
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    return open_listing(path)


def rows(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> list[RawRow]:
    """Return the rows of a file."""
    return list(listing(tmp_path, content, encoding).rows())


def review(engine: sa.Engine, found: ListFile) -> ChangeSet:
    """Look at a list."""
    return run.review(engine, ImportJob(found, TERMS, PEPPER))


def apply(engine: sa.Engine, found: ListFile) -> ChangeSet:
    """Apply a list."""
    return run.apply(engine, ImportJob(found, TERMS, PEPPER), actor="staff", clock=lambda: NOW)


def names_in(found: ListFile) -> list[str]:
    return [raw.cells["name"] for raw in found.rows()]


@pytest.mark.parametrize(("encoding", "names"), HOUSES)
@pytest.mark.parametrize("size", [3, 3_000])
def test_names_come_in_as_they_were_written(
    tmp_path: Path, encoding: str, names: Sequence[str], size: int
) -> None:
    wanted = [names[number % len(names)] for number in range(size)]
    text = "email;name\n" + "".join(f"r{n}@x.org;{name}\n" for n, name in enumerate(wanted))
    assert names_in(listing(tmp_path, text, encoding)) == wanted


@pytest.mark.parametrize(("encoding", "names"), HOUSES)
def test_the_letters_that_tell_may_stand_at_the_end_of_a_long_file(
    tmp_path: Path, encoding: str, names: Sequence[str]
) -> None:
    plain = "".join(f"r{number}@example.org;Ada Keel\n" for number in range(30_000))
    late = "".join(f"{number}@example.org;{name}\n" for number, name in enumerate(names))
    found = listing(tmp_path, f"email;name\n{plain}{late}", encoding)
    assert names_in(found)[30_000:] == list(names)


def test_a_house_of_all_western_languages_is_read_as_one(tmp_path: Path) -> None:
    names = [*FRENCH, *SPANISH, *PORTUGUESE, *GERMAN, *SWEDISH, *DANISH]
    for first in range(len(names) - 1):
        text = f"email;name\na@x.org;{names[first]}\nb@x.org;{names[-1 - first]}\n"
        assert listing(tmp_path, text, "cp1252").layout.encoding == "cp1252"


def test_utf_8_with_a_broken_place_is_refused_rather_than_misread(
    sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    text = "email;name\n" + "".join(f"r{n}@x.org;{name}\n" for n, name in enumerate(CZECH * 20))
    found = listing(tmp_path, text.encode() + b"z@x.org;Jos\xe9\n")
    with pytest.raises(ImportRefused, match="line 102 is not valid utf-8"):
        review(sqlite_engine, found)


@pytest.mark.parametrize(
    "start", ["\n", "\r\n\r\n", "\ufeff", "\ufeff\n", "   \n", "sep=;\n", "\ufeffsep=;\r\n", ";;\n"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_what_stands_before_the_names_of_the_columns_is_passed_over(
    tmp_path: Path, start: str, encoding: str
) -> None:
    (raw,) = rows(tmp_path, f"{start}name;email\nAda;a@example.org\n", encoding)
    assert raw.cells == {"name": "Ada", "address": "a@example.org"}
    assert raw.number == 2 + start.count("\n")


def test_the_delimiter_that_excel_names_is_taken(tmp_path: Path) -> None:
    (raw,) = rows(tmp_path, "sep=|\nemail|Name, first; last\na@example.org|Ada\n")
    assert raw.cells["address"] == "a@example.org"


@pytest.mark.parametrize("char", ["\u2028", "\x0b", "\x0c", "\x85", "\x1c"])
def test_only_a_line_end_ends_the_names_of_the_columns(tmp_path: Path, char: str) -> None:
    found = listing(tmp_path, f"first{char}half,email\nx,a@example.org\n")
    assert found.layout.unused == (f"first{char}half",)
    (raw,) = found.rows()
    assert raw.cells["address"] == "a@example.org"


@pytest.mark.parametrize("delimiter", ["\\t", "tab", "\t"])
def test_a_tab_may_be_written_as_people_write_it(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "list.tsv"
    path.write_text("a,b\temail\nx\ta@example.org\n")
    (raw,) = open_listing(path, Choices(delimiter=delimiter)).rows()
    assert raw.cells["address"] == "a@example.org"


@pytest.mark.parametrize("delimiter", ["::", '"', "\n"])
def test_another_delimiter_than_one_character_is_refused(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text("email\na@example.org\n")
    with pytest.raises(ImportRefused, match="must be one character"):
        open_listing(path, Choices(delimiter=delimiter))


@pytest.mark.parametrize(
    "encoding", ["undefined", "idna", "punycode", "base64", "utf-7", "unicode_escape", "no\0ne"]
)
def test_what_is_no_encoding_of_files_is_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text("email\na@example.org\n")
    with pytest.raises(ImportRefused, match="unknown encoding"):
        open_listing(path, encoding=encoding)


OPEN = 'email,name\na1@x.org,"Al\nb1@x.org,Bo\nc1@x.org,Cy\n'


def test_a_quotation_mark_left_open_swallows_nobody_silently(
    sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    found = listing(tmp_path, OPEN)
    for do in (review, apply):
        with pytest.raises(ImportRefused, match="is a quotation mark left open"):
            do(sqlite_engine, found)
    with sqlite_engine.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(imports)) == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (OPEN + 'd1@x.org,"Di"\ne1@x.org,Ed\n', "a quotation mark is out of place"),
        (OPEN + 'd1@x.org,"\ne1@x.org,Ed\n', "a cell with line ends holds an address"),
    ],
)
def test_rows_between_two_quotation_marks_are_refused_with_their_numbers(
    tmp_path: Path, text: str, says: str
) -> None:
    refused, good = rows(tmp_path, text)
    assert (refused.number, refused.cells) == (2, {})
    assert refused.problem.startswith(says)
    assert "with the 3 lines below" in refused.problem
    assert (good.number, good.cells["address"]) == (6, "e1@x.org")


def test_a_quoted_line_end_in_a_name_or_a_note_is_fine(tmp_path: Path) -> None:
    text = 'email,name,note\n"a@x.org\n","Ada\nKeel","two\r\nlines"\nb@x.org,Bo,\n'
    first, second = rows(tmp_path, text)
    assert first.cells == {"address": "a@x.org", "name": "Ada\nKeel"}
    assert (first.number, second.number) == (2, 6)


def test_a_file_that_cannot_be_read_to_its_end_changes_nothing(
    engine: sa.Engine, tmp_path: Path
) -> None:
    plain = "".join(f"r{number}@example.org,\n" for number in range(6_000))
    path = tmp_path / "late.csv"
    path.write_bytes(f"email,name\n{plain}".encode() + "z@example.org,Zoé\n".encode("cp1252"))
    wrong = open_listing(path, encoding="utf-8")
    with pytest.raises(ImportRefused, match="line 6002 is not valid utf-8"):
        apply(engine, wrong)
    with engine.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(subscribers)) == 0
        assert connection.scalar(sa.select(sa.func.count()).select_from(imports)) == 0
    assert apply(engine, open_listing(path)).counts == {"new": 6_001}


def test_a_file_that_changes_while_it_is_read_says_what_stands_and_how_to_go_on(
    engine: sa.Engine, tmp_path: Path
) -> None:
    people = [f"r{number}@example.org\n" for number in range(40_000)]
    found = listing(tmp_path, "email\n" + "".join(people))

    def spoil(_rows: int) -> None:
        with found.path.open("r+b") as stream:
            stream.seek(-10, 2)
            stream.write(b"\xff" * 10)

    order = ImportJob(found, TERMS, PEPPER, chunk=1_000)
    told = r"The rows above were applied as import 1"
    with pytest.raises(ImportRefused, match=told):
        run.apply(engine, order, actor="staff", clock=lambda: NOW, progress=spoil)
    undone = undo(engine, 1, actor="staff", now=NOW)
    assert 0 < undone.removed < 40_000
    with engine.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(subscribers)) == 0


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("Name,Address,Email\nAda,1 Main Street,a@example.org\n", "Email"),
        ("Name,Address,E-Mail address\nAda,1 Main Street,a@example.org\n", "E-Mail address"),
        ("Name,Mailing address,Contact\nAda,1 Main Street,a@example.org\n", "Contact"),
        ("Email type,Address\nhtml,a@example.org\n", "Address"),
        ("Address,Email\n", "Email"),
        ("Address,Your e-mail\n", "Address"),
        ("Who\na@example.org\nb@example.org\nnobody\n", "Who"),
        ("Email\nnobody\n", "Email"),
        ('{"Name": "Ada", "Address": "1 Main Street", "Email": "a@example.org"}\n', "Email"),
        ('{"E-Mail": "a@example.org"}\n', "E-Mail"),
    ],
)
def test_the_column_of_mail_addresses_is_the_one_that_holds_them(
    tmp_path: Path, text: str, header: str
) -> None:
    found = listing(tmp_path, text)
    assert found.layout.columns["address"] == header
    assert f"address from “{header}”" in found.layout.lines()


def test_json_lines_are_mapped_shown_and_checked_like_a_table(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    one = {"Email": "a@example.org", "Full Name": "Ada", "Shoe": 40, "Sprache": "de"}
    late = {"Email": "b@example.org", "Tags": ["ships"]}
    path.write_text(f"{json.dumps(one)}\n" * 150 + f"{json.dumps(late)}\n")
    found = open_listing(path, Choices({"language": ""}))
    assert found.layout.lines() == [
        "this is JSON lines in utf-8",
        "address from “Email”",
        "name from “Full Name”",
        "not used: Shoe, Sprache",
    ]
    *_, before, last = found.rows()
    assert before.cells == {"address": "a@example.org", "name": "Ada"}
    assert last.cells == {"address": "b@example.org", "tags": '["ships"]'}
    for mapping, says in (
        ({"zzz": "Full Name"}, "unknown field “zzz”; expected one of address, name"),
        ({"name": "Nome"}, "has no column “Nome”; its columns are Email, Full Name"),
    ):
        with pytest.raises(ImportRefused, match=says):
            open_listing(path, Choices(mapping))


def test_half_a_character_refuses_its_line_and_no_other(engine: sa.Engine, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text(
        '{"email": "a@example.org", "name": "\\ud800"}\n'
        '{"email": "b@example.org", "name": "B", "tags": "[\\"\\\\ud800\\"]"}\n'
        '{"email": "c@example.org", "name": "\\ud83d\\ude00"}\n'
    )
    found = apply(engine, open_listing(path))
    assert found.counts == {"new": 2, "refused": 1}
    assert found.examples["refused"][0].words == "this line escapes half a character"


def test_what_postgresql_does_not_take_is_left_out_of_a_text(
    engine: sa.Engine, tmp_path: Path
) -> None:
    standing = {"newsletter": "week\0ly", "state": "unsubscribed", "reason": "\0x", "origin": "y\0"}
    consent = {"newsletter": "weekly", "act": "asked\0", "source": "\0form", "wording": "\0"}
    blocked = {"reason": "bounce", "origin": "\0provider", "detail": "no\0ne"}
    record = {"address": "a@example.org", "name": "A\0da", "subscriptions": [standing]}
    record |= {"consents": [consent], "suppressed": blocked, "topics": ["sh\0ips"]}
    path = tmp_path / "people.jsonl"
    path.write_text(json.dumps(record) + "\n")
    assert apply(engine, open_listing(path)).counts == {"new": 1}
    with engine.begin() as connection:
        assert connection.scalar(sa.select(consents.c.source)) == "form"
        assert connection.scalar(sa.select(subscribers.c.name)) == "A da"


def test_one_newsletter_twice_in_a_record_refuses_it(
    sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    twice = [{"newsletter": "weekly", "state": state} for state in ("unsubscribed", "pending")]
    path = tmp_path / "people.jsonl"
    path.write_text(json.dumps({"address": "a@example.org", "subscriptions": twice}) + "\n")
    found = apply(sqlite_engine, open_listing(path))
    assert found.examples["refused"][0].words == "two subscriptions to the same newsletter"


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ('"Gold, Members"', ["Gold, Members"]),
        ('"Gold, Members","VIP"', ["Gold, Members", "VIP"]),
        ('plus; "a|b" ; ships', ["plus", "a|b", "ships"]),
        ('"5"" disks", 3" tapes', ['5" disks', '3" tapes']),
        ('"left open, other', ["left open", "other"]),
        ("", []),
    ],
)
def test_a_quoted_tag_is_one(cell: str, names: list[str]) -> None:
    assert split(cell) == tuple(names)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ada\x07 \x1b[31mKeel\x00", "Ada [31mKeel"),
        ("Ada\u202eleeK\u2069", "AdaleeK"),
        ("Ada\r\nBcc: x", "Ada Bcc: x"),
        ("=?utf-8?b?QWRh?=", "=?utf-8?b?QWRh?="),
        ("\ud800Ada", "Ada"),
    ],
)
def test_a_name_holds_no_control_characters_and_is_not_decoded(text: str, name: str) -> None:
    assert clean(text) == name


cells = st.text(max_size=12) | st.sampled_from(
    [
        *("a@example.org", "b@example.org", "é@exämple.org", "weekly", "2024-05-01", "cleaned"),
        *("\0", "\ufeff", '"', "\\ud800", '["\\ud800"]', "[" * 2000, "1" * 5000, "{}", "=x", "\r"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "ﷺ" * 120, "x" * 300),
    ]
)
headers = st.sampled_from(
    [
        *("email", "Address", "name", "tags", "topics", "labels", "status", "consent", "source"),
        *("newsletters", "subscriptions", "consents", "suppressed", "created_at", "acted_at"),
        *("attribs", "language", "frequency", "unsub_time", "clean_time", "zzz", "", "\u2028"),
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | cells,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["newsletter", "state", "tags", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
standings = st.fixed_dictionaries(
    {
        "newsletter": cells,
        "state": st.sampled_from(["unsubscribed", "pending", "confirmed", "x"]),
        "since": cells,
        "reason": cells,
        "origin": cells,
    }
)
records = st.dictionaries(headers, values, max_size=6) | st.fixed_dictionaries(
    {
        "address": st.sampled_from([f"r{number}@example.org" for number in range(9)]),
        "name": cells,
        "topics": st.lists(cells, max_size=3),
        "subscriptions": st.lists(standings, max_size=2),
        "consents": st.lists(
            st.fixed_dictionaries({"newsletter": cells, "act": cells, "source": cells, "at": cells})
        ),
        "suppressed": st.none()
        | st.fixed_dictionaries({"reason": cells, "origin": cells, "detail": cells, "at": cells}),
        "created_at": cells,
        "acted_at": cells,
    }
)
tables = st.tuples(
    st.lists(headers, min_size=1, max_size=6),
    st.lists(st.lists(cells, max_size=7), max_size=6),
    st.sampled_from([",", ";", "\t"]),
)


def as_table(drawn: tuple[list[str], list[list[str]], str]) -> bytes:
    """Write a table without quoting anything."""
    head, below, delimiter = drawn
    text = io.StringIO()
    for row in (head, *below):
        text.write(delimiter.join(row) + "\n")
    return text.getvalue().encode("utf-8", "surrogatepass")


def as_lines(found: list[dict[str, object]]) -> bytes:
    """Write JSON lines with whatever escapes they need."""
    return "".join(json.dumps(one) + "\n" for one in found).encode()


files = (
    st.binary(max_size=200)
    | st.builds(lambda rest: b"email,name\na@x.org,Ada\n" + rest, st.binary(max_size=120))
    | st.builds(as_table, tables)
    | st.builds(as_lines, st.lists(records, max_size=4))
)


@FUZZ
@given(content=files)
@example(content=b"\n")
@example(content=b"\xff\xfe")
@example(content=b"\xff\xfe\x00")
@example(content=b'"')
@example(content=b'{"email"')
@example(content="email\na@example.org\n".encode("utf-16-le"))
def test_no_file_ends_in_anything_but_a_clear_error(
    engine: sa.Engine, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "people"
    path.write_bytes(content)
    for encoding in ("", "utf-16", "cp949"):
        with suppress(SubscribersError):
            found = open_listing(path, encoding=encoding)
            review(engine, found)
            apply(engine, found)
    with engine.begin() as connection:
        open_ = sa.select(imports.c.id).where(imports.c.state == "applying")
        assert not connection.scalars(open_).all()


def test_a_cell_of_our_own_may_hold_what_somebody_agreed_to_in_years(tmp_path: Path) -> None:
    told = json.dumps([{"newsletter": "weekly", "act": "confirmed", "source": "x" * 90}] * 1500)
    line = json.dumps({"address": "a@example.org", "consents": json.loads(told)})
    (raw,) = rows(tmp_path, line + "\n")
    assert raw.cells["consents"] == told
    path = tmp_path / "long.csv"
    path.write_text(f"email,name\na@example.org,{'x' * 300}\nb@example.org,B\n")
    limited = open_listing(path, limits=FileLimits(cell=100))
    assert [raw.problem for raw in limited.rows()] == ["a cell is longer than 100 characters", ""]
