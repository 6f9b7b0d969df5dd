"""Sign-ups that wait for their email during a wave, and in what order they get it.

The networks that have had the fewest emails come first, counted by provider and then by customer:
an attacker with thousands of networks waits, and a visitor from elsewhere hardly does.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from subscribers.consent.limits import PART, Emailed, is_wave, provider_of
from subscribers.consent.signing_up import Rules, release, traffic
from subscribers.model import Effects
from subscribers.store import requests
from subscribers.store.requests import WaitingRequest

_HOUR = timedelta(hours=1)
WAITS_FOR = timedelta(days=1)
"""A request that waited longer gets no email: most people have given up, or it was an attack."""


def waiting(connection: sa.Connection) -> int:
    """Count the sign-ups that wait for their email."""
    return requests.waiting(connection)


def needs_attention(connection: sa.Connection, now: datetime) -> bool:
    """Return whether there is a wave of sign-ups, or some that wait because of one."""
    return bool(waiting(connection)) or is_wave(traffic(connection, now))


def release_some(connection: sa.Connection, titles: Mapping[str, str], rules: Rules) -> Effects:
    """Ask some of those who wait to confirm; how many depends on the wave."""
    now = rules.now
    requests.give_up(connection, now - WAITS_FOR)
    emailed = Emailed(
        requests.emailed_within(connection, _HOUR, now),
        requests.emailed_within(connection, PART, now),
    )
    allowed = rules.limits.allowance(emailed, wave=is_wave(traffic(connection, now)))
    if not allowed:
        return Effects("none")
    recent = requests.emailed_by_network(connection, WAITS_FOR, now)
    chosen = in_turn(requests.waiting_requests(connection), recent)[:allowed]
    notices = [release(connection, request.id, titles, rules) for request in chosen]
    return Effects("released", notices=tuple(notice for found in notices for notice in found))


def in_turn(waiting: Iterable[WaitingRequest], recent: Mapping[str, int]) -> list[WaitingRequest]:
    """Order requests: those whose networks had the fewest emails before them come first.

    `recent` counts the emails of the last day by network.
    """
    providers: Counter[bytes] = Counter()
    customers: Counter[bytes] = Counter()
    for network, emails in recent.items():
        provider, customer = provider_of(network)
        providers[provider] += emails
        customers[customer] += emails
    ranked = []
    for request in waiting:
        provider, customer = provider_of(request.network)
        ranked.append((providers[provider], customers[customer], request.id, request))
        providers[provider] += 1
        customers[customer] += 1
    return [request for *_, request in sorted(ranked, key=lambda row: row[:3])]
