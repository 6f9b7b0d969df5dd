"""What `newsletter worker` answers where it cannot share work."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from newsletter.cli.main import program
from tests.fakes.house import SECRETS, lay_out


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["worker", "--queues", "send"], "Queues need PostgreSQL"),
        (["worker", "--concurrency", "2", "--once"], "Queues need PostgreSQL"),
        (["worker", "--queues", "send,sned"], "There is no queue “sned”. Queues: collect, edit,"),
        (["serve", "--no-work", "--senders", "2"], "exclude each other"),
    ],
)
def test_what_cannot_be_shared_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], answer: str
) -> None:
    lay_out(tmp_path)
    (tmp_path / ".env").write_text("".join(f"{key}={value}\n" for key, value in SECRETS.items()))
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(program, words)
    assert refused.exit_code == 2
    assert answer in " ".join(refused.output.split())
