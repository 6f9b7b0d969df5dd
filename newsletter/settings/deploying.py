"""The files that start the program on a machine, adjusted to a publication."""

import re
from dataclasses import dataclass
from pathlib import Path

KINDS = {
    "systemd": ("newsletter.service",),
    "timer": ("newsletter-run.service", "newsletter-run.timer"),
    "cron": ("crontab",),
    "nginx": ("nginx.conf",),
    "caddy": ("Caddyfile",),
}
"""The files of each kind, as in docs/deploy."""
INSTALLING = {
    "newsletter.service": "copy it to /etc/systemd/system/, then: systemctl enable --now newsletter",
    "newsletter-run.service": "copy it to /etc/systemd/system/",
    "newsletter-run.timer": (
        "copy it to /etc/systemd/system/, then: systemctl enable --now newsletter-run.timer"
    ),
    "crontab": "add its line with: crontab -e",
    "nginx.conf": "copy it to /etc/nginx/conf.d/, then: systemctl reload nginx",
    "Caddyfile": "add it to /etc/caddy/Caddyfile, then: systemctl reload caddy",
}
"""What to do with each file."""
_HOMES = (Path("/home"), Path("/root"))
_UNQUOTED = re.compile(r"[\w/.+@:-]+")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a publication and the program are, who runs it, and where its pages answer."""

    root: Path
    program: Path
    user: str
    host: str
    listen: str


def kinds(text: str) -> tuple[str, ...]:
    """Read "systemd, nginx"; raises ValueError for an unknown word."""
    words = tuple(word for word in re.split(r"[,\s]+", text.lower()) if word)
    for word in words:
        if word not in KINDS:
            msg = f'found "{word}"; expected some of {", ".join(KINDS)}'
            raise ValueError(msg)
    return words


def adjusted(name: str, machine: Machine) -> str:
    """Return an example of docs/deploy for this machine.

    Raises ValueError if a path has characters that these files would have to quote.
    """
    for path in (machine.root, machine.program):
        if not _UNQUOTED.fullmatch(str(path)):
            msg = (
                f"{path} has characters that unit files and crontabs do not take; use another path"
            )
            raise ValueError(msg)
    text = (folder() / name).read_text(encoding="utf-8")
    for example, own in (
        ("/usr/local/bin/newsletter", str(machine.program)),
        ("/srv/newsletter", str(machine.root)),
        ("User=newsletter\nGroup=newsletter\n", f"User={machine.user}\n"),
        ("news.example.org", machine.host),
        ("127.0.0.1:8025", machine.listen),
    ):
        text = text.replace(example, own)
    if any(
        path.is_relative_to(home) for path in (machine.root, machine.program) for home in _HOMES
    ):
        text = text.replace("ProtectHome=yes", "ProtectHome=no")
    return text


def folder() -> Path:
    """Return the folder of the examples: inside an installed package, or in the source."""
    package = Path(__file__).parents[1]
    packaged = package / "deploy"
    return packaged if packaged.exists() else package.parent / "docs" / "deploy"
