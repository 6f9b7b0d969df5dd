"""The messages of one batch over a connection: each has its own answer.

Where the server allows it, the envelope of a message travels together with the content of the one
before it, so that a message takes one round trip. The content itself is never transmitted before
the answer to the message before it was read and handed to the caller. A connection or a process
that ends therefore leaves one message in doubt at most.
"""

import smtplib
from collections.abc import Iterator
from typing import NamedTuple

from newsletter.esp.message.checks import AddressError, ascii_address, international_address
from newsletter.esp.message.mime import MessageTemplate
from newsletter.esp.port import FaultPoint, Outcome, Shipment, Verdict, receiving_domain
from newsletter.esp.smtp.connection import Reply, SmtpConnection
from newsletter.esp.smtp.conversations import Steps
from newsletter.esp.smtp.progress import (
    FINE,
    LATER,
    PERMANENT,
    TEMPORARY,
    BatchProgress,
    shown_reply,
)
from newsletter.esp.text import describe_error

CLOSING = 421
"""The server is about to close the connection: the answer is not about the recipient."""
THROTTLED = 454
"""Amazon SES: the maximum sending rate is exceeded."""
GO_ON = 354


class Envelope(NamedTuple):
    """One message and its recipient.

    `place` is its index in the shipment, `domain` the receiving one, written as "@example.com".
    """

    place: int
    delivery: str
    to: bytes
    domain: str
    content: bytes

    @property
    def international(self) -> bool:
        """Return whether the server must take addresses that are not ASCII."""
        return not self.to.isascii()


class ConnectionEnded(Exception):  # noqa: N818 - named for what happened
    """A connection that had served ended between two messages; another one may go on.

    `by_server` is false if we ended it, because the server takes no more messages over one.
    """

    def __init__(self, *, by_server: bool) -> None:
        """Note who ended it."""
        super().__init__()
        self.by_server = by_server


class BatchStopped(Exception):  # noqa: N818 - named for what happened
    """The batch cannot continue; `outcome` says what that means for the rest.

    With `by_server`, the rest is provably unsent, and another server may take it.
    """

    def __init__(self, outcome: Outcome, *, by_server: bool = False) -> None:
        """Take the outcome of what was not submitted."""
        super().__init__(outcome.reason)
        self.outcome = outcome
        self.by_server = by_server and outcome.verdict is Verdict.UNSENT


class Exchange:
    """A shipment on its way, over as many connections as it takes."""

    def __init__(
        self, template: MessageTemplate, shipment: Shipment, latest: float, at: FaultPoint
    ) -> None:
        """Take what to send; no message is started later than `latest` seconds into the call."""
        self._template = template
        self._shipment = shipment
        self._latest = latest
        self._at = at
        sender = ascii_address(shipment.letter.sender.address)
        self._sender = shipment.letter.return_path or (lambda _delivery: sender)
        self._progress = BatchProgress(shipment.last, shipment.given_up)
        self._envelopes = self._written()
        self._current = next(self._envelopes, None)
        self._upcoming: Envelope | None = None
        self._announced: Envelope | None = None

    def over(self, connection: SmtpConnection) -> Steps[Outcome]:
        """Submit what is left over this connection; raise ConnectionEnded.

        Raise BatchStopped if this server does not go on, and another one may.
        """
        self._announced = None
        while (envelope := self._current) is not None:
            if connection.used_up:
                raise ConnectionEnded(by_server=False)
            try:
                if not _takes(connection, envelope):
                    self._refuse(envelope.delivery, _NOT_INTERNATIONAL)
                elif self._progress.skips(envelope.domain) and self._announced is not envelope:
                    self._skip(envelope.delivery)
                else:
                    yield from self._submit(connection, envelope)
            except BatchStopped as stopped:
                if stopped.by_server:
                    raise
                return self.stop(stopped.outcome)
            self._current, self._upcoming = self._upcoming or next(self._envelopes, None), None
        return self._progress.end()

    def served_by(self, server: str, problem: str) -> None:
        """Note that a server took messages, or why it did not go on."""
        if problem:
            self._progress.slowed[server] = problem
        else:
            self._progress.eased.add(server)

    def stop(self, outcome: Outcome) -> Outcome:
        """Return an outcome that ends the shipment here, with all answers so far."""
        if outcome.verdict is Verdict.UNKNOWN and self._current is not None:
            rest = self._shipment.recipients[self._current.place + 1 :]
            refused = self._progress.refused
            unsent = (who.delivery for who in rest if who.delivery not in refused)
            outcome = Outcome(outcome.verdict, outcome.reason, unsent=tuple(unsent))
        return self._progress.stop(outcome)

    def _written(self) -> Iterator[Envelope]:
        """Yield the messages in order; refuse those that cannot be written."""
        for place, recipient in enumerate(self._shipment.recipients):
            try:
                to = international_address(recipient.address)
                content = self._template.fill(recipient, international=True)
            except AddressError as error:
                self._refuse(recipient.delivery, str(error))
            except ValueError:  # a lone surrogate, or a header that would not be one
                self._refuse(recipient.delivery, "the email to this recipient cannot be encoded")
            else:
                domain = receiving_domain(to)
                yield Envelope(place, recipient.delivery, to.encode(), domain, content)

    def _refuse(self, delivery: str, reason: str) -> None:
        self._progress.refused[delivery] = reason
        self._shipment.on_declined(delivery)

    def _skip(self, delivery: str) -> None:
        """Let a message wait that its domain would defer."""
        self._progress.deferred.append(delivery)
        self._shipment.on_declined(delivery)

    def _announce(self, connection: SmtpConnection, envelope: Envelope) -> None:
        """Queue the commands that come before the content."""
        if connection.must_reset:
            connection.queue(b"RSET\r\n")
        extensions = " BODY=8BITMIME SMTPUTF8" if envelope.international else ""
        sender = f"MAIL FROM:<{self._sender(envelope.delivery)}>{extensions}\r\n"
        connection.queue(sender.encode(), b"RCPT TO:<%b>\r\n" % envelope.to)
        if not connection.chunking:
            connection.queue(b"DATA\r\n")
        self._announced = envelope

    def _submit(self, connection: SmtpConnection, envelope: Envelope) -> Steps[None]:
        """Submit one message; raise BatchStopped if the batch cannot continue."""
        self._require_time(connection)
        if self._announced is not envelope:
            self._announce(connection, envelope)
        self._upcoming = self._upcoming or next(self._envelopes, None)
        verdict = Verdict.UNSENT
        try:
            reply = yield from self._mail(connection)
            if reply.code not in FINE:
                connection.in_order = False
                raise BatchStopped(_sender_refused(reply), by_server=True)
            reply = yield from self._recipient(connection)
            if started := reply.code == GO_ON:
                self._require_time(connection)
                verdict = Verdict.UNKNOWN
                reply = yield from self._content(connection, envelope)
        except (OSError, smtplib.SMTPException) as error:
            connection.in_order = False
            reason = f"the connection broke: {describe_error(error)}"
            raise BatchStopped(Outcome(verdict, reason), by_server=True) from error
        self._judge(connection, envelope, reply, started=started)

    def _mail(self, connection: SmtpConnection) -> Steps[Reply]:
        """Return the reply to MAIL.

        If the connection ended before it, nothing of this message was transmitted. A server may end
        a connection that was idle, or after a number of messages.
        """
        try:
            if connection.must_reset:
                yield from connection.reply()
                connection.must_reset = False
            reply = yield from connection.reply()
        except (OSError, smtplib.SMTPException) as error:
            if not connection.completed:
                raise
            raise ConnectionEnded(by_server=True) from error
        if reply.code == CLOSING and connection.completed:
            raise ConnectionEnded(by_server=True)
        return reply

    def _recipient(self, connection: SmtpConnection) -> Steps[Reply]:
        """Return the reply to RCPT and DATA; its code is GO_ON if the content may follow."""
        reply = yield from connection.reply()
        accepted = reply.code in FINE
        if connection.chunking:
            return reply._replace(code=GO_ON) if accepted else reply
        if accepted:
            return (yield from connection.reply())
        if connection.pipelining and reply.code in {*TEMPORARY, *PERMANENT} - {CLOSING}:
            # DATA is on its way. Should the server go on without a recipient, the message must be
            # ended, and it must be empty (RFC 2920, 3.1).
            following = yield from connection.reply()
            if following.code == GO_ON:
                yield from connection.end_empty()
        else:
            connection.forget_queued()
        return reply

    def _content(self, connection: SmtpConnection, envelope: Envelope) -> Steps[Reply]:
        """Transmit the message, with the envelope of the next one; return the reply to it."""
        upcoming, room = self._upcoming, not connection.nearly_used_up
        if upcoming is not None and room and self._may_follow(connection, upcoming):
            self._announce(connection, upcoming)
        return (yield from connection.transmit(envelope.content, self._at))

    def _may_follow(self, connection: SmtpConnection, envelope: Envelope) -> bool:
        return _takes(connection, envelope) and not self._progress.skips(envelope.domain)

    def _judge(
        self, connection: SmtpConnection, envelope: Envelope, reply: Reply, *, started: bool
    ) -> None:
        """Record the answer to one message; raise BatchStopped if there is none."""
        if started and reply.code in FINE:
            connection.completed += 1
            self._progress.note(envelope.delivery, reply.code, reply.text, envelope.domain)
            self._shipment.on_accepted(envelope.delivery)
            return
        shown = shown_reply(reply.code, reply.text)
        if reply.code in {CLOSING, THROTTLED}:
            connection.in_order = False
            what = "closed the connection" if reply.code == CLOSING else "asked for fewer messages"
            outcome = Outcome(Verdict.UNSENT, f"the server {what}: {shown}", wait=LATER)
            raise BatchStopped(outcome, by_server=True)
        if reply.code not in {*TEMPORARY, *PERMANENT}:
            connection.in_order = False
            verdict = Verdict.UNKNOWN if started else Verdict.UNSENT
            outcome = Outcome(verdict, f"the server's answer is invalid: {shown}")
            raise BatchStopped(outcome, by_server=True)
        self._progress.note(envelope.delivery, reply.code, reply.text, envelope.domain)
        self._shipment.on_declined(envelope.delivery)
        connection.completed += started
        connection.must_reset = not started

    def _require_time(self, connection: SmtpConnection) -> None:
        """Stop the batch if it is too late to start another message. The rest follows at once.

        If the server has only deferred recipients so far, the rest waits with them.
        """
        if connection.deadline.elapsed() <= self._latest:
            return
        connection.in_order = False  # a message may be announced or open
        progress = self._progress
        if progress.deferred and not progress.reached and not progress.refused:
            raise BatchStopped(Outcome(Verdict.UNSENT, progress.later, wait=LATER, deferred=True))
        reason = "the time limit of one batch was reached; the rest follows"
        raise BatchStopped(Outcome(Verdict.UNSENT, reason, wait=0.0))


def _takes(connection: SmtpConnection, envelope: Envelope) -> bool:
    return connection.international or not envelope.international


_NOT_INTERNATIONAL = "the server takes only addresses in ASCII (it does not offer SMTPUTF8)"


def _sender_refused(reply: Reply) -> Outcome:
    shown = shown_reply(reply.code, reply.text)
    if reply.code not in {*TEMPORARY, *PERMANENT}:
        return Outcome(Verdict.UNSENT, f"the server's answer is invalid: {shown}")
    reason = f"the server refused our sender address: {shown}"
    if reply.code in TEMPORARY:
        return Outcome(Verdict.UNSENT, reason, wait=LATER)
    return Outcome(Verdict.UNSENT, reason, stop=True)
