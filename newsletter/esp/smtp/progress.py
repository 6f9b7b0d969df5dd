"""What happened to the messages of one batch when each has its own answer; no I/O."""

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from newsletter.esp.port import Outcome, Verdict
from newsletter.esp.text import quoted_answer

LATER = 300.0
"""Seconds until recipients that the server deferred are tried again."""
FINE = range(200, 300)
TEMPORARY = range(400, 500)
PERMANENT = range(500, 600)
FEW = 2
"""If a batch of up to this size is refused completely, the mailboxes may simply be dead."""
MANY = 10
MOST = 0.8
"""From MANY answers on, this share of equal refusals cannot be about mailboxes."""
_OF_THE_MAILBOX = re.compile(r"[45]\.[12]\.\d")
"""Status codes that concern one mailbox (RFC 3463, 3.2 and 3.3)."""
_OF_THE_SENDER = re.compile(r"4\.7\.\d")
"""Status codes with which large receivers ask for fewer messages (RFC 3463, 3.8)."""
IN_A_ROW = 3
"""A domain that defers so many messages in a row defers all, unless it says why it does not."""


def shown_reply(code: int, text: bytes | str) -> str:
    """Return a reply as people see it, without addresses."""
    return quoted_answer(f"{code} {quoted_answer(text)}", 200)


@dataclass(slots=True)
class BatchProgress:
    """The answers of a batch so far. With `last`, a temporary refusal is final.

    It is also final if a domain in `given_up` gives it.
    """

    last: bool = False
    given_up: frozenset[str] = frozenset()
    reached: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    deferred: list[str] = field(default_factory=list)
    later: str = ""
    slowed: dict[str, str] = field(default_factory=dict)
    eased: set[str] = field(default_factory=set)
    _in_a_row: Counter[str] = field(default_factory=Counter)
    _codes: dict[str, int] = field(default_factory=dict)

    def note(self, delivery: str, code: int, text: bytes | str, domain: str) -> None:
        """Record the answer to one message; `domain` is written as "@example.com"."""
        if code in FINE:
            self.reached.append(delivery)
            self.eased.add(domain)
            self._in_a_row.pop(domain, None)
            return
        if code in TEMPORARY:
            self._defers(domain, shown_reply(code, text))
        if code in TEMPORARY and not self.last and domain not in self.given_up:
            self.deferred.append(delivery)
            self.later = f"the server said {shown_reply(code, text)} to some recipients; they are tried again"
        else:
            self.refused[delivery] = f"the server said {shown_reply(code, text)}"
            if code in PERMANENT:
                self._codes[delivery] = code

    def skips(self, domain: str) -> bool:
        """Return whether messages to a domain wait, because it defers all of them."""
        return domain in self.slowed and not self.last and domain not in self.given_up

    def _defers(self, domain: str, shown: str) -> None:
        """Slow a domain that asks for fewer messages, or defers one after the other."""
        self._in_a_row[domain] += 1
        alike = self._in_a_row[domain] >= IN_A_ROW and not _OF_THE_MAILBOX.search(shown)
        if alike or _OF_THE_SENDER.search(shown):
            self.slowed[domain] = shown

    def end(self) -> Outcome:
        """Return the outcome of a batch whose every message was tried."""
        if self.deferred:
            return self.stop(Outcome(Verdict.UNSENT, self.later, wait=LATER, deferred=True))
        return self.stop(Outcome(Verdict.ACCEPTED))

    def stop(self, outcome: Outcome) -> Outcome:
        """Return an outcome that includes the answer to each message.

        If the server refused all recipients in the same way, it refused us and not them. Then no
        recipient is marked as refused, and a person is asked.
        """
        code = self._alike()
        reached = () if outcome.verdict is Verdict.ACCEPTED else tuple(self.reached)
        outcome = replace(
            outcome, slowed=self.slowed, eased=frozenset(self.eased - self.slowed.keys())
        )
        if code is None:
            return replace(outcome, refused=self.refused, reached=reached)
        if outcome.verdict is Verdict.UNKNOWN:
            return replace(outcome, refused=self.refused, reached=reached, stop=True)
        alike = [delivery for delivery, answer in self._codes.items() if answer == code]
        others = {who: why for who, why in self.refused.items() if who not in alike}
        reason = f"{len(alike)} of {self._answers()} recipients were refused in the same way: "
        return Outcome(
            Verdict.UNSENT,
            reason + self.refused[alike[0]],
            refused=others,
            reached=tuple(self.reached),
            slowed=outcome.slowed,
            eased=outcome.eased,
            stop=True,
        )

    def _answers(self) -> int:
        return len(self.reached) + len(self.deferred) + len(self._codes)

    def _alike(self) -> int | None:
        """Return the code with which the server refused us instead of the recipients, or None."""
        if not self._codes:
            return None
        answers = self._answers()
        ((code, number),) = Counter(self._codes.values()).most_common(1)
        if answers >= MANY and number >= MOST * answers:
            return code
        of_mailboxes = all(_OF_THE_MAILBOX.search(self.refused[who]) for who in self._codes)
        all_refused = number == answers > FEW
        return code if all_refused and not of_mailboxes else None
