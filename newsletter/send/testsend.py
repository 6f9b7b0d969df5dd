"""Test sends: the editions of an issue as they would go out, emailed to one address of the staff."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.esp.port import Outcome, Recipient, Sender, Shipment
from newsletter.model.edition import Edition
from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter, Publication
from newsletter.send import headers

MARK = "[TEST] "
NO_SUBSCRIBER = "test"
"""Replaces a subscriber's token. Links with it lead to a page that explains the test."""


@dataclass(frozen=True, slots=True)
class StaffTestSend:
    """What is tested, and the address that gets it; `name` is the subscriber whom it is shown as."""

    publication: Publication
    newsletter: Newsletter
    issue: Issue
    editions: Sequence[Edition]
    address: str
    name: str = ""


def send(
    test: StaffTestSend, sender: Sender, new_id: Callable[[], str], *, now: datetime
) -> list[tuple[Edition, Outcome]]:
    """Submit one email per edition. No delivery changes and no token is signed."""
    done = []
    for edition in test.editions:
        letter = headers.letter(test.publication, test.newsletter, edition, kind="test", date=now)
        marked = replace(letter, subject=MARK + letter.subject)
        delivery = f"test-{test.issue.id}-{edition.seq}-{new_id()[:8]}"
        recipient = Recipient(delivery, test.address, test.name, NO_SUBSCRIBER)
        done.append((edition, sender.submit(Shipment(f"{delivery}:1", marked, [recipient]))))
    return done
