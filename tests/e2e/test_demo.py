"""The whole job, from the wheel, outside the source tree, as a user and as cron would run it."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.e2e.conftest import Run

POSTAL_ADDRESS = "12 Example-ro"
LEFT_OUT = {"olga.petrova@readers.example", "pablo.reyes@example.com"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, program: Run) -> Path:
    """The folder of a finished demo, with what it printed in `report`."""
    folder = tmp_path_factory.mktemp("demo")
    done = program("demo", "--no-serve", "--dir", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr
    (folder / "report").write_text(done.stdout)
    return folder


def mails(folder: Path) -> list[EmailMessage]:
    """The outbox as a mail program reads it."""
    files = sorted((folder / "outbox").glob("*.eml"))
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]


def rows(folder: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(folder / "newsletter.db")) as connection:
        return connection.execute(query).fetchall()


def bodies(mail: EmailMessage) -> Iterator[str]:
    for part in mail.iter_parts():
        yield part.get_content()


def test_there_is_one_mail_for_each_delivery(demo: Path) -> None:
    submitted = rows(demo, "SELECT count(*) FROM deliveries WHERE state = 'submitted'")[0][0]
    letters = [mail for mail in mails(demo) if mail["List-ID"]]
    assert len(letters) == submitted >= 8
    assert len({mail["To"] for mail in letters}) == submitted
    assert len({mail["Message-ID"] for mail in letters}) == submitted


def test_nobody_who_left_or_bounced_is_mailed(demo: Path) -> None:
    reached = {mail["To"].addresses[0].addr_spec for mail in mails(demo)}
    assert not reached & LEFT_OUT
    reasons = {reason for (reason,) in rows(demo, "SELECT DISTINCT reason FROM exclusions")}
    assert {"pending", "unsubscribed", "paused"} <= reasons


def test_every_mail_has_its_text_part_first(demo: Path) -> None:
    for mail in mails(demo):
        assert mail.get_content_type() == "multipart/alternative"
        kinds = [part.get_content_type() for part in mail.iter_parts()]
        assert kinds == ["text/plain", "text/html"]


def test_every_mail_can_be_left_with_one_click(demo: Path) -> None:
    for mail in mails(demo):
        link = re.search(r"<(http[^>]+)>", mail["List-Unsubscribe"])
        assert link
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        text, html = bodies(mail)
        assert link[1].rpartition("/")[2] in text + html


def test_every_mail_says_who_sends_it_from_where(demo: Path) -> None:
    for mail in mails(demo):
        assert all(POSTAL_ADDRESS in body for body in bodies(mail))
        assert mail["Subject"]
        assert mail["Date"]
        assert mail["From"].addresses[0].addr_spec == "brief@peninsulareview.example"


def test_no_mail_holds_a_placeholder_or_a_piece_of_a_template(demo: Path) -> None:
    for mail in mails(demo):
        for body in (mail["Subject"], mail["List-Unsubscribe"], *bodies(mail)):
            assert not re.search(r"-nl[0-9a-z]+-\w+-|\{\{|\{%|\bNone\b", body)


def test_readers_get_what_they_follow(demo: Path) -> None:
    assert rows(demo, "SELECT count(*) FROM editions")[0][0] > 1
    assert len({mail["Subject"] for mail in mails(demo)}) > 1


def test_the_report_names_what_was_done(demo: Path) -> None:
    report = (demo / "report").read_text()
    for word in (
        "commentary",
        "pages",
        "manuscripts",
        "edition",
        "who gets it",
        "who does not, and why",
    ):
        assert word in report.lower(), word


def test_a_second_demo_mails_nobody_again(demo: Path, program: Run) -> None:
    before = {path.name: path.read_bytes() for path in (demo / "outbox").glob("*.eml")}
    again = program("demo", "--no-serve", "--dir", str(demo))
    assert again.returncode == 0, again.stdout + again.stderr
    assert {path.name: path.read_bytes() for path in (demo / "outbox").glob("*.eml")} == before
    assert rows(demo, "SELECT max(attempt) FROM batches") == [(1,)]
