"""nginx with TLS in front of `newsletter serve`, with the example of docs/deploy."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter.fetch.wire import read
from tests.conftest import absent
from tests.e2e.conftest import Run, Start
from tests.fakes.certificate import write_certificate

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "deploy" / "nginx.conf"
CONFIGURATION = """
[publication]
name = "Harbor Notes"
url = "https://127.0.0.1:{tls}"
timezone = "UTC"
language = "en"
from = "Harbor Notes <notes@harbor.example>"
postal_address = "3 Quay Street, Harbor"
provider = "smtp"

[web]
listen = "127.0.0.1:{plain}"
desk = "127.0.0.1:{desk}"
trusted_proxies = {trusted}

[newsletters.weekly]
title = "The Tide"
cadence = "mon 08:00"
"""
AROUND = """
daemon off;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{}}
http {{
access_log off;
client_body_temp_path {folder}/body;
proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi;
scgi_temp_path {folder}/scgi;
{server}
}}
"""


@pytest.fixture
def nginx() -> str:
    """Return the program."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        absent("no nginx", "REQUIRE_NGINX")
    return found


def free_ports(number: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline, "it did not start"
        time.sleep(0.05)


@contextmanager
def proxied(program: str, folder: Path, tls: int, plain: int) -> Iterator[None]:
    """Run nginx with the example; only the name, the ports and the certificate are changed."""
    server = EXAMPLE.read_text(encoding="utf-8")
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{tls} ssl"),
        ("server_name news.example.org", "server_name 127.0.0.1"),
        ("/etc/ssl/news.example.org.pem", f"{folder}/certificate.pem"),
        ("/etc/ssl/news.example.org.key", f"{folder}/certificate.pem"),
        ("127.0.0.1:8025", f"127.0.0.1:{plain}"),
        ("Host $host;", "Host $http_host;"),  # the port is part of the host here
    ):
        assert old in server
        server = server.replace(old, new)
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, server=server), "utf-8")
    running = subprocess.Popen(
        [program, "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        running.terminate()
        running.wait(timeout=30)


@contextmanager
def serving(start: Start, folder: Path) -> Iterator[None]:
    running = start("--dir", str(folder), "serve")
    try:
        yield
    finally:
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 0, out + err


def lay_out(folder: Path, trusted: str, tls: int, plain: int, desk: int) -> None:
    text = CONFIGURATION.format(trusted=trusted, tls=tls, plain=plain, desk=desk)
    (folder / "newsletter.toml").write_text(text, encoding="utf-8")
    secrets = f"NEWSLETTER_SECRET_KEY={'k' * 40}\nNEWSLETTER_PEPPER={'p' * 40}\n"
    (folder / ".env").write_text(f"{secrets}SMTP_URL=smtp://127.0.0.1:9\n", encoding="utf-8")
    (folder / ".env").chmod(0o600)


def test_the_pages_and_the_checkup_know_the_client_behind_nginx(
    nginx: str,
    start: Start,
    program: Run,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tls, plain, desk = free_ports(3)
    write_certificate(tmp_path / "certificate.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    monkeypatch.setitem(environment, "SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    url = f"https://127.0.0.1:{tls}"
    with proxied(nginx, tmp_path, tls, plain):
        for trusted, expected in (
            ('["127.0.0.1"]', "learn the client's address"),
            ("[]", "takes the proxy's address for that of every client"),
        ):
            lay_out(tmp_path, trusted, tls, plain, desk)
            with serving(start, tmp_path):
                until(lambda: not read(f"{url}/robots.txt", {})[1])
                answer, problem = read(f"{url}/", {"X-Forwarded-For": "203.0.113.5"})
                assert (problem, "The Tide" in answer) == ("", True)
                found = program("--dir", str(tmp_path), "doctor", "--online", "--json")
                assert expected in found.stdout
