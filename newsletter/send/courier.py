"""What a worker needs to submit: providers, keys, a clock, and how long things may take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.esp.port import FaultPoint, Sender, nowhere
from subscribers.tokens import Signer

Clock = Callable[[], datetime]

LEASE = timedelta(minutes=3)
"""How long a claimed batch is its worker's; longer than any provider's deadline."""
WINDOW = timedelta(minutes=15)
"""How long an unknown batch waits for evidence before it is held, or submitted again."""
MARGIN = timedelta(seconds=90)
"""What must be left of the lease when the first byte leaves."""


@dataclass(frozen=True, slots=True)
class Courier:
    """A worker's equipment; `owner` names the process for the record.

    `reader` serves the reads between the transactions, `wait` sleeps. `rates` limits recipients per
    second and provider, over all processes. Once `stopped` says so, a worker finishes what it has
    claimed and claims no more. `at` is for the tests of sending only.
    """

    senders: Mapping[str, Sender]
    signer: Signer
    reader: sa.Engine
    clock: Clock
    wait: Callable[[float], None]
    owner: str
    connections: int = 1
    rates: Mapping[str, float] = field(default_factory=dict)
    lease: timedelta = LEASE
    margin: timedelta = MARGIN
    window: timedelta = WINDOW
    patience: timedelta = timedelta(0)
    stopped: Callable[[], bool] = lambda: False
    at: FaultPoint = nowhere
