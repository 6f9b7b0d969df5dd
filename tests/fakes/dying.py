"""A process that writes to an outbox and dies at a fault point with exit code 9.

    python -m tests.fakes.dying POINT FOLDER [DATABASE NOW]

Without a database, it submits three emails. With one, it makes a sending pass over the frozen
issues.
"""

import os
import sys
from datetime import datetime
from pathlib import Path

from newsletter.esp.outbox import OutboxSender
from newsletter.esp.port import Recipient, Shipment
from newsletter.send import run
from newsletter.send.courier import Courier
from newsletter.send.headers import letter
from newsletter.store.database import open_engine, open_reader
from subscribers.tokens import Signer
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY, publication, sample_edition

LETTER = letter(PUBLICATION, WEEKLY, sample_edition(), kind="regular", date=NOW)
SHIPMENT = Shipment(
    "7.1:1",
    LETTER,
    [Recipient(f"7-{n}", f"reader{n}@example.net", "", f"tok{n}") for n in range(1, 4)],
)


def main(point: str, folder: str, url: str = "", now: str = "") -> None:
    """Submit, and die at the fault point."""

    def at(passed: str) -> None:
        if passed == point:
            os._exit(9)

    sender = OutboxSender(Path(folder), max_batch=4, at=at)
    if not url:
        sender.submit(SHIPMENT)
        return
    courier = Courier(
        senders={"outbox": sender},
        signer=Signer([b"k" * 32]),
        reader=open_reader(url),
        clock=lambda: datetime.fromisoformat(now),
        wait=lambda _seconds: None,
        owner="dying",
        at=at,
    )
    run.submit(open_engine(url), publication(), courier)


if __name__ == "__main__":
    main(*sys.argv[1:])
