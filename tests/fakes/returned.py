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

OTHER_SERVERS = {
    "sendmail": plain(
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>",
        "Returned mail: see transcript for details",
        """\
    The original message was received at Mon, 23 Nov 2026 08:00:00 GMT
    from mail.example.org [192.0.2.7]

       ----- The following addresses had permanent fatal errors -----
    <reader3@example.net>
        (reason: 550 5.1.1 <reader3@example.net>... User unknown)

       ----- Transcript of session follows -----
    ... while talking to mx.example.net.:
    >>> DATA
    <<< 550 5.1.1 <reader3@example.net>... User unknown
    550 5.1.1 <reader3@example.net>... User unknown
    """,
    ),
    "yahoo": plain(
        "MAILER-DAEMON@yahoo.example",
        "Failure Notice",
        """\
    Sorry, we were unable to deliver your message to the following address.

    <reader3@example.net>:
    Remote host said: 550 5.1.1 unknown user [RCPT_TO]

    --- Below this line is a copy of the message.
    """,
    ),
    "exchange": plain(
        "postmaster@example.net",
        "Undeliverable: Edition 1",
        """\
    Delivery has failed to these recipients or groups:

    reader3@example.net
    The email address you entered couldn't be found. Please check the recipient's
    email address and try to resend the message.

    Diagnostic information for administrators:
    Generating server: mx.example.net
    reader3@example.net
    #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##
    """,
    ),
    "gmail": plain(
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        """\
    Delivery to the following recipient failed permanently:

         reader3@example.net

    Technical details of permanent failure:
    Google tried to deliver your message, but it was rejected by the server.
    550 5.1.1 No such mailbox
    """,
        X_Failed_Recipients="reader3@example.net",
    ),
    "exim_full": plain(
        "Mail Delivery System <Mailer-Daemon@mail.example.net>",
        "Mail delivery failed: returning message to sender",
        """\
    This message was created automatically by mail delivery software.

    A message that you sent could not be delivered to one or more of its
    recipients. This is a permanent error. The following address(es) failed:

      reader3@example.net
        host mx.example.net [192.0.2.1]
        SMTP error from remote mail server after end of data:
        552 5.2.2 mailbox is full
    """,
        X_Failed_Recipients="reader3@example.net",
    ),
    "exim_warn": plain(
        "Mail Delivery System <Mailer-Daemon@mail.example.net>",
        "Warning: message delayed 24 hours",
        """\
    This message was created automatically by mail delivery software.
    A message that you sent has not yet been delivered to one or more of its
    recipients after more than 24 hours on the queue on mail.example.net.

    The address to which the message has not yet been delivered is:

      reader3@example.net
        Delay reason: host lookup did not complete

    No action is required on your part. Delivery attempts will continue for
    some time.
    """,
        X_Failed_Recipients="",
    ),
    "courier": plain(
        '"Courier mail server at mx.example.net" <postmaster@mx.example.net>',
        "NOTICE: mail delivery status.",
        """\
    This is a delivery status notification from mx.example.net,
    running the Courier mail server, version 1.0.

    The original message was received on Mon, 23 Nov 2026 08:00:00 +0000
    from mail.example.org (mail.example.org [192.0.2.7])

    ---------------------------------------------------------------------------

                               UNDELIVERABLE MAIL

    Your message to the following recipients cannot be delivered:

    <reader3@example.net>:
        mx.example.net [192.0.2.1]:
    <<< 550 User unknown.

    ---------------------------------------------------------------------------
    """,
    ),
    "policy": plain(
        "MAILER-DAEMON@mx.example.net",
        "Undelivered Mail Returned to Sender",
        """\
    I'm sorry to have to inform you that your message could not be
    be delivered to one or more recipients.

    <reader3@example.net>: host mx.example.net[192.0.2.1] said: 550 5.7.1
        Service unavailable; client host [192.0.2.7] blocked using a blocklist
        (in reply to RCPT TO command)
    """,
    ),
    "domino": plain(
        "Postmaster@example.net",
        "DELIVERY FAILURE: User reader3 (reader3@example.net) not listed in Domino Directory",
        """\
    Your message

      Subject: Edition 1 of the week

    was not delivered to:

      reader3@example.net

    because:

      User reader3 (reader3@example.net) not listed in Domino Directory
    """,
    ),
}
"""Bounces in free text as other servers write them."""
