"""Files in a folder: complete or absent, written once."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.esp.outbox import OutboxSender
from newsletter.esp.port import Outcome, Verdict
from newsletter.model.publication import Mailbox
from tests.fakes.dying import SHIPMENT

ROOT = Path(__file__).parent.parent.parent.parent


def test_each_delivery_is_one_file_and_nothing_else_is_left(tmp_path: Path) -> None:
    assert OutboxSender(tmp_path / "outbox").submit(SHIPMENT).verdict is Verdict.ACCEPTED
    names = sorted(file.name for file in (tmp_path / "outbox").iterdir())
    assert names == ["7-1.eml", "7-2.eml", "7-3.eml"]


def test_an_existing_file_is_a_delivery_already_submitted(tmp_path: Path) -> None:
    OutboxSender(tmp_path).submit(SHIPMENT)
    written = (tmp_path / "7-2.eml").read_bytes() + b"as it was"
    (tmp_path / "7-2.eml").write_bytes(written)
    assert OutboxSender(tmp_path).submit(SHIPMENT).verdict is Verdict.ACCEPTED
    assert (tmp_path / "7-2.eml").read_bytes() == written
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_proves_only_the_email_that_it_holds(tmp_path: Path) -> None:
    OutboxSender(tmp_path).submit(SHIPMENT)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    letter = SHIPMENT.letter
    # The edition of another database: the same numbers, subject and date, but another nonce.
    later = replace(letter, nonce="0" * 16, html=letter.html.replace(letter.nonce, "0" * 16))
    for _ in range(2):
        done = OutboxSender(tmp_path).submit(replace(SHIPMENT, letter=later))
        assert done.verdict is Verdict.ACCEPTED
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {*before, "7-1.2.eml", "7-2.2.eml", "7-3.2.eml"}
    assert before == {name: (tmp_path / name).read_bytes() for name in before}


def test_a_file_proves_the_email_whatever_its_links_are_signed_with(tmp_path: Path) -> None:
    OutboxSender(tmp_path).submit(SHIPMENT)
    signed = [
        recipient._replace(token=f"another {recipient.token}") for recipient in SHIPMENT.recipients
    ]
    again = replace(SHIPMENT, attempt="7.1:2", recipients=signed)
    assert OutboxSender(tmp_path).submit(again).verdict is Verdict.ACCEPTED
    assert len(list(tmp_path.iterdir())) == 3


@pytest.fixture
def full_after_the_first(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for file email. The limit on file size simulates a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield tmp_path
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_one_line_and_provably_unsent(full_after_the_first: Path) -> None:
    folder = full_after_the_first

    def fill(point: str) -> None:
        if point == "after_send":
            resource.setrlimit(resource.RLIMIT_FSIZE, (64, -1))

    outcome = OutboxSender(folder, at=fill).submit(SHIPMENT)
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
    assert outcome.verdict is Verdict.UNSENT
    assert outcome.reached == ("7-1",)
    assert "cannot be written" in outcome.reason
    assert "\n" not in outcome.reason
    assert [file.name for file in folder.iterdir()] == ["7-1.eml"]
    assert OutboxSender(folder).submit(SHIPMENT).verdict is Verdict.ACCEPTED
    assert len(list(folder.iterdir())) == 3


def test_a_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("not a folder")
    outcome = OutboxSender(tmp_path / "outbox").submit(SHIPMENT)
    assert (outcome.verdict, outcome.reached) == (Verdict.UNSENT, ())


def test_a_process_that_dies_while_writing_leaves_no_email_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fakes.dying", "mid_body", str(tmp_path)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
    assert list(tmp_path.iterdir()), "it died before it wrote anything"
    assert not list(tmp_path.glob("*.eml"))
    assert OutboxSender(tmp_path).submit(SHIPMENT).verdict is Verdict.ACCEPTED
    assert len(list(tmp_path.iterdir())) == 3


def test_two_workers_with_the_same_delivery_never_overwrite_each_other(tmp_path: Path) -> None:
    second: list[Outcome] = []

    def meet(point: str) -> None:
        if point == "mid_body" and not second:
            second.append(OutboxSender(tmp_path).submit(SHIPMENT))

    assert OutboxSender(tmp_path, at=meet).submit(SHIPMENT).verdict is Verdict.ACCEPTED
    assert (second[0].verdict, second[0].reached) == (Verdict.UNSENT, ())
    assert "another process" in second[0].reason
    assert sorted(file.name for file in tmp_path.iterdir()) == ["7-1.eml", "7-2.eml", "7-3.eml"]
    alone = tmp_path / "alone"
    assert OutboxSender(alone).submit(SHIPMENT).verdict is Verdict.ACCEPTED
    for name in ("7-1.eml", "7-2.eml", "7-3.eml"):
        assert (tmp_path / name).read_bytes() == (alone / name).read_bytes()


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the folders that were synced, as they are."""
    seen: list[Path] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        seen.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    return seen


def test_a_new_outbox_is_durable_with_every_folder_above_it(
    tmp_path: Path, synced: list[Path]
) -> None:
    OutboxSender(tmp_path / "a" / "outbox").submit(SHIPMENT)
    assert {tmp_path, tmp_path / "a", tmp_path / "a" / "outbox"} <= set(synced)


def test_what_is_reported_as_written_is_durable_even_after_a_failure(
    tmp_path: Path, synced: list[Path]
) -> None:
    def fail(point: str) -> None:
        if point == "mid_body" and (tmp_path / "7-1.eml").exists():
            raise OSError(28, "No space left on device")

    outcome = OutboxSender(tmp_path, at=fail).submit(SHIPMENT)
    assert (outcome.verdict, outcome.reached) == (Verdict.UNSENT, ("7-1",))
    assert tmp_path in synced


def test_an_invalid_sender_address_refuses_no_recipient(tmp_path: Path) -> None:
    wrong = replace(SHIPMENT.letter, sender=Mailbox("P", "bücher@example.org"))
    outcome = OutboxSender(tmp_path).submit(replace(SHIPMENT, letter=wrong))
    assert (outcome.verdict, outcome.stop, outcome.refused) == (Verdict.UNSENT, True, {})
