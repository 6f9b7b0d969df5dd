"""An issue that was submitted to twelve recipients, and what the provider reports about it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import pytest
import sqlalchemy as sa

from newsletter.maintenance.journals import Journals
from newsletter.model.actor import MACHINE
from newsletter.model.event import origin
from newsletter.model.return_path import ReturnPaths
from newsletter.model.shared_preview import SharedPreviews
from newsletter.model.sign_in_link import SignInLinks
from newsletter.render.run import RenderKit
from newsletter.send.status import IssueStatus
from newsletter.store import epoch
from newsletter.store.reservations import Reservations
from newsletter.store.sending import outcomes
from newsletter.store.tables import deliveries
from newsletter.usecases import events
from newsletter.usecases.context import Context
from newsletter.usecases.events import Drained
from subscribers import directory
from subscribers.journal import Journal
from subscribers.model import Subscriber
from tests.fakes import webhook
from tests.fakes.issues import NOW
from tests.integration.send.conftest import Office


def _no_kit() -> RenderKit:
    pytest.fail("events render nothing")


class Desk:
    """A submitted issue, and the events about it."""

    def __init__(self, office: Office, folder: Path) -> None:
        """Take an office; the journal of departures is in `folder`."""
        self.office = office
        with office.engine.connect() as connection:
            self.origin = origin(epoch.read(connection), office.publication.url)
        self._journal = Journal(folder / "departures.jsonl")
        self._outbox = folder

    @property
    def context(self) -> Context:
        """Return what the use cases work with."""
        office = self.office
        return Context(
            engine=office.engine,
            reader=office.reader,
            publication=office.publication,
            senders=MappingProxyType(office.senders),
            kit=_no_kit,
            courier=office.courier(),
            journals=Journals(self._journal, b"p" * 32, self._outbox, lambda: office.now),
            sign_ins=SignInLinks("http://127.0.0.1:8001", [b"k" * 32]),
            returns=ReturnPaths("bounces@example.org", [b"k" * 32]),
            shared_previews=SharedPreviews([b"k" * 32], office.publication.url),
            new_id=lambda: "id",
            now=lambda: office.now,
            reservations=Reservations(office.engine),
        )

    def event(
        self, kind: str, number: int, at: datetime = NOW, **more: object
    ) -> dict[str, object]:
        """Return an event about a recipient of the issue."""
        seq = (number - 1) // 5 + 1
        return webhook.event(kind, number, at, self.origin, **{"nl_attempt": f"1.{seq}:1", **more})

    def post(self, found: Iterable[dict[str, object]]) -> None:
        """Store a request with these events."""
        events.receive(self.context, "sendgrid", webhook.body(found))

    def drain(self, *found: dict[str, object]) -> Drained:
        """Store a request with these events if there are any, and drain all that is stored."""
        if found:
            self.post(found)
        return events.drain(self.context, MACHINE)

    def status(self) -> IssueStatus:
        """Return where the recipients are."""
        return self.office.told()

    def person(self, number: int) -> Subscriber:
        """Return a recipient."""
        with self.office.reader.connect() as connection:
            found = directory.load(connection, number)
        assert found is not None
        return found

    def states(self) -> list[str]:
        """Return the state of every delivery, in order."""
        with self.office.reader.connect() as connection:
            query = sa.select(outcomes.state()).order_by(deliveries.c.seq)
            return list(connection.scalars(query))

    def configure(self, **changes: object) -> None:
        """Change the configuration of the newsletter."""
        only = self.office.publication.newsletters[0]
        changed = replace(only, **changes)  # type: ignore[arg-type]
        self.office.publication = replace(self.office.publication, newsletters=(changed,))


@pytest.fixture
def desk(engine: sa.Engine, tmp_path: Path) -> Iterator[Desk]:
    office = Office(engine)
    office.issue(people=12)
    office.freeze()
    office.submit()
    yield Desk(office, tmp_path)
    office.reader.dispose()
