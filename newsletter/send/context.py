"""What decides whether an email may be sent now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from newsletter.model.publication import Publication


@dataclass(frozen=True, slots=True)
class SendingContext:
    """The configuration, the names of the providers that are set up, and the present time."""

    publication: Publication
    providers: Collection[str]
    now: datetime
