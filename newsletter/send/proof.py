"""Test sends: the editions of an issue as they would leave, mailed to one address of staff."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.esp.port import Outcome, Recipient, Sender, Shipment
from newsletter.model.edition import Edition
from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter, Publication
from newsletter.send import headers

MARK = "[Test] "
NOBODY = "nobody"
"""Stands where a subscriber's token would: its links lead to a page that says so."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is tested, and to whom it goes."""

    publication: Publication
    newsletter: Newsletter
    issue: Issue
    editions: Sequence[Edition]
    address: str


def send(
    proof: Proof, sender: Sender, new_id: Callable[[], str], *, now: datetime
) -> list[tuple[Edition, Outcome]]:
    """Submit one mail per edition; nobody's delivery is touched and no token is signed."""
    done = []
    for edition in proof.editions:
        letter = headers.letter(proof.publication, proof.newsletter, edition, kind="test", date=now)
        marked = replace(letter, subject=MARK + letter.subject)
        name = f"test-{proof.issue.id}-{edition.seq}-{new_id()[:8]}"
        recipient = Recipient(name, proof.address, "", NOBODY)
        done.append((edition, sender.submit(Shipment(f"{name}:1", marked, [recipient]))))
    return done
