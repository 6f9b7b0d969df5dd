"""Request links and name the broken ones."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from urllib.parse import urlsplit

from newsletter.errors import FetchFailed
from newsletter.fetch.client import Fetcher, FetchRequest

AT_ONCE, MOST, SECONDS = 8, 100, 30.0
# Sites answer a program in these ways although a browser sees the page: they want a password, a
# payment or a cookie, they suspect a robot, or they are busy.
_UNDECIDED = frozenset({401, 402, 403, 405, 406, 408, 412, 418, 425, 429, 451, 503, 999})
# Reserved for documentation and tests (RFC 2606, RFC 6761): no one serves these pages.
_RESERVED = ("example", "test", "invalid", "localhost", "example.com", "example.net", "example.org")


def broken(fetcher: Fetcher, addresses: Iterable[str]) -> Mapping[str, FetchFailed]:
    """Return the broken addresses, each with what went wrong.

    Requests at most MOST addresses, through the guard against private networks, and waits SECONDS.
    What has not answered by then is not reported.
    """
    asked = [address for address in dict.fromkeys(addresses) if not _reserved(address)][:MOST]
    if not asked:
        return {}
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="links")
    answers = {address: pool.submit(_problem, fetcher, address) for address in asked}
    wait(answers.values(), timeout=SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    done = {
        address: answer.result()
        for address, answer in answers.items()
        if answer.done() and not answer.cancelled()
    }
    return {address: problem for address, problem in done.items() if problem is not None}


def _reserved(address: str) -> bool:
    try:
        host = (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return False
    return any(host == name or host.endswith(f".{name}") for name in _RESERVED)


def _problem(fetcher: Fetcher, address: str) -> FetchFailed | None:
    try:
        fetcher.fetch(FetchRequest(address, head_only=True))
    except FetchFailed as error:
        return None if error.status in _UNDECIDED else error
    return None
