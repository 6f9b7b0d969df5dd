"""What the stages of a pass work with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.model.retention import BackupPlan
from newsletter.usecases.context import Context

if TYPE_CHECKING:
    import sqlalchemy as sa

    from newsletter.collect.report import CollectReport
    from newsletter.esp.sendgrid.suppressions import SuppressionLists
    from newsletter.maintenance.retention import Tidied
    from newsletter.send.notices import Post


@dataclass(frozen=True, slots=True)
class Tools:
    """The use cases' context, and the work around them that `app` builds.

    `lists` opens the provider's suppression lists, if they are to be read every day. `mailbox` is
    the URL of the mailbox that bounces go to, and contains a password. `backup` is where a copy
    of the database is kept every day. `behind` asks whether the
    files beside the database and the database differ. `watch` returns what
    nothing else would report: silent sources, a full disk. `patience` is how long sending may wait for
    the next batch.
    """

    context: Context
    post: Callable[[], Post]
    collect: Callable[[], CollectReport]
    collect_source: Callable[[str], CollectReport]
    tidy: Callable[[], Tidied]
    watch: Callable[[], Sequence[str]]
    catch_up: Callable[[], int]
    forgotten: Callable[[], Sequence[str]]
    behind: Callable[[sa.Connection], bool]
    backup: BackupPlan | None = None
    lists: Callable[[], SuppressionLists] | None = None
    mailbox: str = field(default="", repr=False)
    patience: timedelta = timedelta(0)
