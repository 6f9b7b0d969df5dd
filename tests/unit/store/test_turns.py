"""The queue of those who send: it keeps order, and it never keeps anybody for good."""

import fcntl
import threading
import time
from pathlib import Path

from newsletter.store.database import open_engine
from newsletter.store.turns import Turns


def test_one_at_a_time_has_the_turn(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'n.db'}")
    here, there = Turns(engine), Turns(engine)
    held: list[str] = []

    def other() -> None:
        with there:
            held.append("there")

    with here:
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.05)
        held.append("here")
    thread.join()
    assert held == ["here", "there"]
    here.close()
    there.close()


def test_a_process_that_was_stopped_in_its_turn_stops_nobody_else(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'n.db'}")
    turns = Turns(engine, patience=0.1)
    with (tmp_path / "n.db-turn").open("ab") as stopped:
        fcntl.flock(stopped, fcntl.LOCK_EX)
        begun = time.monotonic()
        with turns:
            assert time.monotonic() - begun >= 0.1
    turns.close()
