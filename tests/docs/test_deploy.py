"""The files for installing are those of this program: units, containers, proxies, crontab."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from newsletter.cli.main import COMMANDS, loaded, program

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = sorted(path.name for path in DEPLOY.glob("newsletter*.*"))
RUNS = re.compile(
    r"^(?:ExecStart=\S*/|\*/5 \* \* \* \* \S*/)newsletter (.+?)(?: >>.*)?$", re.MULTILINE
)


def accepted(words: list[str]) -> bool:
    """Return whether the program accepts these words."""
    if words[:1] == ["--dir"]:
        words = words[2:]
    command = loaded(words[0])
    command.make_context(words[0], words[1:])
    return True


def test_every_command_in_the_files_is_one_of_the_program() -> None:
    found = [
        shlex.split(line) for path in DEPLOY.iterdir() for line in RUNS.findall(path.read_text())
    ]
    assert len(found) == 3
    assert all(map(accepted, found))
    assert get_command(program) is not None


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_accepts_the_units(name: str, tmp_path: Path) -> None:
    for unit in UNITS:
        text = (DEPLOY / unit).read_text().replace("/usr/local/bin/newsletter", "/bin/true")
        text = re.sub(r"^(User|Group)=newsletter$", r"\1=root", text, flags=re.MULTILINE)
        (tmp_path / unit).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or name in line]
    assert ours == []


def test_the_image_is_built_from_files_that_exist_and_runs_as_a_user() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = [
        word
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for word in line.split()[:-1]
    ]
    assert {"requirements.lock", "newsletter", "subscribers", "templates"} <= set(copied)
    assert all((ROOT / name).exists() for name in copied)
    assert "--require-hashes" in text
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE) == ["newsletter"]
    (command,) = re.findall(r'^CMD \["(\w+)"\]$', text, re.MULTILINE)
    assert command in COMMANDS


def test_the_services_run_commands_of_the_program_without_rights_that_they_do_not_need() -> None:
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = composed["services"]
    profiles = {profile for service in services.values() for profile in service["profiles"]}
    assert profiles == {"sqlite", "postgres", "tls"}
    ours = {name: each for name, each in services.items() if each["image"] == "newsletter"}
    assert set(ours) == {"app", "web", "worker"}
    for service in ours.values():
        assert accepted(service["command"])
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    used = {volume.partition(":")[0] for each in services.values() for volume in each["volumes"]}
    assert used == set(composed["volumes"])


def test_the_proxies_lead_to_the_public_pages_and_hide_no_client() -> None:
    for name in ("nginx.conf", "Caddyfile"):
        assert "127.0.0.1:8025" in (DEPLOY / name).read_text()
    nginx = (DEPLOY / "nginx.conf").read_text()
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx
    assert "access_log off;" in nginx
