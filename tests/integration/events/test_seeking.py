"""What SendGrid's Email Activity API knows settles batches in doubt; what it does not know proves nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest

from newsletter.errors import NotPermitted
from newsletter.esp.sendgrid.activity import ActivityFeed
from newsletter.model.actor import Actor, Role
from newsletter.model.event import origin
from newsletter.store import epoch
from newsletter.usecases import seeking
from newsletter.usecases.seeking import Sought
from tests.fakes.issues import add_issue
from tests.fakes.site import Exchange, Site, open_site
from tests.integration.events.conftest import Desk
from tests.integration.send.conftest import UNKNOWN

ADA = Actor.person("ada")


@dataclass
class Feed:
    """The Email Activity of an account, as its API answers. `known` are the attempts it has seen."""

    site: Site
    mark: str
    known: set[str] = field(default_factory=set)
    details: dict[str, object] = field(default_factory=dict)
    status: int = 200
    asked: list[str] = field(default_factory=list)
    limit: int = 100

    def answer(self, exchange: Exchange) -> None:
        """Answer a query with a message, or with the details of one."""
        assert exchange.headers["Authorization"] == "Bearer SG.key"
        self.asked.append(exchange.path)
        if self.status != 200 or len(self.asked) > self.limit:
            exchange.answer(status=self.status if self.status != 200 else 429)
            return
        parts = urlsplit(exchange.path)
        if parts.path == "/v3/messages":
            query = parse_qs(parts.query)["query"][0]
            found = [attempt for attempt in self.known if f"['nl_attempt']=\"{attempt}\"" in query]
            assert f'Contains(categories,"{self.mark}")' in query
            messages = [{"msg_id": f"m-{attempt.replace(':', '_')}.1"} for attempt in found]
            exchange.answer(json.dumps({"messages": messages}), kind="application/json")
            return
        attempt = parts.path.rpartition("/m-")[2].removesuffix(".1").replace("_", ":")
        details = {
            "msg_id": "m",
            "to_email": "reader@example.net",
            "unique_args": json.dumps({"nl_attempt": attempt, "nl_delivery": "2-1"}),
            "categories": ["weekly", self.mark],
            **self.details,
        }
        exchange.answer(json.dumps(details), kind="application/json")


@pytest.fixture
def feed(desk: Desk) -> Iterator[Feed]:
    """An account, and an issue of three batches whose outcomes are all unknown."""
    office = desk.office
    office.answers([UNKNOWN] * 3)
    with office.engine.begin() as connection:
        office.issue_id = add_issue(connection, number=2)
        mark = origin(epoch.read(connection), office.publication.url)
    office.freeze()
    office.submit()
    with open_site() as site:
        made = Feed(site, mark)
        site.fallback = made.answer
        yield made


def seek(desk: Desk, feed: Feed) -> Sought:
    witness = ActivityFeed("SG.key", feed.site.url(""))
    try:
        return seeking.seek(desk.context, ADA, 2, "memory", witness)
    finally:
        witness.close()


def test_a_batch_that_was_seen_is_settled_and_the_others_stay_in_doubt(
    desk: Desk, feed: Feed
) -> None:
    feed.known = {"2.2:1"}
    assert seek(desk, feed) == Sought(3, ("2.2",))
    told = desk.office.told()
    assert (told.submitted, told.unknown) == (5, 7)
    assert seek(desk, feed) == Sought(2, ())
    assert "reader" not in "".join(feed.asked)


@pytest.mark.parametrize(
    "details",
    [
        {"categories": ["weekly", "nl-another"]},
        {"unique_args": json.dumps({"nl_attempt": "1.2:1"})},
        {"unique_args": "not JSON"},
        {"unique_args": 7, "categories": None},
    ],
)
def test_a_message_of_another_attempt_or_publication_proves_nothing(
    desk: Desk, feed: Feed, details: dict[str, object]
) -> None:
    feed.known, feed.details = {"2.2:1"}, details
    assert seek(desk, feed) == Sought(3, ())
    assert desk.office.told().unknown == 12


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "add-on"), (401, "scope"), (429, "six requests per minute"), (500, "HTTP 500")],
)
def test_an_account_that_does_not_answer_changes_nothing(
    desk: Desk, feed: Feed, status: int, words: str
) -> None:
    feed.status = status
    found = seek(desk, feed)
    assert found.seen == ()
    assert words in found.problem
    assert desk.office.told().unknown == 12


def test_what_was_seen_before_the_limit_stays_settled(desk: Desk, feed: Feed) -> None:
    feed.known, feed.limit = {"2.1:1", "2.2:1"}, 3
    found = seek(desk, feed)
    assert found.seen == ("2.1",)
    assert "six requests" in found.problem
    feed.limit = 100
    assert seek(desk, feed) == Sought(2, ("2.2",))


def test_an_editor_may_not_settle_batches(desk: Desk, feed: Feed) -> None:
    witness = ActivityFeed("SG.key", feed.site.url(""))
    with pytest.raises(NotPermitted):
        seeking.seek(desk.context, Actor.person("kim", Role.EDITOR), 2, "memory", witness)
    witness.close()
