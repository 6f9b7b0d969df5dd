"""What a worker needs to submit: providers, keys, a clock and time limits."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.esp.port import FaultPoint, Sender, nowhere
from newsletter.model.ticket import TicketSigner
from newsletter.send.journal import SubmissionJournal
from newsletter.send.pacing import Pacing
from subscribers.tokens import Signer

Clock = Callable[[], datetime]

LEASE = timedelta(minutes=3)
"""How long a claim lasts. It is longer than any provider's deadline."""
WINDOW = timedelta(minutes=15)
"""How long an unknown batch waits for evidence before it is held or submitted again."""
MARGIN = timedelta(seconds=90)
"""How much of the lease must be left when the first byte is transmitted."""


def always_free() -> AbstractContextManager[bool]:
    """Reserve no lane: no other process sends."""
    return nullcontext(enter_result=True)


@dataclass(frozen=True, slots=True)
class Courier:
    """A worker's tools.

    - `owner` identifies the process in the records.
    - `reader` serves the reads between transactions; `wait` sleeps.
    - `rates` limits recipients per second and provider, across all processes; `pacing` does so by
      server and receiving domain.
    - Once `stopped` returns true, a worker finishes its batch and claims no more.
    - `return_path` gives the envelope sender of a delivery, if bounces go to a mailbox.
    - `tickets` signs the links that we count; without it, we count nothing.
    - `lane` reserves one of the connections that all machines may have; it yields False if all are
      in use.
    - `at` is for crash tests only.
    """

    senders: Mapping[str, Sender]
    signer: Signer
    reader: sa.Engine
    clock: Clock
    wait: Callable[[float], None]
    owner: str
    connections: int = 1
    rates: Mapping[str, float] = field(default_factory=dict)
    pacing: Pacing = field(default_factory=Pacing)
    lease: timedelta = LEASE
    margin: timedelta = MARGIN
    window: timedelta = WINDOW
    patience: timedelta = timedelta(0)
    stopped: Callable[[], bool] = lambda: False
    return_path: Callable[[str], str] | None = None
    tickets: TicketSigner | None = None
    journal: SubmissionJournal = field(default_factory=lambda: SubmissionJournal(None))
    lane: Callable[[], AbstractContextManager[bool]] = always_free
    at: FaultPoint = nowhere
