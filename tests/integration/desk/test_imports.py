"""Import a list at the desk: any format, columns by hand, the changes first, undo; nothing by accident."""

import io
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from newsletter.maintenance.uploads import Upload, Uploads
from newsletter.model.actor import Role
from newsletter.pipeline.report import Level
from newsletter.web.guard import UPLOADS
from subscribers import directory
from subscribers.roster.reading import open_listing
from subscribers.roster.spreadsheet import as_table
from tests.fakes.desk import StaffedDesk, form, staffed_desk
from tests.fakes.house import House, house
from tests.fakes.sheets import ods, xlsx

PAGE = "/people/imports"
ROWS = [
    ["Who", "Mail", "Groups"],
    ["Nia", "nia@example.org", "VIP"],
    ["Ann", "ann@example.org", ""],
]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        yield made


@pytest.fixture
def desk(opened: House) -> StaffedDesk:
    return staffed_desk(opened.app)


@pytest.fixture
def admin(desk: StaffedDesk) -> TestClient:
    return desk.browser(Role.ADMIN)


def send(desk: StaffedDesk, admin: TestClient, name: str, content: bytes) -> httpx2.Response:
    """Upload a file as a page of this session does."""
    csrf = {"csrf": desk.csrf(admin)}
    answer: httpx2.Response = admin.post(PAGE, data=csrf, files={"file": (name, content)})
    return answer


def stored(opened: House) -> list[Path]:
    return sorted((opened.root / "uploads").glob("*"))


def csv_of(rows: list[list[str]], delimiter: str) -> bytes:
    return "".join(delimiter.join(row) + "\n" for row in rows).encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.csv", csv_of(ROWS, ",")),
        ("list.tsv", csv_of(ROWS, "\t")),
        ("list.xlsx", xlsx(ROWS)),
        ("list.ods", ods(ROWS)),
        ("list.jsonl", b'{"Who": "Nia", "Mail": "nia@example.org", "Groups": "VIP"}\n'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_list_is_uploaded_reviewed_applied_and_undone(
    desk: StaffedDesk, admin: TestClient, opened: House, name: str, content: bytes
) -> None:
    answer = send(desk, admin, name, content)
    assert answer.status_code == 303, answer.text
    one = answer.headers["location"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in stored(opened)] == [0o600, 0o600]
    page = admin.get(one).text
    assert name in page
    assert "nia@example.org" in page
    fields = {"column.0": "name", "column.2": "labels", "attest": "book fair"}
    changes = desk.post(admin, one, fields).text
    assert "Nothing has changed yet." in changes
    assert "1 × new" in changes
    with opened.app.reader.connect() as connection:
        assert directory.find(connection, "nia@example.org") is None
    assert desk.post(admin, f"{one}/apply", {"seen": "x"}).status_code == 409
    fields = form(changes, f"{one}/apply")
    assert desk.post(admin, f"{one}/apply", fields).headers["location"] == PAGE
    assert stored(opened) == [], "any machine can apply it now"
    assert f">{name}<" in admin.get(PAGE).text
    opened.pass_at(opened.at)
    with opened.app.reader.connect() as connection:
        nia = directory.require(connection, "nia@example.org")
    assert (nia.name, nia.slugs) == ("Nia", {"vip"})
    assert nia.subscriptions[0].state == "confirmed"
    assert desk.post(admin, f"{PAGE}/undo/2").status_code == 303
    with opened.app.reader.connect() as connection:
        assert directory.find(connection, "nia@example.org") is None
        assert directory.find(connection, "ann@example.org") is not None
    assert "undone" in admin.get(PAGE).text


def test_what_is_unclear_is_asked_and_nothing_is_guessed(
    desk: StaffedDesk, admin: TestClient, opened: House
) -> None:
    content = b"mail,stanje\nnia@example.org,odjavljen\nola@example.org,aktivan\n"
    one = send(desk, admin, "list.csv", content).headers["location"]
    assert desk.post(admin, one, {"column.1": "status"}).text.count("is not understood")
    wrong = desk.post(admin, one, {"column.1": "status", "words": "odjavljen=away"}).text
    assert "expected WORD=STATUS" in wrong
    words = "odjavljen=unsubscribed\naktivan=subscribed"
    page = desk.post(admin, one, {"column.1": "status", "words": words}).text
    assert "Nothing has changed yet." in page
    assert "aktivan=subscribed" in admin.get(one).text
    assert desk.post(admin, f"{one}/discard").headers["location"] == PAGE
    assert stored(opened) == []
    assert admin.get(one).status_code == 404


def approved(desk: StaffedDesk, admin: TestClient) -> None:
    """Upload, review and approve a list."""
    one = send(desk, admin, "list.csv", csv_of(ROWS, ",")).headers["location"]
    fields = form(desk.post(admin, one).text, f"{one}/apply")
    assert desk.post(admin, f"{one}/apply", fields).status_code == 303
    page = admin.get(PAGE)
    assert page.headers["Refresh"]
    assert "applying" in page.text


def test_an_import_can_be_undone_before_a_pass_applies_it(
    desk: StaffedDesk, admin: TestClient, opened: House
) -> None:
    approved(desk, admin)
    assert desk.post(admin, f"{PAGE}/undo/2").status_code == 303
    page = admin.get(PAGE)
    assert "Refresh" not in page.headers
    assert "undone" in page.text
    opened.pass_at(opened.at)
    with opened.app.reader.connect() as connection:
        assert directory.find(connection, "nia@example.org") is None


def test_a_chunk_that_fails_is_reported_and_a_later_pass_applies_it(
    desk: StaffedDesk, admin: TestClient, opened: House
) -> None:
    approved(desk, admin)
    with opened.app.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON subscribers BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    failed = [line for line in opened.pass_at(opened.at) if line.level is Level.FAILED]
    assert [line.stage for line in failed] == ["imports"]
    with opened.app.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
    assert "Refresh" in admin.get(PAGE).headers
    report = [line.message for line in opened.pass_at(opened.at)]
    assert [line for line in report if line.startswith("import 2, list.csv: applied, ")]
    assert "Refresh" not in admin.get(PAGE).headers


HOSTILE = [
    ("../../etc/passwd", b"root:x:0:0"),
    ("list.xlsx", b"PK\x03\x04 not an archive"),
    ("list.xlsx", xlsx(ROWS)[:700]),
    ("list.ods", b""),
    ("list.csv", b"\x00" * 4_000),
    ("list.csv", b"\xff\xfe\x00\xd8" * 100),
    ("list.jsonl", b'{"a":' * 20_000),
    ("<script>alert(1)</script>.csv", b"mail\n<script>alert(1)</script>\n"),
]


def test_a_hostile_upload_does_nothing(desk: StaffedDesk, admin: TestClient, opened: House) -> None:
    uploads = Uploads(opened.root / "uploads", opened.app.new_id)
    for name, content in HOSTILE:
        answer = send(desk, admin, name, content)
        pages = [answer.text, admin.get(PAGE).text]
        if answer.status_code == 303:
            one = answer.headers["location"]
            pages += [admin.get(one).text, desk.post(admin, one, {"encoding": "no-such"}).text]
            upload = uploads.load(one.rpartition("/")[2])
            desk.post(admin, f"{one}/apply", {"seen": upload.seal})
            pages.append(admin.get(PAGE).text)
            assert desk.post(admin, f"{one}/discard").status_code == 303
        else:
            assert answer.status_code == 409, name
        for page in pages:
            assert not any(word in page for word in ("<script>", "Traceback", "went wrong")), name
        assert stored(opened) == [], name
    assert [path.name for path in opened.root.iterdir() if "passwd" in path.name] == []


def bomb() -> bytes:
    """Return a spreadsheet that claims to unpack to 400 MB."""
    packed = bytearray(xlsx(ROWS))
    entry = packed.index(b"PK\x01\x02")  # of the directory at the end
    packed[entry + 24 : entry + 28] = (400_000_000).to_bytes(4, "little")
    return bytes(packed)


def test_an_archive_that_unpacks_to_too_much_is_refused(
    desk: StaffedDesk, admin: TestClient, opened: House
) -> None:
    answer = send(desk, admin, "list.xlsx", bomb())
    assert answer.status_code == 409
    assert "the maximum is 300,000,000" in answer.text
    assert stored(opened) == []


def test_only_an_admin_uploads_and_only_from_the_desk(
    desk: StaffedDesk, admin: TestClient, opened: House
) -> None:
    file = {"file": ("list.csv", csv_of(ROWS, ","))}
    for browser, status in ((desk.browser(), 403), (desk.browser(Role.APPROVER), 403)):
        assert browser.post(PAGE, data={"csrf": "x"}, files=file).status_code == status
    assert admin.post(PAGE, data={"csrf": "wrong"}, files=file).status_code == 403
    assert admin.post(PAGE, files=file).status_code == 403
    foreign = {"Origin": "https://elsewhere.example"}
    fields = {"csrf": desk.csrf(admin)}
    assert admin.post(PAGE, data=fields, files=file, headers=foreign).status_code == 403
    assert admin.post(PAGE, data=fields).status_code == 409
    large = {"content-length": str(UPLOADS[PAGE].size + 1), "content-type": "text/csv"}
    assert admin.post(PAGE, content=b"x", headers=large).status_code == 413
    assert admin.post("/people/lift", data={"reason": "x" * 600_000}).status_code == 413
    assert admin.post("/people/lift", data={"reason": "가" * 8_000}).status_code == 403
    assert stored(opened) == []


def test_uploads_are_deleted_after_a_day(opened: House) -> None:
    uploads = Uploads(opened.root / "uploads", opened.app.new_id)
    upload = uploads.keep("list.csv", io.BytesIO(b"mail\nnia@example.org\n"))
    assert uploads.every() == [Upload(upload.id, "list.csv")]
    opened.at = opened.app.now() + timedelta(days=400)
    opened.pass_at(opened.at)
    assert stored(opened) == []


def test_the_command_reads_spreadsheets_too(opened: House) -> None:
    path = opened.root / "list.xlsx"
    path.write_bytes(xlsx(ROWS))
    with as_table(path) as table:
        listing = open_listing(table)
        assert listing.layout.columns["address"] == "Mail"
        assert len(list(listing.rows())) == 2
    assert not table.exists()
