"""One of several programs that fire the slots of a simulated year; meant to be killed.

python firer.py DATABASE_URL SEED
"""

import random
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from newsletter.model.cadence import Cadence
from newsletter.model.slot import Due, Timing, due
from newsletter.store.content import slots
from newsletter.store.database import open_engine
from newsletter.store.tables import issues

ZONE = ZoneInfo("America/New_York")
BEGIN = datetime(2026, 1, 1, 5, tzinfo=UTC)
END = datetime(2027, 1, 1, 5, tzinfo=UTC)
TIMINGS = {
    "weekly": Timing(Cadence.parse("sun 02:30"), ZONE, timedelta(days=2), catch_up="all"),
    "daily": Timing(Cadence.parse("daily 01:30"), ZONE, catch_up="all"),
}


def main(url: str, seed: int) -> None:
    """Walk the year in uneven steps and draft what is due."""
    engine = open_engine(url)
    rng = random.Random(seed)
    now = BEGIN
    while now < END:
        for newsletter, timing in TIMINGS.items():
            with engine.begin() as connection:
                plan = due(timing, slots.ledger(connection, newsletter, timing, now), now)
            for decision in plan:
                with engine.begin() as connection:
                    draft(connection, newsletter, decision.due, now)
        now = min(now + timedelta(minutes=rng.randint(30, 48 * 60)), END)


def draft(connection: sa.Connection, newsletter: str, slot: Due, now: datetime) -> None:
    """Claim the slot and give it its issue, as drafting does."""
    slot_id = slots.claim(connection, newsletter, slot.nominal, slot.due_at, now)
    if slot_id is None:
        return
    row = {
        "slot_id": slot_id,
        "newsletter": newsletter,
        "number": slot_id,
        "kind": "regular",
        "state": "draft",
        "nominal": slot.nominal,
        "due_at": slot.due_at,
        "blocks": [],
        "drafted_at": now,
        "created_by": "firer",
    }
    connection.execute(sa.insert(issues).values(row))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
