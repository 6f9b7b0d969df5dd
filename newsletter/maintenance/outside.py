"""Ask what recipients and their servers see: the public pages, and the records of the sender domain."""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING

from newsletter.maintenance import sender_domain
from newsletter.maintenance.checkup import asked
from newsletter.maintenance.readings import Health, Reading, ok
from newsletter.model.publication import Publication
from subscribers.phrase import Phrase

if TYPE_CHECKING:
    from newsletter.fetch.names import Names

SECONDS = 15.0
UNSUBSCRIBE = "unsubscribe page"
EXAMPLE_PAGE = "/unsubscribe/test"
"""The page that links of test sends lead to; it needs no subscriber."""
FALSE_ADDRESS = "203.0.113.77"
"""An address for documentation (RFC 5737), which no client has."""


def before_approval(
    publication: Publication, names: "Names | None" = None, seconds: float = SECONDS
) -> list[Reading]:
    """Return what the pre-flight checks ask about the publication.

    What has not answered after some seconds is reported as not checked.
    """
    if publication.provider == "outbox":
        return []
    questions: dict[str, Callable[[], Iterable[Reading]]] = {
        sender_domain.SUBJECT: lambda: list(sender_records(publication, names))
    }
    # Without TLS it is a trial on one machine, which others cannot reach.
    if publication.url.startswith("https://"):
        questions[UNSUBSCRIBE] = lambda: [_unsubscribe_page(publication.url)]
    pool = ThreadPoolExecutor(len(questions), thread_name_prefix="outside")
    answers = {subject: pool.submit(ask) for subject, ask in questions.items()}
    wait(answers.values(), timeout=seconds)
    pool.shutdown(wait=False)
    return [
        reading
        for subject, answer in answers.items()
        for reading in (answer.result() if answer.done() else [_late(subject)])
    ]


def _late(subject: str) -> Reading:
    message, advice = Phrase("nothing has answered in time"), Phrase("check again later")
    return Reading(Health.WARN, subject, message, advice, checked=False)


def sender_records(publication: Publication, names: "Names | None" = None) -> Iterator[Reading]:
    """Judge the records of the sender domain, or say that they cannot be looked up."""
    from newsletter.fetch.names import LookupFailed, Names  # noqa: PLC0415 - loads dnspython

    domain, subject = publication.domain, sender_domain.SUBJECT
    if names is None and sender_domain.is_reserved(domain):
        message = Phrase(
            "{domain} is reserved for examples: no one can send in its name", domain=domain
        )
        advice = Phrase("set from in [publication] to an address of your domain")
        yield Reading(Health.WARN, subject, message, advice)
        return
    asked_of = names or Names()
    signing = publication.smtp.dkim if publication.provider == "smtp" else None
    selectors = (signing.selector,) if signing else ()
    try:
        records = sender_domain.look_up(domain, asked_of.texts, asked_of.exists, selectors)
    except LookupFailed as error:
        advice = Phrase("run this again where names can be looked up")
        yield Reading(Health.WARN, subject, error.args[0], advice, checked=False)
        return
    yield from sender_domain.judge(domain, records, publication.bounces)


def public_pages(url: str) -> Reading:
    """Report whether the public pages answer at their address, and learn the client's."""
    return _unanswered("pages", url, "/robots.txt") or _client_address(url)


def _unsubscribe_page(url: str) -> Reading:
    """Report whether the page answers to which the links of emails lead."""
    return _unanswered(UNSUBSCRIBE, url, EXAMPLE_PAGE) or ok(
        UNSUBSCRIBE, Phrase("answers at {url}", url=url)
    )


def _unanswered(subject: str, url: str, page: str) -> Reading | None:
    from newsletter.fetch.wire import get  # noqa: PLC0415 - loads an HTTP client

    if problem := asked(partial(get, f"{url}{page}")):
        message = Phrase("{url} {problem}, so readers cannot unsubscribe", url=url, problem=problem)
        advice = Phrase("start the server, and let the proxy pass this address on to it")
        return Reading(Health.FAIL, subject, message, advice)
    return None


def _client_address(url: str) -> Reading:
    """Report whether the public pages learn the client's address, and only from a trusted proxy."""
    from newsletter.fetch.wire import read  # noqa: PLC0415 - as above

    text, problem = read(f"{url}/client-address", {"X-Forwarded-For": FALSE_ADDRESS})
    try:
        seen = json.loads(text)
        address, passed, believed = seen["address"], seen["passed"], seen["believed"]
    except (ValueError, TypeError, KeyError):
        why = Phrase(" ({problem})", problem=problem) if problem else ""
        message = Phrase("{url} is answered by another program{why}", url=url, why=why)
        advice = Phrase("let the proxy pass every path on to this program")
        return Reading(Health.WARN, "pages", message, advice)
    if address == FALSE_ADDRESS:
        message = Phrase("{url} accepts any address that a client claims to have", url=url)
        advice = Phrase("let the proxy replace X-Forwarded-For, as docs/deploy/nginx.conf does")
        return Reading(Health.FAIL, "pages", message, advice)
    if passed != FALSE_ADDRESS and not believed:
        message = Phrase("{url} takes the proxy's address for that of every client", url=url)
        advice = Phrase("add the proxy's address to trusted_proxies in [web]")
        return Reading(Health.WARN, "pages", message, advice)
    return ok("pages", Phrase("answer at {url} and learn the client's address", url=url))
