"""The composition root: builds everything once; nothing else reads a clock or rolls dice."""

import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import sqlalchemy as sa

from newsletter import migrations
from newsletter.collect.run import CollectOptions, collect
from newsletter.dispatch import embedded
from newsletter.esp.outbox import OutboxSender
from newsletter.esp.port import Sender
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.esp.smtp.sender import SmtpSender
from newsletter.fetch.client import Fetcher, open_fetcher
from newsletter.fetch.links import broken
from newsletter.model.publication import Publication
from newsletter.pipeline import passes
from newsletter.pipeline.composing import Composer
from newsletter.pipeline.report import Line
from newsletter.pipeline.tools import Tools
from newsletter.render.run import RenderKit
from newsletter.render.templates import Templates, open_templates
from newsletter.send.courier import Courier
from newsletter.send.notices import Post
from newsletter.settings import Settings
from newsletter.store import marks, numbers, upkeep
from newsletter.store.database import open_engine, open_reader
from newsletter.store.people import erasure, retention
from newsletter.usecases.context import Context
from subscribers.consent.retention import RetentionPeriods, purge
from subscribers.journal import Journal, Replaying
from subscribers.model import Erased
from subscribers.tokens import Signer

JOURNAL = "departures.jsonl"
"""The journal's file, beside newsletter.toml: who left or was erased, in keyed hashes."""


@dataclass(frozen=True, slots=True)
class App:
    """An opened publication with everything it works with; close it when done."""

    settings: Settings
    publication: Publication
    engine: sa.Engine
    reader: sa.Engine
    fetcher: Fetcher
    senders: Mapping[str, Sender]
    alerts: Sender | None
    templates: Templates
    signer: Signer
    journal: Journal
    now: Callable[[], datetime]
    rng: random.Random
    new_id: Callable[[], str]
    stop: threading.Event

    @property
    def kit(self) -> RenderKit:
        """Return what rendering needs."""
        return RenderKit(self.templates, lambda: self.new_id()[:12])

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
                owner=f"{socket.gethostname()}:{os.getpid()}",
                stopped=self.stop.is_set,
                rates=dict.fromkeys(self.senders, self.publication.rate),
            ),
            new_id=self.new_id,
            now=self.now,
            broken_links=partial(broken, self.fetcher),
        )

    def tools(self, patience: timedelta = timedelta(0)) -> Tools:
        """Return what the stages of a pass work with; `patience` is how long sending may wait."""
        return Tools(
            context=self.context,
            post=self._post(),
            collect=lambda: collect(
                self.engine, self.publication.sources, self.fetcher, CollectOptions(clock=self.now)
            ),
            tidy=self._tidy,
            catch_up=self._catch_up,
            patience=patience,
        )

    def _catch_up(self) -> int:
        """Bring the database up to the journal beside it; return how many entries it lacked.

        A database that lacked any is a copy from before: it would hand out again the numbers that
        links and files have named since.
        """
        gone: list[Erased] = []
        with self.reader.connect() as reading:
            known = marks.read(reading, JOURNAL)
        walk = Replaying(
            self.journal, known, pepper=self.settings.pepper, now=self.now(), erased=gone.append
        )
        total, lines = 0, 1
        while lines:
            before = len(gone)
            with self.engine.begin() as connection:
                lines, news = walk.step(connection)
                if news and not total:
                    numbers.skip(connection)
                for one in gone[before:]:
                    erasure.erase(connection, one)
                if lines:
                    marks.write(connection, JOURNAL, walk.known)
            total += news
        for one in gone:
            erasure.erase_elsewhere(self.engine, self.settings.outbox, one)
        return total

    def _tidy(self) -> dict[str, int]:
        """Let go of what the configuration keeps no longer, a bounded part at a time."""
        now, kept = self.now(), self.settings.retention
        with self.engine.begin() as connection:
            people = purge(
                connection,
                RetentionPeriods(kept.pending, kept.addresses),
                pepper=self.settings.pepper,
                now=now,
            )
            ours = retention.purge(
                connection, deliveries=now - kept.deliveries, notices=now - kept.events
            )
        files = retention.purge_outbox(self.settings.outbox, now - kept.outbox)
        past = upkeep.forget_replaced(self.engine, now - upkeep.REPLACED_FOR)
        return {**people, **ours, "outbox mails": files, "replaced databases": past}

    def _post(self) -> Post:
        sender = self.senders[self.publication.provider]
        compose = Composer(self.publication, self.templates, self.signer, self.reader, self.now)
        return Post(sender, self.alerts or sender, compose, self.now)

    def one_pass(
        self,
        on_line: Callable[[Line], None] | None = None,
        patience: timedelta = timedelta(0),
    ) -> list[Line]:
        """Do everything that is due now, and return what each stage reports."""
        tools = self.tools(patience)
        return embedded.run(
            passes.steps(tools),
            lambda step: passes.perform(tools, step),
            self.stop,
            on_line or (lambda _: None),
        )

    def close(self) -> None:
        """Give back connections and files."""
        self.fetcher.close()
        self.engine.dispose()
        self.reader.dispose()


def open_app(settings: Settings) -> App:
    """Open the publication: migrate its database, compile its templates, build its providers."""
    engine, reader = open_engine(settings.database_url), open_reader(settings.database_url)
    # Asked without a lock: an upgrade waits for whoever writes, and looks at every foreign key.
    if migrations.revision(reader) != migrations.head():
        migrations.upgrade(engine)
    rng = random.SystemRandom()
    return App(
        settings=settings,
        publication=settings.publication,
        engine=engine,
        reader=reader,
        fetcher=open_fetcher(clock, rng),
        senders=_senders(settings),
        alerts=SmtpSender(settings.alert_smtp_url) if settings.alert_smtp_url else None,
        templates=open_templates(settings.publication, settings.root),
        signer=Signer(settings.secret_keys),
        journal=Journal(settings.root / JOURNAL),
        now=clock,
        rng=rng,
        new_id=lambda: uuid.uuid4().hex,
        stop=threading.Event(),
    )


def clock() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)


def _senders(settings: Settings) -> dict[str, Sender]:
    """Return every provider that is set up, by its word in the configuration."""
    senders: dict[str, Sender] = {"outbox": OutboxSender(settings.outbox)}
    if settings.smtp_url:
        senders["smtp"] = SmtpSender(settings.smtp_url)
    if settings.sendgrid_api_key:
        senders["sendgrid"] = SendGridSender(settings.sendgrid_api_key, settings.sendgrid_api_host)
    return senders
