"""A provider that keeps what it was given."""

from collections import deque
from collections.abc import Iterable

from newsletter.esp.port import Outcome, Recipient, Shipment, Verdict


class MemorySender:
    """Accepts everything, unless it was told what to answer to the next shipments."""

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
        """Return everybody who was in some shipment, in order."""
        return [one for shipment in self.shipments for one in shipment.recipients]
