"""Emails that came back, in the shapes that mail servers give them."""

from textwrap import dedent

DELIVERY = "1-3"
TOKEN = "m1a2b.weekly.3." + "0123456789abcdef" * 2
ORIGINAL = f"""\
From: Peninsula Review <brief@example.org>
To: reader3@example.net
Subject: Edition 1 of the week
Message-ID: <{DELIVERY}@example.org>
List-Unsubscribe: <https://news.example.org/unsubscribe/{TOKEN}>
"""


def report(
    status: str,
    words: str,
    *,
    action: str = "failed",
    to: str = "bounces@example.org",
    original: str = ORIGINAL,
) -> bytes:
    """Return a delivery report as RFC 3464 describes it."""
    head = dedent(f"""\
        From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
        To: {to}
        Subject: Undelivered Mail Returned to Sender
        Auto-Submitted: auto-replied
        Date: Mon, 23 Nov 2026 08:05:00 +0000
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

        --b1
        Content-Type: text/plain

        This is the mail system at host mx.example.net.

        --b1
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example.net
        Arrival-Date: Mon, 23 Nov 2026 08:00:00 +0000

        Final-Recipient: rfc822; reader3@example.net
        Action: {action}
        Status: {status}
        Diagnostic-Code: smtp; {words}

        --b1
        Content-Type: text/rfc822-headers

        """)
    return (head + original + "\n--b1--\n").encode()


def complaint(kind: str = "abuse", original: str = ORIGINAL) -> bytes:
    """Return a complaint as RFC 5965 describes it."""
    head = dedent(f"""\
        From: feedback@fbl.example.net
        To: abuse@example.org
        Subject: complaint about message
        Date: Mon, 23 Nov 2026 09:00:00 +0000
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=feedback-report; boundary="b2"

        --b2
        Content-Type: text/plain

        This is an email abuse report.

        --b2
        Content-Type: message/feedback-report

        Feedback-Type: {kind}
        User-Agent: SomeGenerator/1.0
        Version: 1
        Original-Mail-From: <brief@example.org>

        --b2
        Content-Type: message/rfc822

        """)
    return (head + original + "\nThe content.\n--b2--\n").encode()


def plain(sender: str, subject: str, text: str, **headers: str) -> bytes:
    """Return an email of one text part."""
    more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    return (
        f"From: {sender}\nTo: bounces@example.org\nSubject: {subject}\n{more}"
        f"Date: Mon, 23 Nov 2026 08:05:00 +0000\n\n{dedent(text)}\n"
    ).encode()


EXIM = plain(
    "Mail Delivery System <Mailer-Daemon@mail.example.net>",
    "Mail delivery failed: returning message to sender",
    """\
    This message was created automatically by mail delivery software.

    A message that you sent could not be delivered to one or more of its
    recipients. This is a permanent error. The following address(es) failed:

      reader3@example.net
        host mx.example.net [192.0.2.1]
        SMTP error from remote mail server after RCPT TO:<reader3@example.net>:
        550 unknown user
    """,
    X_Failed_Recipients="reader3@example.net",
)
QMAIL = plain(
    "MAILER-DAEMON@mx.example.net",
    "failure notice",
    """\
    Hi. This is the qmail-send program at mx.example.net.
    I'm afraid I wasn't able to deliver your message to the following addresses.
    This is a permanent error; I've given up. Sorry it didn't work out.

    <reader3@example.net>:
    Sorry, no mailbox here by that name. (#5.1.1)

    --- Below this line is a copy of the message.
    """,
)
QMAIL_FULL = plain(
    "MAILER-DAEMON@mx.example.net",
    "failure notice",
    """\
    Hi. This is the qmail-send program at mx.example.net.
    I'm afraid I wasn't able to deliver your message to the following addresses.
    This is a permanent error; I've given up. Sorry it didn't work out.

    <reader3@example.net>:
    user is over quota

    --- Below this line is a copy of the message.
    """,
)
POSTFIX_TEXT = plain(
    "MAILER-DAEMON@mx.example.net (Mail Delivery System)",
    "Undelivered Mail Returned to Sender",
    """\
    This is the Postfix program at host mx.example.net.

    I'm sorry to have to inform you that your message could not be
    be delivered to one or more recipients.

                The Postfix program

    <reader3@example.net>: host mail.example.net[192.0.2.7] said: 550 5.1.1
        User unknown (in reply to RCPT TO command)
    """,
)
