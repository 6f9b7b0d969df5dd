"""Several servers: what one provably did not take goes through the next."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from newsletter.errors import ConfigurationError
from newsletter.esp.port import Outcome, Recipient, Shipment, Verdict
from newsletter.esp.smtp.sender import SmtpSender, share
from newsletter.esp.smtp.server import SmtpServer
from tests.fakes.esmtp import Esmtp
from tests.unit.esp.smtp.test_exchange import LETTER

CLOSED = "smtp://127.0.0.1:9"


def recipients(*domains: str) -> list[Recipient]:
    """Return a recipient per domain."""
    return [
        Recipient(f"7-{place}", f"reader{place}@{domain}", "Ada", f"token{place}")
        for place, domain in enumerate(domains, 1)
    ]


THREE = recipients(*["example.net"] * 3)


@contextmanager
def two(first: Esmtp, second: Esmtp) -> Iterator[SmtpSender]:
    """Serve with two servers."""
    with first, second:
        yield SmtpSender(f"{first.url} {second.url}")


def addresses(server: Esmtp) -> list[str]:
    """Return the recipients of what a server accepted."""
    return [str(message["To"]).partition("<")[2].rstrip(">") for message in server.mailbox.messages]


@pytest.mark.parametrize("between", [" ", ", ", ",", "\n"])
def test_several_servers_are_read_with_their_limits(between: str) -> None:
    text = between.join(
        (
            "smtp://a.example?weight=2&connections=8",
            "smtps://u:p,q@b.example?rate=14&per_connection=9",
        )
    )
    first, second = SmtpServer.parse_all(f" {text}\n")
    assert (first.name, first.weight, first.connections, first.rate) == ("a.example:587", 2, 8, 0)
    assert (second.name, second.weight, second.rate) == ("b.example:465", 1, 14)
    assert (second.password, second.per_connection) == ("p,q", 9)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("smtp://a.example smtp://a.example", "a.example:587 is there twice"),
        ("smtp://a.example?weight=0", "?weight= must be a whole number"),
        ("smtp://a.example?rate=fast", "?rate= must be a whole number"),
        ("smtp://a.example?connections=²", "?connections= must be a whole number"),
        ("smtp://a.example b.example", "expected smtp://"),
    ],
)
def test_a_wrong_list_is_a_configuration_error(url: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        SmtpSender(url)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    "faults", [["mail_450"], ["mail_550"], ["ok", "rcpt_421"], ["rcpt_421"], ["data_454"], ["drop"]]
)
def test_what_a_server_does_not_take_goes_through_the_next(faults: list[str]) -> None:
    failing, healthy = Esmtp(faults), Esmtp()
    with two(failing, healthy) as sender:
        outcome = sender.submit(Shipment("7.1:1", LETTER, THREE))
    assert outcome.verdict is Verdict.ACCEPTED
    assert sorted(addresses(failing) + addresses(healthy)) == [who.address for who in THREE]
    assert len(addresses(healthy)) >= 2
    assert [*outcome.slowed] == [failing.url.removeprefix("smtp://")]
    assert healthy.url.removeprefix("smtp://") in outcome.eased


@pytest.mark.parametrize("fault", ["accept_drop", "garbled"])
def test_what_a_server_may_have_taken_goes_through_no_other(fault: str) -> None:
    failing, healthy = Esmtp(["ok", fault]), Esmtp()
    with two(failing, healthy) as sender:
        outcome = sender.submit(Shipment("7.1:1", LETTER, THREE))
    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.reached == ("7-1",)
    assert outcome.unsent == ("7-3",)
    assert addresses(healthy) == []


def test_a_server_that_refuses_connections_is_passed_over() -> None:
    with Esmtp() as server:
        outcome = SmtpSender(f"{CLOSED} {server.url}").submit(Shipment("7.1:1", LETTER, THREE))
    assert outcome.verdict is Verdict.ACCEPTED
    assert "127.0.0.1:9" in outcome.slowed
    assert "refused" in outcome.slowed["127.0.0.1:9"]


def test_if_no_server_takes_anything_all_are_named() -> None:
    sender = SmtpSender(f"{CLOSED} smtp://127.0.0.1:10")
    outcome = sender.submit(Shipment("7.1:1", LETTER, THREE))
    assert (outcome.verdict, outcome.reached, outcome.wait) == (Verdict.UNSENT, (), None)
    assert set(outcome.slowed) == {"127.0.0.1:9", "127.0.0.1:10"}
    assert sender.probe().count("no connection") == 2


def test_the_caller_names_the_order_of_the_servers() -> None:
    first, second = Esmtp(), Esmtp()
    with two(first, second) as sender:
        names = tuple(server.url.removeprefix("smtp://") for server in (second, first))
        sender.submit(Shipment("7.1:1", LETTER, THREE, servers=names))
    assert (addresses(first), len(addresses(second))) == ([], 3)


def test_if_an_acceptance_cannot_be_recorded_no_other_server_goes_on() -> None:
    def fail(_delivery: str) -> None:
        raise OSError(28, "No space left on device")

    first, second = Esmtp(), Esmtp()
    with two(first, second) as sender, pytest.raises(OSError, match="No space"):
        sender.submit(Shipment("7.1:1", LETTER, THREE, on_accepted=fail))
    assert (len(addresses(first)), addresses(second)) == (1, [])


@pytest.mark.parametrize(("connections", "processes", "mine"), [(4, 1, 4), (4, 3, 1), (1, 8, 1)])
def test_processes_share_the_connections(connections: int, processes: int, mine: int) -> None:
    assert share(connections, processes) == mine


def submitted(
    faults: list[str], *domains: str, offers: tuple[str, ...] = ("PIPELINING",)
) -> Outcome:
    """Submit to a recipient per domain."""
    with Esmtp(faults, offers=offers) as server:
        return SmtpSender(server.url).submit(Shipment("7.1:1", LETTER, recipients(*domains)))


@pytest.mark.parametrize("offers", [(), ("PIPELINING",), ("PIPELINING", "CHUNKING")])
def test_a_domain_that_asks_for_fewer_messages_gets_no_more_of_this_batch(
    offers: tuple[str, ...],
) -> None:
    busy = "rcpt_451 4.7.1 slow down"
    outcome = submitted(
        ["ok", busy, "ok"],
        "a.example",
        "b.example",
        "a.example",
        "b.example",
        "a.example",
        offers=offers,
    )
    assert outcome.reached == ("7-1", "7-3", "7-5")
    assert outcome.slowed == {"@b.example": "451 4.7.1 slow down no such person (an address)"}
    assert (outcome.verdict, outcome.deferred) == (Verdict.UNSENT, True)
    assert "@a.example" in outcome.eased


def test_a_domain_is_slow_if_it_defers_three_in_a_row_for_no_reason_of_the_mailbox() -> None:
    domains = ["b.example"] * 5 + ["a.example"]
    assert set(submitted(["rcpt_450"] * 3, *domains).slowed) == {"@b.example"}
    assert submitted(["rcpt_450", "rcpt_450", "ok", "rcpt_450", "rcpt_450"], *domains).slowed == {}
    assert submitted(["rcpt_452 4.2.2 full"] * 5, *domains).slowed == {}


def test_a_domain_that_has_deferred_for_too_long_is_refused() -> None:
    with Esmtp(["rcpt_451 4.7.1 slow down", "rcpt_451 4.7.1 slow down"]) as server:
        shipment = Shipment(
            "7.1:1",
            LETTER,
            recipients("b.example", "b.example", "a.example"),
            given_up=frozenset({"@b.example"}),
        )
        outcome = SmtpSender(server.url).submit(shipment)
    assert outcome.verdict is Verdict.ACCEPTED
    assert set(outcome.refused) == {"7-1", "7-2"}
