"""Whether a program that requested a page is a known crawler, scanner or proxy."""

from newsletter.model.engagement import Judgment

_LONGEST = 512
_BARE = frozenset({"", "Mozilla/5.0"})
"""Apple's mail privacy proxy names itself so; every browser says more."""


def sign_of(agent: str) -> Judgment | None:
    """Return AGENT if this user agent is known to be a machine's, else None.

    The list of patterns takes 60 ms to load, so it is imported at the first use.
    """
    from crawleruseragents import is_crawler  # noqa: PLC0415

    agent = agent.strip()[:_LONGEST]
    known = agent in _BARE or is_crawler(agent)
    return Judgment.AGENT if known else None
