"""Processes that take in what was reported, and are killed at a chosen point of their work.

    python -m tests.fakes.draining DATABASE FOLDER WORK

forks a process for each number that it reads, and answers with the exit status of that process. The
process is killed with SIGKILL at its point of that number: before a statement, before a commit, and
before it opens, renames or deletes a file.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from newsletter.esp.returned.address import MailboxAddress
from newsletter.esp.returned.mailboxes import open_letterbox
from newsletter.events import agents
from newsletter.model.actor import MACHINE
from newsletter.model.engagement import Tracking
from newsletter.store.database import open_engine
from newsletter.usecases import engagements, events, returned
from tests.integration.events.conftest import Desk
from tests.integration.send.conftest import Office

FILES = {"open", "os.remove", "os.rename"}


def drain(desk: Desk, _folder: Path) -> None:
    """Take in the stored requests, and decide about their opens and clicks."""
    desk.configure(tracking=Tracking(opens=True, clicks=True))
    desk.drain()
    engagements.decide(desk.context, MACHINE)


def empty(desk: Desk, folder: Path) -> None:
    """Take in the emails of the Maildir in a folder."""
    box = open_letterbox(MailboxAddress.parse(f"maildir:{folder / 'box'}?then=keep"))
    returned.empty(desk.context, MACHINE, box)


WORK = {"drain": drain, "empty": empty}


def main(url: str, folder: str, work: str) -> None:
    """Fork a process for each line."""
    agents.sign_of("imports its list at the first use")
    events.PERSONAL_AT_ONCE = 3  # so that some requests take several transactions
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                _work(url, Path(folder), WORK[work], int(line))
            finally:
                os._exit(1)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()


def _work(url: str, folder: Path, work: Callable[[Desk, Path], None], number: int) -> None:
    engine = open_engine(url)
    office = Office(engine)
    office.issue_id = 1
    office.later(days=9)
    desk = Desk(office, folder)
    left = number

    def at_point(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()

    sa.event.listen(engine, "before_cursor_execute", at_point)
    sa.event.listen(engine, "commit", at_point)
    sys.addaudithook(
        lambda event, args: (
            at_point() if event in FILES and str(args[0]).startswith(str(folder)) else None
        )
    )
    work(desk, folder)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
