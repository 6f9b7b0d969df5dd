"""What the provider reports changes the right rows, once."""

import random
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.model.actor import Actor
from newsletter.model.engagement import CountedLink, Tracking
from newsletter.store.content import edition_links
from newsletter.store.engagement_tables import engagements
from newsletter.store.tables import batches, event_bodies, events, notices
from newsletter.usecases import events as usecase
from newsletter.usecases import people
from newsletter.usecases.events import Drained
from subscribers.model import SubscriptionState, SuppressionReason
from tests.fakes import webhook
from tests.fakes.issues import NOW, add_issue
from tests.integration.events.conftest import Desk
from tests.integration.send.conftest import UNKNOWN

ADA = Actor.person("ada")
DAY = timedelta(days=1)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
e = engagements.c


def _counters(desk: Desk) -> list[tuple[int, ...]]:
    names = ("submitted", "delivered", "deferred", "blocked", "bounced", "dropped", "complained")
    query = sa.select(*(batches.c[name] for name in names)).order_by(batches.c.seq)
    with desk.office.reader.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def _count(desk: Desk, table: sa.Table) -> int:
    with desk.office.reader.connect() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def test_deliveries_move_and_their_batches_count_them(desk: Desk) -> None:
    done = desk.drain(
        desk.event("processed", 1),
        desk.event("deferred", 1),
        desk.event("delivered", 1),
        desk.event("delivered", 6),
        desk.event("deferred", 7),
        desk.event("bounce", 8, type="blocked", reason="550 5.7.1 policy"),
    )
    assert (done.new, done.ours) == (6, 6)
    found = desk.status()
    assert (found.submitted, found.delivered, found.deferred, found.blocked) == (12, 2, 1, 1)
    assert _counters(desk) == [(5, 1, 0, 0, 0, 0, 0), (5, 1, 1, 1, 0, 0, 0), (2, 0, 0, 0, 0, 0, 0)]
    assert sum(found.by_state.values()) == 12


def test_the_same_events_again_change_nothing(desk: Desk) -> None:
    found = [desk.event("delivered", 1), desk.event("spamreport", 2)]
    desk.drain(*found, *found)
    before = _counters(desk)
    assert desk.drain(*found).new == 0
    assert _counters(desk) == before
    assert desk.status().complained == 1


def test_many_bounces_take_several_short_transactions(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usecase, "PERSONAL_AT_ONCE", 3)
    found = [desk.event("bounce", number, type="bounce") for number in range(1, 9)]
    found += [desk.event("delivered", number) for number in range(9, 13)]
    suppressed = []

    def note(*_: object) -> None:
        suppressed.append(sum(desk.person(number).suppressed is not None for number in range(1, 9)))

    sa.event.listen(desk.office.engine, "commit", note)  # called before it happens
    done = desk.drain(*found, *found)
    sa.event.remove(desk.office.engine, "commit", note)
    note()
    assert max(later - earlier for earlier, later in pairwise(suppressed)) <= 3
    assert (done.events, done.new, done.suppressed) == (24, 12, 8)
    assert desk.states() == ["bounced"] * 8 + ["delivered"] * 4
    assert desk.drain() == Drained()


def test_requests_are_deleted_once_they_are_drained(desk: Desk) -> None:
    desk.drain(desk.event("delivered", 1))
    assert _count(desk, event_bodies) == 0
    assert _count(desk, events) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"event": "bounce", "type": "bounce", "status": "5.1.1"}, SuppressionReason.BOUNCE),
        ({"event": "spamreport"}, SuppressionReason.COMPLAINT),
        ({"event": "dropped", "reason": "Bounced Address"}, SuppressionReason.BOUNCE),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, SuppressionReason.COMPLAINT),
        ({"event": "bounce", "type": "blocked"}, None),
        ({"event": "bounce", "type": "bounce", "status": "5.2.2"}, None),
        ({"event": "deferred"}, None),
        ({"event": "dropped", "reason": "Recipient List over Package Quota"}, None),
        ({"event": "open"}, None),
        ({"event": "click"}, None),
        ({"event": "group_resubscribe"}, None),
        ({"event": "something_new"}, None),
    ],
)
def test_which_events_suppress(
    desk: Desk, fields: dict[str, object], reason: SuppressionReason | None
) -> None:
    desk.drain({**desk.event("x", 3), **fields})
    suppressed = desk.person(3).suppressed
    assert (suppressed.reason if suppressed else None) is reason
    assert desk.person(3).subscriptions[0].state is SubscriptionState.CONFIRMED
    assert desk.person(4).suppressed is None


def test_what_staff_lifted_after_an_event_stays_lifted(desk: Desk) -> None:
    desk.drain(desk.event("bounce", 3, type="bounce", status="5.1.1"))
    desk.office.later(days=1)
    people.lift(desk.context, ADA, "reader3@example.net", reason="they wrote to us")
    late = desk.event("bounce", 3, NOW, type="bounce", status="5.1.1", sg_event_id="late")
    assert desk.drain(late).suppressed == 0
    assert desk.person(3).suppressed is None
    newer = desk.event("bounce", 3, NOW + 2 * DAY, type="bounce", status="5.1.1")
    assert desk.drain(newer).suppressed == 1


@pytest.mark.parametrize("kind", ["unsubscribe", "group_unsubscribe"])
def test_an_unsubscribe_at_the_provider_ends_the_subscription(desk: Desk, kind: str) -> None:
    done = desk.drain(desk.event(kind, 2, NOW + timedelta(hours=1)))
    assert done.unsubscribed == 1
    assert desk.person(2).subscriptions[0].state is SubscriptionState.UNSUBSCRIBED


def test_an_old_unsubscribe_does_not_end_a_later_subscription(desk: Desk) -> None:
    desk.drain(desk.event("unsubscribe", 2, NOW - DAY))
    assert desk.person(2).subscriptions[0].state is SubscriptionState.CONFIRMED


@pytest.mark.parametrize(
    "fields",
    [
        {"category": ["weekly"]},
        {"category": "nl-0123456789ab"},
        {"nl_delivery": ""},
        {"nl_delivery": "1-99"},
        {"nl_delivery": "9-1"},
        {"nl_delivery": "1-4294967297"},
        {"nl_delivery": "4294967297-1"},
        {"nl_attempt": "", "nl_delivery": "notice-4294967297"},
        {"nl_delivery": "1-99", "nl_attempt": "4294967297.1:1"},
        {"nl_delivery": "1-99", "nl_attempt": "1.4294967297:1"},
        {"nl_delivery": "1-2; DROP TABLE events"},
        {"nl_delivery": None},
    ],
)
def test_an_event_about_no_delivery_of_ours_changes_no_one(
    desk: Desk, fields: dict[str, object]
) -> None:
    done = desk.drain({**desk.event("spamreport", 2), **fields})
    assert (done.new, done.ours) == (1, 0)
    assert desk.person(2).suppressed is None
    assert desk.status().complained == 0


def test_a_bounce_of_an_earlier_address_does_not_suppress_the_present_one(desk: Desk) -> None:
    desk.drain(desk.event("bounce", 2, type="bounce", email="old@example.net"))
    assert desk.person(2).suppressed is None
    assert desk.states()[1] == "bounced"
    desk.drain(desk.event("spamreport", 2, email="old@example.net"))
    assert desk.person(2).suppressed is not None


def test_an_event_settles_an_unknown_batch(desk: Desk) -> None:
    office = desk.office
    office.answers([UNKNOWN])
    with office.engine.begin() as connection:
        office.issue_id = add_issue(connection, number=2)
    office.freeze()
    office.submit()
    assert office.told().unknown == 5
    done = desk.drain({**desk.event("delivered", 1), "nl_delivery": "2-1", "nl_attempt": "2.1:1"})
    assert done.settled == 1
    found = office.told()
    assert (found.unknown, found.submitted, found.delivered) == (0, 12, 1)


def _soft(desk: Desk, day: int) -> dict[str, object]:
    return desk.event("bounce", 3, NOW + day * DAY, type="bounce", status="5.2.2")


def test_five_soft_bounces_without_a_delivery_suppress(desk: Desk) -> None:
    desk.drain(*(_soft(desk, day) for day in range(4)))
    assert desk.person(3).suppressed is None
    desk.drain(_soft(desk, 4))
    suppressed = desk.person(3).suppressed
    assert suppressed is not None
    assert suppressed.detail == "5 soft bounces in 30 days, none delivered between"
    desk.drain(desk.event("delivered", 3, NOW + timedelta(days=2, hours=1)))
    assert desk.person(3).suppressed is None


@pytest.mark.parametrize("delivered_first", [True, False])
def test_a_late_delivery_does_not_excuse_a_hard_bounce(
    desk: Desk, *, delivered_first: bool
) -> None:
    desk.drain(*(_soft(desk, day) for day in range(5)))
    late = [
        desk.event("delivered", 3, NOW + timedelta(days=2, hours=1)),
        desk.event("bounce", 3, NOW + 3 * DAY, type="bounce", status="5.1.1", sg_event_id="hard"),
    ]
    for event in late if delivered_first else reversed(late):
        desk.office.later(hours=1)
        desk.drain(event)
    suppressed = desk.person(3).suppressed
    assert suppressed is not None
    assert suppressed.origin == "provider:sendgrid"


def test_soft_bounces_from_before_a_lift_count_no_longer(desk: Desk) -> None:
    desk.drain(*(_soft(desk, day) for day in range(5)))
    desk.office.later(days=6)
    people.lift(desk.context, ADA, "reader3@example.net", reason="they emptied their mailbox")
    desk.drain(_soft(desk, 7), {**_soft(desk, 4), "sg_event_id": "late"})
    assert desk.person(3).suppressed is None
    desk.drain(*(_soft(desk, day) for day in range(8, 12)))
    assert desk.person(3).suppressed is not None


def test_too_many_complaints_pause_the_issue(desk: Desk) -> None:
    with desk.office.engine.begin() as connection:
        connection.execute(sa.text("UPDATE issues SET state = 'submitting'"))
    desk.drain(*(desk.event("spamreport", number) for number in (1, 2, 3)))
    assert desk.status().state == "paused"


def test_staff_are_told_once_that_the_provider_dropped_emails(desk: Desk) -> None:
    reason = "Recipient List over Package Quota"
    desk.drain(*(desk.event("dropped", number, reason=reason) for number in (1, 2)))
    with desk.office.reader.connect() as connection:
        kept = connection.scalars(sa.select(notices.c["values"])).all()
    assert [values["what"] for values in kept] == [
        f"the provider dropped emails of issue 1: {reason}"
    ]


def _clicked(desk: Desk) -> list[tuple[object, ...]]:
    columns = (e.subscriber_id, e.seq, e.edition_id, e.link, e.sign, e.source)
    with desk.office.reader.connect() as connection:
        rows = connection.execute(sa.select(*columns).order_by(e.at, e.subscriber_id))
        return [tuple(row) for row in rows]


def _with_links(desk: Desk) -> int:
    with desk.office.engine.begin() as connection:
        edition_links.replace(connection, 1, {1: [CountedLink(1, "https://www.example.org/1")]})
        return int(connection.scalar(sa.text("SELECT id FROM editions")) or 0)


def test_opens_and_clicks_are_counted_only_if_configured(desk: Desk) -> None:
    edition = _with_links(desk)

    def click(number: int, at: int, url: str, **more: object) -> dict[str, object]:
        found = desk.event("click", number, NOW + at * DAY, url=url, useragent=BROWSER)
        return {**found, **more}

    article, own = "https://www.example.org/1", "https://news.example.org/unsubscribe/m1234.weekly"
    before = click(1, 0, article)
    assert (desk.drain(before).new, desk.drain(before).new) == (1, 0)
    desk.configure(tracking=Tracking(clicks=True))
    found = [
        click(2, 1, article),
        click(3, 2, own),
        click(4, 3, article, useragent="Googlebot/2.1"),
        click(5, 4, "https://news.example.org/c/0"),
        {**desk.event("open", 6, NOW), "sg_machine_open": True},
    ]
    assert (desk.drain(*found).new, desk.drain(*found).new) == (5, 0)
    assert _clicked(desk) == [
        (2, 2, edition, 1, "", "sendgrid"),
        (3, 3, edition, 0, "", "sendgrid"),
        (4, 4, edition, 1, "agent", "sendgrid"),
        (5, 5, edition, 0, "canary", "sendgrid"),
    ]


def test_with_totals_no_event_names_anyone(desk: Desk) -> None:
    edition = _with_links(desk)
    desk.configure(tracking=Tracking(opens=True, clicks=True, mode="totals"))
    at = NOW + timedelta(minutes=17)
    desk.drain(
        desk.event("open", 2, at, sg_machine_open=True),
        desk.event("click", 2, at, url="https://www.example.org/1", useragent=BROWSER),
    )
    assert sorted(_clicked(desk), key=str) == [
        (None, None, edition, 0, "provider", "sendgrid"),
        (None, None, edition, 1, "", "sendgrid"),
    ]
    with desk.office.reader.connect() as connection:
        assert set(connection.scalars(sa.select(e.at))) == {NOW}
        assert connection.scalar(sa.select(sa.func.count()).select_from(events)) == 0


def test_an_open_is_evidence_that_its_batch_was_accepted(desk: Desk) -> None:
    office = desk.office
    desk.configure(tracking=Tracking(opens=True))
    office.answers([UNKNOWN])
    with office.engine.begin() as connection:
        office.issue_id = add_issue(connection, number=2)
    office.freeze()
    office.submit()
    done = desk.drain({**desk.event("open", 1), "nl_delivery": "2-1", "nl_attempt": "2.1:1"})
    assert done.settled == 1


def test_an_erasure_detaches_the_events(desk: Desk) -> None:
    desk.drain(desk.event("delivered", 2, reason="250 ok"))
    people.erase(desk.context, ADA, "reader2@example.net")
    with desk.office.reader.connect() as connection:
        row = connection.execute(sa.select(events.c.subscriber_id, events.c.reason)).one()
    assert tuple(row) == (None, "")


def test_what_is_not_json_is_put_aside_and_the_rest_goes_on(desk: Desk) -> None:
    usecase.receive(desk.context, "sendgrid", b"<html>")
    done = desk.drain(desk.event("delivered", 1))
    assert (done.unreadable, done.new) == (1, 1)
    assert _count(desk, event_bodies) == 1
    assert desk.drain().unreadable == 0


def test_an_exported_file_is_taken_in_once(desk: Desk) -> None:
    content = webhook.body([desk.event("delivered", 1), desk.event("bounce", 2, type="bounce")])
    assert usecase.replay(desk.context, ADA, "sendgrid", content).ours == 2
    assert usecase.replay(desk.context, ADA, "sendgrid", content).new == 0
    assert desk.status().bounced == 1
    with pytest.raises(NotAllowed, match="JSON"):
        usecase.replay(desk.context, ADA, "sendgrid", b"[{")


ORDER = ("submitted", "deferred", "delivered", "blocked", "bounced", "dropped", "complained")
WIRE: dict[str, tuple[dict[str, object], str, bool]] = {
    "processed": ({"event": "processed"}, "submitted", False),
    "deferred": ({"event": "deferred"}, "deferred", False),
    "delivered": ({"event": "delivered"}, "delivered", False),
    "policy": ({"event": "bounce", "type": "blocked", "status": "5.7.1"}, "blocked", False),
    "dead": ({"event": "bounce", "type": "bounce", "status": "5.1.1"}, "bounced", True),
    "dropped": ({"event": "dropped", "reason": "Bounced Address"}, "dropped", True),
    "complaint": ({"event": "spamreport"}, "complained", True),
    "open": ({"event": "open"}, "submitted", False),
}
"""Events as they are posted, the state that each leads to, and whether it suppresses."""


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_the_highest_state_counts(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)
    drawn = [
        (dice.randint(1, 12), dice.choice(list(WIRE)), NOW + timedelta(minutes=minute))
        for minute in range(200)
    ]
    repeated = dice.sample(drawn + drawn[:80], k=280)
    for begin in range(0, len(repeated), 37):
        part = repeated[begin : begin + 37]
        desk.drain(*({**desk.event(kind, who, at), **WIRE[kind][0]} for who, kind, at in part))
    reached = dict.fromkeys(range(1, 13), "submitted")
    suppressed = set()
    for who, kind, _ in drawn:
        _, state, ends = WIRE[kind]
        reached[who] = max(reached[who], state, key=ORDER.index)
        suppressed |= {who} if ends else set()
    assert desk.states() == list(reached.values())
    assert suppressed == {who for who in range(1, 13) if desk.person(who).suppressed is not None}
    assert desk.status().by_state == {
        state: list(reached.values()).count(state) for state in set(reached.values())
    }
    assert _count(desk, events) == len(drawn)


@pytest.mark.parametrize("known", [True, False])
def test_events_about_emails_from_before_the_address_changed_count_if_it_is_known(
    desk: Desk, *, known: bool
) -> None:
    present = desk.office.publication
    former = (present.url,) if known else ()
    desk.office.publication = replace(present, url="https://new.example.org", former_urls=former)
    desk.drain(desk.event("bounce", 3, type="bounce", status="5.1.1"))
    assert (desk.person(3).suppressed is not None) is known
