"""A disk dies after the last backup: the journals beside the database keep every unsubscribe.

The newsletter is due on Mondays: backup on Saturday, three unsubscribe on Sunday, the issue on Monday.
"""

import email
import email.policy
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from newsletter.cli.main import program
from newsletter.maintenance import journals
from newsletter.send.journal import FOLDER as SUBMISSIONS
from newsletter.web.main import public_site
from tests.fakes.house import MONDAY, SECRETS, House, article, house, reopened

DAY = timedelta(days=1)
NEXT = MONDAY + 7 * DAY
LEFT = {"ann@example.org", "bob@example.org", "cyd@example.org"}
EVE = "email,consented_at,source\neve@example.org,2026-01-02,form\n"


def one_click(opened: House) -> dict[str, str]:
    """Return the one-click link of the latest issue that each address got."""
    links = {}
    for path in sorted(opened.app.settings.outbox.glob("[0-9]*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        link = re.search(r"<http://127.0.0.1:8025(/[^>]+)>", str(message["List-Unsubscribe"]))
        assert link
        links[str(message["To"].addresses[0].addr_spec)] = link[1]
    return links


def run(*words: str) -> str:
    result = CliRunner().invoke(program, list(words), env=SECRETS)
    assert result.exit_code == 0, result.output
    return result.output


def test_none_of_three_who_unsubscribed_after_the_backup_gets_the_next_issue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    with house(old, '[backup]\nfolder = "copies"\n') as before:
        before.pass_at(MONDAY - DAY)
        before.approve(1)
        before.pass_at(MONDAY)
        monkeypatch.chdir(old)
        (old / "people.csv").write_text(EVE, encoding="utf-8")
        run("subscribers", "import", "people.csv", "--newsletter", "weekly", "--apply")
        article(old, "third", "whales")
        before.pass_at(NEXT - 2 * DAY)  # makes the backup and drafts the next issue
        before.at = NEXT - DAY
        client = TestClient(public_site(before.app), base_url="http://127.0.0.1:8025")
        for address, link in one_click(before).items():
            assert address in LEFT
            assert client.post(link, data={"List-Unsubscribe": "One-Click"}).is_success
    copy = max((old / "copies").iterdir())
    # The new machine has the configuration, the backup and the journals, as docs/operating.md asks.
    new.mkdir()
    for name in ("newsletter.toml", journals.FILE, SUBMISSIONS, "articles"):
        move = shutil.copytree if (old / name).is_dir() else shutil.copyfile
        move(old / name, new / name)
    monkeypatch.chdir(new)
    assert "3 unsubscribes or deletions applied" in run("db", "restore", str(copy))
    run("db", "release")
    after = reopened(new, NEXT - DAY)
    after.approve(2)
    after.pass_at(NEXT)
    assert set(one_click(after)) == {"eve@example.org"}
    after.app.close()
