"""What receivers ask of the domain of bulk senders: SPF, DKIM, DMARC, and a way to answer.

Gmail, Yahoo and Outlook refuse or hide bulk email without them (their sender guidelines, 2024 and
2025).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from newsletter.maintenance.readings import Health, Reading, ok
from subscribers.phrase import Phrase

SUBJECT = "sender domain"
SELECTORS = ("s1", "s2", "default", "mail", "dkim", "selector1", "selector2", "google", "k1", "k2")
"""The names under which providers publish DKIM keys. There is no way to list those of a domain."""
MOST_LOOKUPS = 10
"""How many lookups of names a receiver makes for SPF (RFC 7208, 4.6.4)."""
_LOOKUP = re.compile(r"^[+?~-]?(?:include:|a\b|mx\b|ptr\b|exists:|redirect=)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DomainRecords:
    """The records of a sender domain. `dkim` are the keys that were found, by selector."""

    spf: tuple[str, ...]
    dmarc: tuple[str, ...]
    dkim: Mapping[str, str] = field(default_factory=dict)
    reachable: bool = True


def is_reserved(domain: str) -> bool:
    """Return whether a domain is only for examples and tests (RFC 2606)."""
    return (
        re.search(r"(^|\.)(example(\.(com|net|org))?|test|invalid|localhost)$", domain) is not None
    )


def look_up(
    domain: str,
    texts: Callable[[str], list[str]],
    exists: Callable[[str, str], bool],
    selectors: Iterable[str] = (),
) -> DomainRecords:
    """Return the records of a domain, with DKIM keys under the usual names and `selectors`.

    DMARC falls back to the domain above it (RFC 7489, 6.6.3).
    """
    dmarc = _starting(texts(f"_dmarc.{domain}"), "v=dmarc1")
    above = domain.partition(".")[2]
    if not dmarc and "." in above:
        dmarc = _starting(texts(f"_dmarc.{above}"), "v=dmarc1")
    keys = {
        selector: texts(f"{selector}._domainkey.{domain}") for selector in (*selectors, *SELECTORS)
    }
    return DomainRecords(
        spf=_starting(texts(domain), "v=spf1"),
        dmarc=dmarc,
        dkim={selector: "".join(found) for selector, found in keys.items() if found},
        reachable=any(exists(domain, kind) for kind in ("MX", "A", "AAAA")),
    )


def _starting(texts: list[str], start: str) -> tuple[str, ...]:
    return tuple(text for text in texts if text.lower().replace(" ", "").startswith(start))


def judge(domain: str, records: DomainRecords, bounces: str = "") -> Iterator[Reading]:
    """Say what is missing, and what to publish."""
    yield _spf(domain, records.spf)
    yield _dkim(domain, records.dkim)
    yield _dmarc(domain, records.dmarc)
    if not records.reachable:
        advice = Phrase(
            "publish an MX record for {domain}, so that replies and bounces arrive", domain=domain
        )
        yield Reading(
            Health.WARN, SUBJECT, Phrase("{domain} receives no email", domain=domain), advice
        )
    if bounces and not _aligned(bounces.rpartition("@")[2], domain):
        message = Phrase(
            "bounces go to another domain than {domain}, so SPF does not align with it",
            domain=domain,
        )
        advice = Phrase("set bounces in [publication] to an address of the sender's domain")
        yield Reading(Health.WARN, SUBJECT, message, advice)


def _spf(domain: str, found: tuple[str, ...]) -> Reading:
    if not found:
        advice = Phrase(
            'publish a TXT record for {domain}: "v=spf1 include:YOUR-PROVIDER ~all"', domain=domain
        )
        return Reading(Health.WARN, SUBJECT, Phrase("SPF is missing"), advice)
    if len(found) > 1:
        message = Phrase(
            "{domain} has {found} SPF records, so receivers ignore all of them",
            domain=domain,
            found=len(found),
        )
        return Reading(Health.FAIL, SUBJECT, message, Phrase("join them in one record"))
    terms = found[0].split()[1:]
    lookups = sum(bool(_LOOKUP.match(term)) for term in terms)
    if lookups > MOST_LOOKUPS:
        message = Phrase(
            "SPF needs {lookups} lookups, more than the {most} that receivers make",
            lookups=lookups,
            most=MOST_LOOKUPS,
        )
        return Reading(Health.FAIL, SUBJECT, message, Phrase("remove what you no longer send with"))
    if "+all" in terms or "all" in terms:
        advice = Phrase('end the record with "~all"')
        return Reading(Health.FAIL, SUBJECT, Phrase("SPF lets everyone send in your name"), advice)
    return ok(SUBJECT, Phrase("SPF is published for {domain}", domain=domain))


def _dkim(domain: str, found: Mapping[str, str]) -> Reading:
    valid = [selector for selector, key in found.items() if re.search(r"\bp=[^;\s]", key)]
    if valid:
        return ok(SUBJECT, Phrase("DKIM has a key under {valid}", valid=", ".join(valid)))
    if found:
        message = Phrase("the DKIM key under {found} is revoked or empty", found=", ".join(found))
        return Reading(
            Health.FAIL, SUBJECT, message, Phrase("publish the key that your provider shows")
        )
    message = Phrase("no DKIM key of {domain} is known under a usual name", domain=domain)
    advice = Phrase(
        "publish the key that your provider shows; ignore this if it has an unusual name"
    )
    return Reading(Health.WARN, SUBJECT, message, advice)


def _dmarc(domain: str, found: tuple[str, ...]) -> Reading:
    if not found:
        advice = Phrase(
            'publish a TXT record for _dmarc.{domain}: "v=DMARC1; p=none"', domain=domain
        )
        return Reading(
            Health.FAIL, SUBJECT, Phrase("DMARC is missing; bulk email needs it"), advice
        )
    policy = re.search(r"\bp\s*=\s*(none|quarantine|reject)\b", found[0], re.IGNORECASE)
    if len(found) > 1 or policy is None:
        advice = Phrase('publish exactly one record that begins "v=DMARC1; p=none"')
        return Reading(Health.FAIL, SUBJECT, Phrase("DMARC cannot be read by receivers"), advice)
    return ok(SUBJECT, Phrase("DMARC asks receivers to {wish}", wish=_wish(policy[1].lower())))


def _wish(policy: str) -> str:
    if policy == "none":
        return Phrase("report only")
    return Phrase("{policy} what fails", policy=policy)


def _aligned(one: str, other: str) -> bool:
    """Return whether two domains are one, or one is below the other."""
    one, other = one.lower(), other.lower()
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
