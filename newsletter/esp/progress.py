"""What became of the messages of one batch, where each has an answer of its own; no I/O."""

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from newsletter.esp.port import Outcome, Verdict
from newsletter.esp.words import said

LATER = 300.0
"""Seconds after which those are tried again whom the server turned away for now."""
FINE = range(200, 300)
TEMPORARY = range(400, 500)
PERMANENT = range(500, 600)
FEW = 2
"""A batch of so many, all refused, may just be so many dead mailboxes."""
MANY = 10
MOST = 0.8
"""Of so many answers, so large a part that is the same refusal is no matter of mailboxes."""
_OF_THE_MAILBOX = re.compile(r"5\.[12]\.\d")
"""Status codes by which a server speaks of this one mailbox (RFC 3463, 3.2 and 3.3)."""


def words(code: int, text: bytes | str) -> str:
    """Return a reply as it is shown, without the addresses in it."""
    return said(f"{code} {said(text)}", 200)


@dataclass(slots=True)
class Progress:
    """What became of a batch so far; with `last`, a temporary refusal is a final one."""

    last: bool = False
    reached: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    deferred: list[str] = field(default_factory=list)
    later: str = ""
    _codes: dict[str, int] = field(default_factory=dict)

    def note(self, delivery: str, code: int, text: bytes | str) -> None:
        """Take the answer to one message."""
        if code in FINE:
            self.reached.append(delivery)
        elif code in TEMPORARY and not self.last:
            self.deferred.append(delivery)
            self.later = f"the server said {words(code, text)} to some; they are tried again"
        else:
            self.refused[delivery] = f"the server said {words(code, text)}"
            if code in PERMANENT:
                self._codes[delivery] = code

    def end(self) -> Outcome:
        """Return the outcome of a batch that was gone through to its end."""
        if self.deferred:
            return self.stop(Outcome(Verdict.UNSENT, self.later, wait=LATER, deferred=True))
        return self.stop(Outcome(Verdict.ACCEPTED))

    def stop(self, outcome: Outcome) -> Outcome:
        """Return an outcome with everybody's own answer in it.

        Where the server refused everybody alike, it refused us and not them: nobody is marked, and
        a person is asked.
        """
        code = self._alike()
        reached = () if outcome.verdict is Verdict.ACCEPTED else tuple(self.reached)
        if code is None:
            return replace(outcome, refused=self.refused, reached=reached)
        if outcome.verdict is Verdict.UNKNOWN:
            return replace(outcome, refused=self.refused, reached=reached, stop=True)
        alike = [one for one, answered in self._codes.items() if answered == code]
        others = {one: why for one, why in self.refused.items() if one not in alike}
        reason = f"{len(alike)} of {self._answers()} recipients were refused alike: "
        return Outcome(
            Verdict.UNSENT,
            reason + self.refused[alike[0]],
            refused=others,
            reached=tuple(self.reached),
            stop=True,
        )

    def _answers(self) -> int:
        return len(self.reached) + len(self.deferred) + len(self._codes)

    def _alike(self) -> int | None:
        """Return the code by which the server refused us rather than the recipients, if it did."""
        if not self._codes:
            return None
        answers = self._answers()
        ((code, number),) = Counter(self._codes.values()).most_common(1)
        if answers >= MANY and number >= MOST * answers:
            return code
        of_mailboxes = all(_OF_THE_MAILBOX.search(self.refused[one]) for one in self._codes)
        everybody = number == answers > FEW
        return code if everybody and not of_mailboxes else None
