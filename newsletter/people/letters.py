"""Write the letters to one person: where a notice goes, and what it prints with its signed links."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.model import links
from newsletter.model.publication import Newsletter, Publication
from newsletter.store.people.notices import Notice
from subscribers import directory
from subscribers.model import NoticeKind
from subscribers.tokens import Purpose, Signer

_ONCE: Mapping[NoticeKind, tuple[str, Callable[[str, str], str], Purpose]] = {
    NoticeKind.CONFIRM: ("link", links.confirm, Purpose.CONFIRM),
    NoticeKind.GOODBYE: ("back", links.confirm, Purpose.CONFIRM),
    NoticeKind.MANAGE: ("link", links.manage, Purpose.MANAGE),
    NoticeKind.ADDRESS_CHANGE: ("link", links.manage, Purpose.ADDRESS),
}
"""By kind of notice: what its link is called there, where it leads, what it may do."""

_CHOICES = {"preferences": links.preferences, "unsubscribe": links.unsubscribe}
_WITH_CHOICES: Mapping[NoticeKind, Mapping[str, Callable[[str, str], str]]] = {
    NoticeKind.WELCOME: _CHOICES,
    NoticeKind.STILL_WANTED: {"keep": links.keep, **_CHOICES},
}
"""By kind of notice: its links that work as those of an issue do."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """Where a notice goes, and in which language."""

    address: str
    name: str
    language: str


def addressee(connection: sa.Connection, notice: Notice) -> Addressee | None:
    """Return where a notice goes now; None if the person has been erased or suppressed since."""
    if notice.subscriber_id is None:
        return Addressee(notice.address, "", notice.language)
    person = directory.load(connection, notice.subscriber_id)
    if person is None or person.suppressed is not None:
        return None
    language = notice.language or person.language
    address = person.address if notice.is_to_subscriber else notice.address
    return Addressee(address, person.name, language)


def presented(notice: Notice, publication: Publication) -> Publication:
    """Return the publication as a notice presents it: as its newsletter does, if it is about one."""
    about = _newsletters(notice, publication)
    return publication.for_newsletter(about[0]) if len(about) == 1 else publication


def _newsletters(notice: Notice, publication: Publication) -> list[Newsletter]:
    """Return the newsletters that a notice is about, of those that are still configured."""
    keys = str(notice.values.get("newsletters") or notice.values.get("newsletter", "")).split()
    return [found for key in keys if (found := publication.newsletter(key))]


def titles(notice: Notice, publication: Publication) -> list[str]:
    """Return the titles of the newsletters that a notice is about."""
    return [newsletter.title for newsletter in _newsletters(notice, publication)]


def printed(notice: Notice, publication: Publication, signer: Signer) -> dict[str, object]:
    """Return the values that a notice prints; its links are signed only now."""
    values = {name: str(value) for name, value in notice.values.items()}
    if notice.subscriber_id is None:
        return dict(notice.values)
    values.setdefault("title", ", ".join(titles(notice, publication)) or publication.name)
    made = _Links(notice, notice.subscriber_id, values, publication.url, signer)
    until = values.get("until", "")
    ends = datetime.fromisoformat(until).astimezone(publication.timezone) if until else None
    return {
        **values,
        **made.all(),
        "until": ends or "",
    }


def unsubscribe_token(notice: Notice, signer: Signer) -> str:
    """Return the token with which a notice can be answered as an issue can; "" if it has none."""
    if notice.subscriber_id is None or notice.kind not in _WITH_CHOICES:
        return ""
    return signer.mint(
        notice.subscriber_id, str(notice.values.get("newsletter", "")), Purpose.ISSUE
    )


@dataclass(frozen=True, slots=True)
class _Links:
    notice: Notice
    subscriber_id: int
    values: dict[str, str]
    base: str
    signer: Signer

    def all(self) -> dict[str, str]:
        kind = self.notice.kind
        if kind in _ONCE:
            name, address, purpose = _ONCE[kind]
            return {name: address(self.base, self._once(purpose))}
        token = unsubscribe_token(self.notice, self.signer)
        choices = _WITH_CHOICES.get(kind, {})
        return {name: address(self.base, token) for name, address in choices.items()}

    def _once(self, purpose: Purpose) -> str:
        return self.signer.mint(
            self.subscriber_id,
            self.values.get("newsletter", ""),
            purpose,
            serial=int(self.values["serial"]),
            until=datetime.fromisoformat(self.values["until"]),
        )
