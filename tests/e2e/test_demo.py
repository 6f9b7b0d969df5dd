"""The whole job from the installed wheel, outside the source tree, as a user runs it."""

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
    """Return the folder of a finished demo, with its output in the file `report`."""
    folder = tmp_path_factory.mktemp("demo")
    done = program("demo", "--no-serve", "--dir", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr
    (folder / "report").write_text(done.stdout)
    return folder


def emails(folder: Path) -> list[EmailMessage]:
    """Read the outbox as an email program does."""
    files = sorted((folder / "outbox").glob("*.eml"))
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]


def rows(folder: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(folder / "newsletter.db")) as connection:
        return connection.execute(query).fetchall()


def bodies(email: EmailMessage) -> Iterator[str]:
    for part in email.iter_parts():
        yield part.get_content()


def test_there_is_one_email_per_delivery(demo: Path) -> None:
    submitted = rows(demo, "SELECT sum(submitted) FROM batches")[0][0]
    issues = [email for email in emails(demo) if email["List-ID"]]
    assert len(issues) == submitted >= 8
    assert len({email["To"] for email in issues}) == submitted
    assert len({email["Message-ID"] for email in issues}) == submitted


def test_people_who_unsubscribed_or_bounced_get_no_email(demo: Path) -> None:
    reached = {email["To"].addresses[0].addr_spec for email in emails(demo)}
    assert not reached & LEFT_OUT
    reasons = {reason for (reason,) in rows(demo, "SELECT DISTINCT reason FROM exclusions")}
    assert {"pending", "unsubscribed", "paused"} <= reasons


def test_every_email_has_its_text_part_first(demo: Path) -> None:
    for email in emails(demo):
        assert email.get_content_type() == "multipart/alternative"
        kinds = [part.get_content_type() for part in email.iter_parts()]
        assert kinds == ["text/plain", "text/html"]


def test_every_email_supports_one_click_unsubscribe(demo: Path) -> None:
    for email in emails(demo):
        link = re.search(r"<(http[^>]+)>", email["List-Unsubscribe"])
        assert link
        assert email["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        text, html = bodies(email)
        assert link[1].rpartition("/")[2] in text + html


def test_every_email_names_its_sender_and_postal_address(demo: Path) -> None:
    for email in emails(demo):
        assert all(POSTAL_ADDRESS in body for body in bodies(email))
        assert email["Subject"]
        assert email["Date"]
        assert email["From"].addresses[0].addr_spec == "brief@peninsulareview.example"


def test_no_email_contains_a_placeholder_or_template_syntax(demo: Path) -> None:
    for email in emails(demo):
        for body in (email["Subject"], email["List-Unsubscribe"], *bodies(email)):
            assert not re.search(r"-nl[0-9a-z]+-\w+-|\{\{|\{%|\bNone\b", body)


def test_recipients_get_what_they_follow(demo: Path) -> None:
    assert rows(demo, "SELECT count(*) FROM editions")[0][0] > 1
    assert len({email["Subject"] for email in emails(demo)}) > 1


def test_the_report_covers_every_step(demo: Path) -> None:
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


def test_a_second_demo_emails_no_one_again(demo: Path, program: Run) -> None:
    before = {path.name: path.read_bytes() for path in (demo / "outbox").glob("*.eml")}
    again = program("demo", "--no-serve", "--dir", str(demo))
    assert again.returncode == 0, again.stdout + again.stderr
    assert {path.name: path.read_bytes() for path in (demo / "outbox").glob("*.eml")} == before
    assert rows(demo, "SELECT max(attempt) FROM batches") == [(1,)]
