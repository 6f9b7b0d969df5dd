"""Why an email came back: the address, the mailbox, or the sender; from codes and words."""

import re
from enum import Enum, auto

MOST_WORDS = 4_000
"""Characters of a server's words that are looked at."""


class Cause(Enum):
    """Why an email was not delivered.

    ADDRESS will not get better. MAILBOX may (it is full). POLICY concerns the sender or the content.
    """

    ADDRESS = auto()
    MAILBOX = auto()
    POLICY = auto()
    TEMPORARY = auto()


_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY = re.compile(r"\b([45])(\d\d)[ -]")
# Words before codes: many servers give 5.7.1 or 5.0.0 for an address that does not exist.
_FULL = re.compile(
    r"mailbox (?:is |size limit |storage limit )?(?:full|exceeded)|(?:over|exceed(?:s|ed|ing)?|out of"
    r"|insufficient)(?: the| its| his| their| system| mailbox| storage| disk){0,3} (?:quota|storage"
    r"|space)|quota ?exceeded|too many messages|postfach (?:ist )?voll|boîte pleine|casella piena",
    re.IGNORECASE,
)
_NO_SUCH_USER = re.compile(
    r"(?:user|recipient|address|mailbox|account|addressee|alias)\s+(?:\S+\s+)?(?:is |was |has |does"
    r" )?(?:unknown|invalid|not exist|not found|doesn'?t exist|disabled|inactive|rejected: user"
    r"|been disabled|no longer)|(?:unknown|invalid|no such|bad destination|nonexistent)"
    r" (?:user|recipient|address|mailbox|account|local)|does not (?:exist|have a[^.]{0,40}account)"
    r"|no mailbox here|not a valid (?:mailbox|recipient)|couldn'?t find any host"
    r"|(?:host|domain) (?:name )?(?:not found|unknown|does not exist)|no longer (?:in use|available"
    r"|works here)|unrouteable address|unbekannter (?:benutzer|empfänger)|inconnu",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"spam|blocked|block ?list|black ?list|\brbl\b|dnsbl|spamhaus|policy|reputation|dmarc|\bspf\b"
    r"|\bdkim\b|authenticat|content rejected|virus|rate limit|too many|denied by|gr[ea]ylist"
    r"|unsolicited|relay(?:ing)? (?:access )?denied",
    re.IGNORECASE,
)
_OF_ADDRESS = {("1", "0"), ("1", "1"), ("1", "2"), ("1", "3"), ("1", "6"), ("1", "10"), ("2", "1")}


def cause(status: str, words: str) -> Cause:
    """Return why an email came back, from the status of a report (may be "") and its words."""
    words = words[:MOST_WORDS]
    said = next((found for pattern, found in _WORDS if pattern.search(words)), None)
    if said is not None:
        return said
    codes = _ENHANCED.search(status) or _ENHANCED.search(words)
    if codes is not None and (known := _by_code(codes[1], codes[2], codes[3])) is not None:
        return known
    if _POLICY.search(words):
        return Cause.POLICY
    if codes is not None:
        return Cause.ADDRESS if codes[1] == "5" else Cause.TEMPORARY
    reply = _REPLY.search(words)
    return _by_reply(reply[1], reply[2]) if reply else Cause.TEMPORARY


_WORDS = ((_FULL, Cause.MAILBOX), (_NO_SUCH_USER, Cause.ADDRESS))
_BY_SUBJECT = {
    "2": Cause.MAILBOX,
    "3": Cause.TEMPORARY,
    "4": Cause.TEMPORARY,
    "6": Cause.POLICY,
    "7": Cause.POLICY,
}


def _by_code(kind: str, subject: str, detail: str) -> Cause | None:
    """Judge an enhanced status code (RFC 3463); None if it says nothing in particular."""
    if kind == "4":
        return Cause.POLICY if subject == "7" else Cause.TEMPORARY
    if (subject, detail) in _OF_ADDRESS:
        return Cause.ADDRESS
    return _BY_SUBJECT.get(subject)


def _by_reply(kind: str, code: str) -> Cause:
    """Judge a reply code alone (RFC 5321): 552 is a full mailbox, 554 a refusal of the content."""
    if kind == "4":
        return Cause.TEMPORARY
    return {"52": Cause.MAILBOX, "54": Cause.POLICY}.get(code, Cause.ADDRESS)
