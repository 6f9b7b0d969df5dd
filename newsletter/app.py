"""The composition root: builds everything once; nothing else makes random values or reads `clock`.

What is expensive to import is imported and built at its first use: most commands need little.
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from newsletter import migrations, parts
from newsletter.clock import clock
from newsletter.dispatch import embedded
from newsletter.maintenance import journals
from newsletter.maintenance.history import differs, forgotten
from newsletter.maintenance.journals import Journals
from newsletter.model.article_address import ArticleSigner
from newsletter.model.once import Once, Recent
from newsletter.model.pass_report import WHOLE
from newsletter.model.return_path import ReturnPaths
from newsletter.model.shared_preview import SharedPreviews
from newsletter.model.sign_in_link import SignInLinks
from newsletter.model.ticket import TicketSigner
from newsletter.pipeline import passes, recording
from newsletter.pipeline.report import Line, Part, Step, StepName
from newsletter.pipeline.tools import Tools
from newsletter.send.courier import Courier
from newsletter.send.journal import FOLDER as SUBMISSIONS
from newsletter.send.journal import SubmissionJournal
from newsletter.send.pacing import Pacing
from newsletter.usecases.context import Context
from subscribers.journal import Journal
from subscribers.tokens import Signer

if TYPE_CHECKING:
    from newsletter.collect.parsing.sandbox import Sandbox
    from newsletter.collect.probe import Probe
    from newsletter.collect.report import CollectReport
    from newsletter.errors import FetchFailed
    from newsletter.esp.port import Letter, Recipient, Sender
    from newsletter.fetch.client import Fetcher
    from newsletter.maintenance.readings import Reading
    from newsletter.model.article import Extracted
    from newsletter.model.picture import PictureCopy, StoredPicture
    from newsletter.model.publication import Publication
    from newsletter.pipeline.jobs import Job
    from newsletter.render.run import RenderKit
    from newsletter.render.templates import Templates
    from newsletter.send.notices import Post
    from newsletter.settings import Settings
    from newsletter.store.people.notices import Claimed
    from newsletter.store.reservations import Reservations


@dataclass(frozen=True, slots=True)
class App:
    """An opened publication with everything it works with; close it when done.

    `processes` share the connections to a provider. `collector` and `prober` read
    sources outside this process.
    """

    settings: Settings
    publication: Publication
    engine: sa.Engine
    reader: sa.Engine
    fetchers: Once[Fetcher]
    senders: Mapping[str, Sender]
    alerts: Once[Sender] | None
    templating: Once[Templates]
    signer: Signer
    articles: ArticleSigner
    returns: ReturnPaths
    sign_ins: SignInLinks
    tickets: TicketSigner
    journal: Journal
    submissions: SubmissionJournal
    now: Callable[[], datetime]
    rng: random.Random
    new_id: Callable[[], str]
    stop: threading.Event
    reservations: Reservations
    sandboxes: Once[Sandbox]
    outside: Callable[[], Sequence[Reading]]
    processes: int = 1
    collector: Callable[..., CollectReport] | None = None
    prober: Callable[[str], Probe] | None = None

    @property
    def fetcher(self) -> Fetcher:
        """Return what fetches from sources and checks links."""
        return self.fetchers()

    @property
    def templates(self) -> Templates:
        """Return the compiled templates."""
        return self.templating()

    def kit(self) -> RenderKit:
        """Return what rendering needs."""
        from newsletter.render.run import RenderKit

        return RenderKit(self.templates, self.articles, lambda: self.new_id()[:12])

    @property
    def context(self) -> Context:
        """Return what the use cases work with."""
        return Context(
            engine=self.engine,
            reader=self.reader,
            publication=self.publication,
            senders=self.senders,
            kit=self.kit,
            courier=Courier(
                senders=self.senders,
                signer=self.signer,
                reader=self.reader,
                clock=self.now,
                wait=time.sleep,
                owner=self.submissions.owner(f"{socket.gethostname()}:{os.getpid()}", self.new_id),
                stopped=self.stop.is_set,
                journal=self.submissions,
                rates=parts.rates(self.publication, self.senders),
                pacing=Pacing.of(self.settings.smtp_url, self.publication.smtp),
                return_path=self.returns.envelope_sender,
                tickets=self.tickets,
            ),
            returns=self.returns,
            sign_ins=self.sign_ins,
            journals=self.journals,
            new_id=self.new_id,
            now=self.now,
            reservations=self.reservations,
            broken_links=self._broken_links,
            processes=self.processes,
            look_at=self._look_at,
            collect_from=self.collector or self.collect,
            probe=self.prober or self.probe,
            shared_previews=SharedPreviews(self.settings.secret_keys, self.publication.url),
            read_page=self._read_page,
            outside=self.outside,
        )

    def tools(self, patience: timedelta = timedelta(0)) -> Tools:
        """Return what the stages of a pass work with; `patience` is how long sending may wait."""
        return Tools(
            context=self.context,
            post=self._post,
            collect=self.collector or self.collect,
            collect_source=lambda key: self.collect((key,), self.sandboxes()),
            tidy=lambda: parts.tidy(self.engine, self.settings, self.now()),
            watch=self._watch,
            catch_up=lambda: journals.catch_up(self.engine, self.reader, self.journals),
            forgotten=lambda: forgotten(self.reader, self.settings.root / SUBMISSIONS, self.now()),
            behind=self._behind,
            backup=self.settings.backup,
            lists=partial(parts.suppression_lists, self.settings)
            if self.publication.sync_suppressions
            else None,
            mailbox=self.settings.bounce_mailbox,
            patience=patience,
        )

    @property
    def journals(self) -> Journals:
        """Return what applying the journals needs besides a database."""
        return Journals(
            self.journal,
            self.settings.pepper,
            self.settings.outbox,
            self.now,
            host=self.submissions.host(self.new_id),
        )

    def _broken_links(self, addresses: Iterable[str]) -> Mapping[str, FetchFailed]:
        from newsletter.fetch.links import broken

        return broken(self.fetcher, addresses)

    def _behind(self, connection: sa.Connection) -> bool:
        """Return whether the journals or the copied history differ from the database."""
        copy = self.settings.root / SUBMISSIONS
        return journals.behind(connection, self.journals) or differs(connection, copy, self.now())

    def _look_at(self, addresses: Iterable[str]) -> list[tuple[StoredPicture, PictureCopy | None]]:
        from newsletter.collect.copying import look_at

        return look_at(self.fetcher, self.publication.sources, addresses)

    def probe(self, name: str) -> Probe:
        """Read a source without storing anything, in this process; raise NotFound."""
        from newsletter.collect.probe import probe

        user = self.publication.collecting.user
        source = self.publication.source(name)
        return probe(self.engine, source, self.fetcher, self.now, user=user)

    def _read_page(self, address: str) -> Extracted:
        from newsletter.collect.adding import read_page

        user = self.publication.collecting.user
        return read_page(self.fetcher, self.publication.sources, address, self.now, user=user)

    def collect(self, names: Sequence[str] = (), sandbox: Sandbox | None = None) -> CollectReport:
        """Collect from every source that is due, or from those named, in this process."""
        from newsletter.collect.run import CollectOptions, collect

        options = CollectOptions(
            clock=self.now,
            names=tuple(names),
            limits=self.publication.collecting,
            stopped=self.stop.is_set,
            sandbox=sandbox,
            recheck=self.publication.shortest_delay,
            rng=self.rng,
            configured=tuple(source.key for source in self.publication.sources),
        )
        return collect(self.engine, self.publication.sources, self.fetcher, options)

    def _watch(self) -> list[str]:
        from newsletter.maintenance.watchdog import examine

        return examine(self.reader, self.publication, self.settings.root, self.now())

    def _post(self) -> Post:
        from newsletter.send.notices import Post

        sender = self.senders[self.publication.provider]
        return Post(
            sender,
            self.alerts() if self.alerts else sender,
            self._compose,
            self.now,
            parts.announcing(self.settings),
        )

    def _compose(self, claimed: Claimed) -> tuple[Letter, Recipient] | None:
        from newsletter.pipeline.composing import Composer

        compose = Composer(
            self.publication,
            self.templates,
            self.signer,
            self.sign_ins,
            self.reader,
            self.now,
            self.returns.envelope_sender,
        )
        return compose(claimed)

    def one_pass(
        self,
        on_line: Callable[[Line], None] | None = None,
        patience: timedelta = timedelta(0),
    ) -> list[Line]:
        """Do everything that is due now, and return what each stage reports."""
        tools = self.tools(patience)
        steps = passes.steps(tools)
        return self._recorded(tools, Part(WHOLE, steps, passes.BESIDE), on_line, always=True)

    def parts(self, *, sending: bool = True) -> dict[str, Callable[[], list[Line]]]:
        """Return the parts of a pass that may run at the same time, by name.

        Without `sending`, other processes send.
        """
        tools = self.tools()
        parts = passes.parts(tools, sending=sending)
        return {
            name: partial(self._recorded, tools, Part(name, steps)) for name, steps in parts.items()
        }

    def send_only(self, on_line: Callable[[Line], None] | None = None) -> list[Line]:
        """Send what may be sent now, and return what the stages report."""
        return self._recorded(self.tools(), Part("send", passes.sending()), on_line)

    def jobs_due(self) -> list[Job]:
        """Return what is due as jobs for workers."""
        from newsletter.pipeline.jobs import due

        return due(self.tools())

    def work(self, job: Job) -> list[Line]:
        """Do a job of a worker, and return what its steps report."""
        tools = self.tools()
        if not job.rule.recorded:
            return self._run(tools, passes.due(tools, job.steps)[0])
        return self._recorded(tools, Part(job.kind.value, job.steps))

    def look_after_host(self) -> list[Line]:
        """Do what only this host can: apply its journals, settle what its dead workers left."""
        from newsletter.maintenance.uploads import FOLDER, KEPT, purge_uploads

        # Lists that were uploaded here are on no other machine.
        purge_uploads(self.settings.root / FOLDER, self.now() - KEPT)
        return self._recorded(self.tools(), Part("host", passes.of_this_host()))

    def _recorded(
        self,
        tools: Tools,
        part: Part,
        on_line: Callable[[Line], None] | None = None,
        *,
        always: bool = False,
    ) -> list[Line]:
        """Perform a part of a pass, record its report, and send the alerts that it causes."""
        began = self.now()
        steps, noted = passes.due(tools, part.steps)
        report = self._run(tools, steps, on_line, part.beside)
        if noted and recording.record(tools, part.name, began, report, always=always):
            self._run(tools, passes.alerts())
        return report

    def _run(
        self,
        tools: Tools,
        steps: Sequence[Step],
        on_line: Callable[[Line], None] | None = None,
        beside: Mapping[StepName, Sequence[Step]] = embedded.NOTHING,
    ) -> list[Line]:
        with structlog.contextvars.bound_contextvars(pass_id=self.new_id()[:12]):
            return embedded.run(
                steps,
                lambda step: passes.perform(tools, step),
                self.stop,
                on_line or (lambda _: None),
                beside,
            )

    def close(self) -> None:
        """Give back connections and files."""
        for fetcher in self.fetchers.built:
            fetcher.close()
        for sandbox in self.sandboxes.built:
            sandbox.close()
        self.reservations.close()
        self.submissions.close()
        self.engine.dispose()
        self.reader.dispose()


def open_app(settings: Settings, processes: int = 1) -> App:
    """Open the publication and migrate its database; the rest is built at its first use.

    `processes` is how many processes share the connections to a provider.
    """
    journal = settings.root / journals.FILE
    database = sa.make_url(settings.database_url)
    if database.get_backend_name() == "sqlite":
        journals.refuse_lost_database(Path(str(database.database)), journal)
    engine, reader, reservations = parts.databases(settings)
    # Ask without a lock: an upgrade waits for writers, and checks every foreign key.
    if migrations.revision(reader) != migrations.head():
        migrations.upgrade(engine)
    rng = random.SystemRandom()
    return App(
        settings=settings,
        publication=settings.publication,
        engine=engine,
        reader=reader,
        fetchers=Once(partial(parts.fetcher, clock, rng, reservations)),
        senders=parts.senders(settings, processes),
        alerts=Once(partial(parts.open_smtp, settings.alert_smtp_url))
        if settings.alert_smtp_url
        else None,
        templating=Once(partial(parts.templates, settings)),
        signer=Signer(settings.secret_keys),
        articles=ArticleSigner(settings.secret_keys),
        returns=ReturnPaths(settings.publication.bounces, settings.secret_keys),
        sign_ins=SignInLinks(settings.desk_origin, settings.secret_keys),
        tickets=TicketSigner(settings.secret_keys),
        journal=Journal(journal),
        submissions=SubmissionJournal(settings.root / SUBMISSIONS),
        now=clock,
        rng=rng,
        new_id=lambda: uuid.uuid4().hex,
        stop=threading.Event(),
        reservations=reservations,
        sandboxes=Once(partial(parts.sandbox, settings.publication.collecting)),
        outside=Recent(partial(parts.outside, settings.publication), clock, parts.OUTSIDE_KEPT),
        processes=processes,
    )
