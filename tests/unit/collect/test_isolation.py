"""The process that parses outside documents can do nothing else, tried from inside."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from newsletter.collect.parsing import isolation
from newsletter.collect.parsing.sandbox import Sandbox
from newsletter.model.protection import Protection

ROOT = Path(__file__).parents[3]

TRY = """
import os, signal, socket, subprocess, sys
from newsletter.collect.parsing.isolation import confine
problems = confine(user=sys.argv[2], memory=1_000_000_000, library=sys.argv[4])
for name, attempt in {
    "tcp": lambda: socket.create_connection(("127.0.0.1", int(sys.argv[3]))),
    "unix": lambda: socket.socket(socket.AF_UNIX).connect(sys.argv[1] + "/socket"),
    "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
    "secret": lambda: open(sys.argv[1] + "/.env").read(),
    "environment": lambda: open(f"/proc/{os.getppid()}/environ", "rb").read(),
    "memory": lambda: open(f"/proc/{os.getppid()}/mem", "rb").read(1),
    "listing": lambda: os.listdir(sys.argv[1]),
    "passwords": lambda: open("/etc/passwd").read(),
    "write": lambda: open(sys.argv[1] + "/made", "w").write("x"),
    "fork": os.fork,
    "program": lambda: subprocess.run(["/bin/true"]),
    "kill": lambda: os.kill(os.getppid(), signal.SIGTERM),
    "root again": lambda: os.setuid(0),
    "much memory": lambda: bytearray(3_000_000_000),
}.items():
    try:
        attempt()
    except (OSError, MemoryError):
        print(name, "refused")
    else:
        print(name, "done")
for what, why in problems.items():
    print("problem", what.value, why)
"""
NEEDS = {
    "tcp": Protection.NETWORK,
    "unix": Protection.NETWORK,
    "datagram": Protection.NETWORK,
    "secret": Protection.FILES,
    "environment": Protection.FILES,
    "memory": Protection.FILES,
    "listing": Protection.FILES,
    "passwords": Protection.FILES,
    "write": Protection.LIMITS,
    "fork": Protection.NETWORK,
    "program": Protection.NETWORK,
    "kill": Protection.NETWORK,
    "root again": Protection.USER,
    "much memory": Protection.LIMITS,
}


@pytest.fixture(scope="module", params=[isolation.SECCOMP, "no-such-library.so"])
def tried(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Return what a confined process could do: the name of each attempt with its outcome.

    Without seccomp the network is left instead.
    """
    import socket  # noqa: PLC0415 - only for the listeners that must not be reached

    folder = tmp_path_factory.mktemp("installation")
    folder.chmod(0o755)
    (folder / ".env").write_text("NEWSLETTER_PEPPER=secret")
    with socket.socket(socket.AF_UNIX) as door, socket.create_server(("127.0.0.1", 0)) as port:
        door.bind(str(folder / "socket"))
        door.listen()
        arguments = [str(folder), "nobody", str(port.getsockname()[1]), request.param]
        run = subprocess.run(
            [sys.executable, "-c", TRY, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONPATH": str(ROOT), "PATH": os.defpath},
        )
    assert run.returncode == 0, run.stderr
    lines = [line.rpartition(" ") for line in run.stdout.splitlines()]
    return {name: outcome for name, _, outcome in lines if not name.startswith("problem")} | {
        f"problem {line.split()[1]}": line
        for line in run.stdout.splitlines()
        if line.startswith("problem")
    }


@pytest.mark.parametrize("attempt", NEEDS)
def test_a_confined_process_is_refused(tried: dict[str, str], attempt: str) -> None:
    protection = NEEDS[attempt]
    if problem := tried.get(f"problem {protection.value}"):
        pytest.skip(f"this system does not offer it: {problem}")
    assert tried[attempt] == "refused"


def test_an_open_process_can_do_what_the_worker_must_not(tmp_path: Path) -> None:
    """Otherwise `doctor` would report protections that are not in force."""
    secret = tmp_path / ".env"
    secret.write_text("x")
    expected = {Protection.NETWORK, Protection.FILES, Protection.LIMITS}
    if os.geteuid() == 0:
        expected.add(Protection.USER)
    assert set(isolation.attempts([str(secret)])) == expected


def test_the_worker_is_confined(tmp_path: Path) -> None:
    secret = tmp_path / ".env"
    secret.write_text("x")
    with Sandbox() as sandbox:
        missing = sandbox.unprotected([str(secret)])
    if missing:
        pytest.skip(f"this system does not offer everything: {missing}")
    assert missing == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change users")
@pytest.mark.parametrize(
    ("user", "reason"), [("no-such-user", "there is no user"), ("root", "is root")]
)
def test_a_user_that_does_not_help_is_reported_and_documents_are_read(
    user: str, reason: str
) -> None:
    with Sandbox(user=user) as sandbox:
        assert reason in sandbox.unprotected([])[Protection.USER]
        page = b"<html><body><h1>On the River</h1>" + b"<p>The river rose in the spring.</p>" * 30
        assert sandbox.article(page, name="a.html").title == "On the River"


def test_the_confined_worker_reads_old_encodings_and_every_kind() -> None:
    """What the readers import late is still readable."""
    korean = "<html><head><meta charset=euc-kr></head><body><h1>강 위에서</h1>" + (
        "<p>그해 봄에 강물이 불어 마을 사람들은 시장을 언덕 위로 옮겼다.</p>" * 20
    )
    text = "On the River\n\nBy Ada\n\n" + "The river rose in the spring of that year.\n" * 20
    markdown = "# On the River\n\n| a | b |\n|---|---|\n| c | d |\n\n" + "The river rose.\n\n" * 20
    with Sandbox() as sandbox:
        assert sandbox.article(korean.encode("euc-kr"), name="a.html").title == "강 위에서"
        assert sandbox.article(text.encode("utf-16"), name="a.txt").title == "On the River"
        assert sandbox.article(markdown.encode(), name="a.md").title == "On the River"
