"""A provider that keeps what was submitted to it."""

from collections import deque
from collections.abc import Iterable

from newsletter.esp.port import Outcome, Recipient, Shipment, Verdict


class MemorySender:
    """Gives the prepared answers first, then accepts everything."""

    repeatable = False

    def __init__(
        self, answers: Iterable[Outcome] = (), *, max_batch: int = 1000, name: str = "memory"
    ) -> None:
        """Take the answers to give first, in order."""
        self.name = name
        self.max_batch = max_batch
        self.shipments: list[Shipment] = []
        self._answers = deque(answers)

    def submit(self, shipment: Shipment) -> Outcome:
        """Keep the shipment and give the next answer."""
        self.shipments.append(shipment)
        return self._answers.popleft() if self._answers else Outcome(Verdict.ACCEPTED)

    @property
    def recipients(self) -> list[Recipient]:
        """Return the recipients of every shipment, in order."""
        return [who for shipment in self.shipments for who in shipment.recipients]
