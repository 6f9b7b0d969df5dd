"""A real IMAP server on loopback, for one user, without root's configuration."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

from tests.fakes.pages import free_port

PROGRAM = "/usr/sbin/dovecot"
CONFIGURATION = """
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail
default_internal_user = {internal}
default_login_user = {internal}
default_internal_group = {group}
first_valid_uid = 0
mail_uid = {user}
mail_gid = {gid}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True, slots=True)
class Imap:
    """The server; `new` is the folder of unseen emails."""

    port: int
    new: Path

    def deliver(self, name: str, raw: bytes) -> None:
        """Put an email into the inbox."""
        path = self.new / name
        path.write_bytes(raw)
        path.chmod(0o644)

    @property
    def url(self) -> str:
        """Return the address of the inbox."""
        return f"imap://ada:secret@127.0.0.1:{self.port}/INBOX"


def is_installed() -> bool:
    """Return whether Dovecot is here."""
    return Path(PROGRAM).exists()


@contextmanager
def dovecot(folder: Path) -> Iterator[Imap]:
    """Serve an empty inbox within the context."""
    for name in ("new", "cur", "tmp"):
        (folder / "mail" / name).mkdir(parents=True)
    port = free_port()
    root = os.getuid() == 0
    owner = pwd.getpwnam("nobody" if root else getuser())  # it refuses to read email as root
    if root:
        folder.chmod(0o755)
        for path in (folder / "mail", *(folder / "mail").iterdir()):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    written = CONFIGURATION.format(
        folder=folder,
        port=port,
        user=owner.pw_name,
        uid=owner.pw_uid,
        gid=owner.pw_gid,
        internal="dovecot" if root else owner.pw_name,
        group="dovecot" if root else grp.getgrgid(owner.pw_gid).gr_name,
    )
    (folder / "dovecot.conf").write_text(written)
    command = [PROGRAM, "-F", "-c", str(folder / "dovecot.conf")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as server:
        try:
            _wait(port, folder / "log")
            yield Imap(port, folder / "mail" / "new")
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(10)
            server.kill()
            shutil.rmtree(folder / "run", ignore_errors=True)


def _wait(port: int, log: Path) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as probe:
            if probe.recv(100).startswith(b"* OK"):
                return
        time.sleep(0.05)
    raise AssertionError(log.read_text() if log.exists() else "no log")
