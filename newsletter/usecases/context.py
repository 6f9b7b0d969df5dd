"""What the use cases work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from newsletter.esp.port import Sender
from newsletter.maintenance.journals import Journals
from newsletter.model.publication import Publication
from newsletter.model.return_path import ReturnPaths
from newsletter.model.shared_preview import SharedPreviews
from newsletter.model.sign_in_link import SignInLinks
from newsletter.send.courier import Courier
from newsletter.store.reservations import Reservations
from newsletter.store.sending import batches

if TYPE_CHECKING:
    from newsletter.collect.probe import Probe
    from newsletter.collect.report import CollectReport
    from newsletter.maintenance.readings import Reading
    from newsletter.model.article import Extracted
    from newsletter.model.picture import LookAt
    from newsletter.render.checks.links import BrokenLinks
    from newsletter.render.run import RenderKit

CONNECTIONS = {"outbox": 1, "sendgrid": 8}
"""Calls in flight at once, by provider: the latency of a distant one decides the speed."""


@dataclass(frozen=True, slots=True)
class Context:
    """The opened publication as the use cases see it; `app` builds it.

    `engine` writes, `reader` only reads. `courier` holds what submitting needs besides. `broken_links`
    requests links before an approval, `outside` asks about the public pages and the sender domain,
    `look_at` reads images before a rendering, `collect_from` and
    `probe` read sources, and `read_page` the article at an address; they use the network and are
    never called inside a transaction. `processes` is how many processes share the
    connections to a provider.
    """

    engine: sa.Engine
    reader: sa.Engine
    publication: Publication
    senders: Mapping[str, Sender]
    kit: Callable[[], RenderKit]
    courier: Courier
    journals: Journals
    returns: ReturnPaths
    sign_ins: SignInLinks
    new_id: Callable[[], str]
    now: Callable[[], datetime]
    reservations: Reservations
    broken_links: BrokenLinks | None = None
    processes: int = 1
    look_at: LookAt | None = None
    collect_from: Callable[[Sequence[str]], CollectReport] | None = None
    probe: Callable[[str], Probe] | None = None
    shared_previews: SharedPreviews = field(kw_only=True)
    read_page: Callable[[str], Extracted] | None = None
    outside: Callable[[], Sequence[Reading]] = tuple

    def equipped(self, patience: timedelta = timedelta(0)) -> Courier:
        """Return what submitting needs, with this process's share of the allowed connections.

        `patience` is how long to wait for a batch that may not be sent yet.
        """
        with self.reader.begin() as connection:
            using = {self.publication.provider, *batches.providers(connection)}
            most = self.most_lanes(connection)
        allowed = {**CONNECTIONS, "smtp": self._smtp_connections()}
        narrowest = min((allowed[name] for name in using & allowed.keys()), default=1)
        share = max(1, narrowest // self.processes)
        names = [f"lane {number}" for number in range(most)]
        lane = partial(self.reservations.first_free, names)
        return replace(self.courier, connections=share, patience=patience, lane=lane)

    def most_lanes(self, connection: sa.Connection) -> int:
        """Return how many batches may be in submission at once, on all machines together."""
        using = {self.publication.provider, *batches.providers(connection)}
        lanes = dict.fromkeys(CONNECTIONS, self.publication.lanes)
        lanes["smtp"] = self._smtp_connections()
        return min((lanes[name] for name in using & lanes.keys()), default=1)

    def _smtp_connections(self) -> int:
        each = self.publication.smtp.connections
        servers = self.courier.pacing.servers.get("smtp", ())
        return sum(server.connections or each for server in servers) or each
