"""Programs that are killed at any line leave every slot with exactly one issue, or free."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.store.tables import issues, slots

ROOT = Path(__file__).parents[3]
FIRER = Path(__file__).with_name("firer.py")
KILLS = 12


def start(url: str, seed: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, FIRER, url, str(seed)], env=os.environ | {"PYTHONPATH": str(ROOT)}
    )


@pytest.mark.torture
def test_killed_firers_lose_no_slot_and_double_none(engine: sa.Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    rng = random.Random(11)
    running = [start(url, seed) for seed in range(3)]
    for kill in range(KILLS):
        time.sleep(rng.uniform(0.3, 1.2))
        victim = running.pop(rng.randrange(3))
        victim.kill()
        victim.wait()
        running.append(start(url, 10 + kill))
    assert [program.wait(timeout=120) for program in running] == [0, 0, 0]
    with engine.connect() as connection:
        count = sa.select(sa.func.count())
        claimed = connection.scalar(count.select_from(slots).where(slots.c.state == "claimed"))
        drafted = connection.scalar(count.select_from(issues))
        whole = connection.scalar(count.select_from(slots.join(issues)))
        names = [
            connection.scalar(count.select_from(issues).where(issues.c.newsletter == name))
            for name in ("weekly", "daily")
        ]
    assert claimed == drafted == whole
    assert names == [52, 365]
