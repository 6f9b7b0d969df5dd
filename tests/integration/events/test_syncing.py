"""The provider's suppression lists, read page by page from a server that speaks its API."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from newsletter.errors import NotAllowed
from newsletter.esp.sendgrid.suppressions import PAGE, ListKind, SuppressionLists
from newsletter.model.actor import Actor
from newsletter.usecases import people, syncing
from newsletter.usecases.syncing import Compared
from subscribers.model import SubscriptionState, SuppressionReason
from tests.fakes.issues import NOW
from tests.fakes.site import Exchange, Site, open_site
from tests.integration.events.conftest import Desk

ADA = Actor.person("ada")
AFTER = int((NOW + timedelta(hours=1)).timestamp())


@dataclass
class Account:
    """The lists of an account, and the requests for them."""

    site: Site
    lists: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    asked: list[tuple[str, int, int]] = field(default_factory=list)
    fails_at: int = -1

    def open(self) -> SuppressionLists:
        """Open the lists with a key."""
        return SuppressionLists("SG.key", self.site.url(""))

    def answer(self, exchange: Exchange) -> None:
        """Answer as the API does: the entries from `start_time` on, `limit` of them."""
        parts = urlsplit(exchange.path)
        query = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
        kind = parts.path.rpartition("/")[2]
        self.asked.append((kind, query["start_time"], query["offset"]))
        if len(self.asked) == self.fails_at:
            exchange.answer(status=500)
            return
        assert exchange.headers["Authorization"] == "Bearer SG.key"
        known = self.lists.get(kind, [])
        since = [entry for entry in known if int(str(entry["created"])) >= query["start_time"]]
        page = since[query["offset"] : query["offset"] + query["limit"]]
        exchange.answer(json.dumps(page), kind="application/json")


@pytest.fixture
def account() -> Iterator[Account]:
    with open_site() as site:
        made = Account(site)
        site.fallback = made.answer
        yield made


def _entry(number: int, created: int = AFTER, reason: str = "550 no") -> dict[str, object]:
    return {"email": f"Reader{number}@example.net", "created": created, "reason": reason}


def _sync(desk: Desk, account: Account) -> dict[ListKind, Compared]:
    lists = account.open()
    try:
        return {found.kind: found for found in syncing.sync(desk.context, ADA, lists)}
    finally:
        lists.close()


def test_what_a_webhook_missed_is_taken_over_once(desk: Desk, account: Account) -> None:
    account.lists = {
        "bounces": [_entry(1, reason="550 <reader1@example.net> unknown"), _entry(99)],
        "invalid_emails": [_entry(2)],
        "spam_reports": [_entry(3)],
        "unsubscribes": [_entry(4)],
        "blocks": [_entry(5)],
    }
    done = _sync(desk, account)
    assert done[ListKind.BOUNCES] == Compared(ListKind.BOUNCES, 2, 1, 1)
    assert done[ListKind.BLOCKS] == Compared(ListKind.BLOCKS, 1, 1, 0)
    found = [desk.person(number).suppressed for number in range(1, 6)]
    assert [item.reason if item else None for item in found] == [
        SuppressionReason.BOUNCE,
        SuppressionReason.BOUNCE,
        SuppressionReason.COMPLAINT,
        None,
        None,
    ]
    assert found[0] is not None
    assert "@" not in found[0].detail
    assert desk.person(4).subscriptions[0].state is SubscriptionState.UNSUBSCRIBED
    assert sum(item.new for item in _sync(desk, account).values()) == 0


def test_pages_are_read_to_the_end_and_then_only_what_is_new(desk: Desk, account: Account) -> None:
    account.lists = {"bounces": [_entry(1000 + number) for number in range(PAGE + 3)] + [_entry(7)]}
    assert _sync(desk, account)[ListKind.BOUNCES] == Compared(ListKind.BOUNCES, PAGE + 4, 1, 1)
    assert [offset for kind, _, offset in account.asked if kind == "bounces"] == [0, PAGE]
    desk.office.later(days=9)
    account.asked.clear()
    _sync(desk, account)
    assert {since for _, since, _ in account.asked} == {int((NOW - timedelta(days=1)).timestamp())}


def test_an_interrupted_reading_is_repeated_from_its_beginning(
    desk: Desk, account: Account
) -> None:
    account.lists = {"bounces": [_entry(1000 + number) for number in range(PAGE)] + [_entry(7)]}
    account.fails_at = 2
    with pytest.raises(NotAllowed, match="HTTP 500"):
        _sync(desk, account)
    account.fails_at = -1
    assert _sync(desk, account)[ListKind.BOUNCES].new == 1


def test_what_staff_lifted_later_stays_lifted(desk: Desk, account: Account) -> None:
    account.lists = {"bounces": [_entry(1)]}
    _sync(desk, account)
    desk.office.later(days=1)
    people.lift(desk.context, ADA, "reader1@example.net", reason="they wrote to us")
    _sync(desk, account)
    assert desk.person(1).suppressed is None
    account.lists = {"bounces": [_entry(1, AFTER + 3 * 86_400)]}
    _sync(desk, account)
    assert desk.person(1).suppressed is not None


def test_an_old_unsubscribe_does_not_end_a_later_subscription(desk: Desk, account: Account) -> None:
    account.lists = {"unsubscribes": [_entry(4, AFTER - 86_400)]}
    _sync(desk, account)
    assert desk.person(4).subscriptions[0].state is SubscriptionState.CONFIRMED


@pytest.mark.parametrize(
    "entries",
    [[1, None, "x"], [{"email": 3, "created": AFTER}], [{"email": "a@example.net"}], [{}]],
)
def test_entries_in_another_form_are_skipped(
    desk: Desk, account: Account, entries: list[object]
) -> None:
    lists = account.open()
    account.site.fallback = lambda exchange: exchange.answer(
        json.dumps(entries), kind="application/json"
    )
    assert all(found.entries == 0 for found in syncing.sync(desk.context, ADA, lists))
    lists.close()


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [(403, "{}", "scope"), (200, "<html>", "HTTP 200"), (200, "{}", "HTTP 200"), (503, "", "503")],
)
def test_a_refusal_is_reported(account: Account, status: int, body: str, message: str) -> None:
    account.site.fallback = lambda exchange: exchange.answer(body, status=status)
    lists = account.open()
    with pytest.raises(NotAllowed, match=message):
        list(lists.pages(ListKind.BOUNCES, NOW))
    lists.close()
