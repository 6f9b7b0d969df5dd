"""Write a queued notice: find whom it is for, sign its links, render it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from newsletter import alerts
from newsletter.esp.port import Letter, Recipient
from newsletter.model.delivery import notice_id
from newsletter.model.event import origin
from newsletter.model.publication import Publication
from newsletter.model.sign_in_link import SignInLinks
from newsletter.people import letters
from newsletter.render import notice
from newsletter.render.templates import Templates
from newsletter.send.headers import unsubscribe_headers
from newsletter.send.notices import letter
from newsletter.store import epoch
from newsletter.store.people.notices import Claimed, Notice
from subscribers.model import NoticeKind
from subscribers.tokens import Signer


@dataclass(frozen=True, slots=True)
class Composer:
    """Composes notices at the moment they leave, so that no address or token waits in a row.

    `return_path` gives the envelope sender of a notice, if bounces go to a mailbox.
    """

    publication: Publication
    templates: Templates
    signer: Signer
    sign_ins: SignInLinks
    reader: sa.Engine
    now: Callable[[], datetime]
    return_path: Callable[[str], str] | None = None

    def __call__(self, claimed: Claimed) -> tuple[Letter, Recipient] | None:
        """Return the notice ready to submit; None if no recipient is left."""
        with self.reader.connect() as connection:
            to = letters.addressee(connection, claimed.notice)
            mark = origin(epoch.read(connection), self.publication.url)
        if to is None:
            return None
        if not to.address:  # an alert to a person without an address
            to = replace(to, address=alerts.mailbox(self.publication))
        values = self._values(claimed.notice)
        if len(named := letters.titles(claimed.notice, self.publication)) > 1:
            catalogs = self.templates.catalogs
            values["title"] = catalogs.of(to.language, self.publication.language).listed(named)
        own = letters.presented(claimed.notice, self.publication)
        written = notice.render(self.templates, claimed.notice.kind, to.language, values, own)
        ready = letter(
            own, written.subject, written.html, written.text, date=self.now(), origin=mark
        )
        if token := letters.unsubscribe_token(claimed.notice, self.signer):
            one_click = unsubscribe_headers(self.publication, token)
            ready = replace(ready, headers=(*ready.headers, *one_click))
        # An alert may leave through a server that may not use the domain of our mailbox.
        if claimed.notice.kind is not NoticeKind.ALERT:
            ready = replace(ready, return_path=self.return_path)
        return ready, Recipient(notice_id(claimed.id), to.address, to.name, "")

    def _values(self, notice: Notice) -> dict[str, object]:
        printed = letters.printed(notice, self.publication, self.signer)
        match notice.kind:
            case NoticeKind.ALERT:
                return {"link": "", **printed}
            case NoticeKind.SIGN_IN:
                return {**printed, "link": self.sign_ins.link(int(str(printed["request"])))}
            case _:
                return printed
