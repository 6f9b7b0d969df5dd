"""Sign in at the desk by a link that is emailed, and end sessions.

The request only notes the address that was typed, for members and strangers alike. A pass then
emails the members. So neither the answer nor its time shows who is a member.
"""

from datetime import timedelta
from hashlib import sha256

import sqlalchemy as sa

from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.staff import LINK_LASTS, DeskSession, Member
from newsletter.store import acts
from newsletter.store.desk import sessions, sign_ins, staff
from newsletter.store.desk.sign_ins import ASKED, SignInRequest
from newsletter.store.people import notices
from newsletter.usecases.context import Context
from subscribers.errors import InvalidAddress
from subscribers.model import EmailAddress, NoticeKind

LIMIT = 200
"""Addresses of strangers whose requests wait for the next pass, which deletes them."""
EMAILS = 3
"""Answered requests for an address after which emails to it keep their distance."""
DISTANCE = timedelta(minutes=5)
"""A stranger who types a member's address again and again fills no inbox."""
SEEN_EVERY = 60 * 5
"""Seconds after which the use of a session is noted again: a write for each page would wait."""


def digest(secret: str) -> str:
    """Return what the database knows of a secret that a browser holds."""
    return sha256(secret.encode()).hexdigest()


def ask(context: Context, address: str) -> str:
    """Ask for a sign-in link; return the proof with which the link works in this browser.

    An address has one request, and the browsers that asked for it are not stored: others who ask
    for it, or for other addresses, push no request of a member out.
    """
    until = context.now() + LINK_LASTS
    try:
        key = EmailAddress.parse(address).key
    except InvalidAddress:
        return context.sign_ins.proof("", until)
    with context.engine.begin() as connection:
        if not sign_ins.renew(connection, key, until):
            sign_ins.drop_strangers(connection, LIMIT - 1)
            sign_ins.insert(connection, SignInRequest(0, key, ASKED, until))
    return context.sign_ins.proof(key, until)


def answer_requests(context: Context, actor: Actor) -> int:
    """Queue an email with a link for each member who has requests; delete the others.

    The link works in every browser that asked. So a stranger who asks all the time cannot keep a
    member from signing in. Returns how many emails were queued.
    """
    actor.require(Role.EDITOR)
    now, zone = context.now(), context.publication.timezone
    queued = 0
    with context.engine.begin() as connection:
        sign_ins.purge(connection, now)
        sessions.purge(connection, now)
        newest = {request.key: request for request in sign_ins.unanswered(connection)}
        for request in newest.values():
            member = staff.find(connection, request.key)
            if member is None:
                sign_ins.delete_of(connection, request.key)
                continue
            until = sign_ins.answered_until(connection, request.key, now)
            if len(until) >= EMAILS and until[0] - LINK_LASTS > now - DISTANCE:
                continue  # a later pass answers
            notice = notices.Notice(
                kind=NoticeKind.SIGN_IN,
                key=f"sign-in:{request.id}",
                address=member.address,
                language=member.language or context.publication.language,
                values={
                    "request": request.id,
                    "until": f"{request.until.astimezone(zone):%H:%M %Z}",
                },
            )
            queued += notices.queue(connection, notice, now=now)
            sign_ins.mark_answered(connection, request.key)
    return queued


def offered(context: Context, token: str, proof: str) -> Member | None:
    """Return whom a link would sign in in this browser; looking does not use the link up."""
    with context.reader.connect() as connection:
        request = _request(connection, context, token, proof)
        return staff.find(connection, request.key) if request else None


def enter(context: Context, token: str, proof: str, name: str) -> str | None:
    """Use a link up; return the secret of a new session, or None if the link does not work.

    `name` describes the browser in the member's list of sessions.
    """
    secret, now = context.new_id(), context.now()
    with context.engine.begin() as connection:
        request = _request(connection, context, token, proof)
        if request is None:
            return None
        member = staff.find(connection, request.key)
        if not sign_ins.use_up(connection, request.id) or member is None:
            return None
        sessions.insert(connection, digest(secret), member.id, name, now)
        act = Act(now, member.actor, ActKind.SIGNED_IN, None, detail={"browser": name})
        acts.record(connection, act)
    return secret


def _request(
    connection: sa.Connection, context: Context, token: str, proof: str
) -> SignInRequest | None:
    """Return the request of a link, None if the link does not work in this browser."""
    now = context.now()
    request = sign_ins.find(connection, context.sign_ins.read(token) or 0, now)
    if request is None or not request.browser:  # without a browser, it works in any
        return request
    return request if context.sign_ins.is_proof(proof, request.key, now) else None


def session_of(context: Context, secret: str) -> DeskSession | None:
    """Return the open session of a browser, and note that it is used."""
    now = context.now()
    with context.reader.connect() as connection:
        session = sessions.find(connection, digest(secret))
    if session is None or not session.is_open(now):
        return None
    if (now - session.seen_at).total_seconds() >= SEEN_EVERY:
        with context.engine.begin() as connection:
            sessions.mark_seen(connection, session.id, now)
    return session


def staffed(context: Context) -> bool:
    """Return whether staff sign in; without staff, the link that `serve` prints opens the desk."""
    with context.reader.connect() as connection:
        return staff.any_exist(connection)


def sessions_of(context: Context, actor: Actor) -> list[DeskSession]:
    """Return the open sessions of the member who asks."""
    actor.require(Role.EDITOR)
    with context.reader.connect() as connection:
        member = staff.find(connection, EmailAddress.parse(actor.name).key)
        return sessions.of_member(connection, member.id, context.now()) if member else []


def sign_out(context: Context, actor: Actor, secret: str, *, everywhere: bool = False) -> None:
    """End this session, or every session of the member who asks."""
    actor.require(Role.EDITOR)
    with context.engine.begin() as connection:
        session = sessions.find(connection, digest(secret))
        if session is None:
            return
        if everywhere:
            sessions.delete_of(connection, session.member.id)
        else:
            sessions.delete(connection, digest(secret))
        detail = {"everywhere": everywhere}
        acts.record(connection, Act(context.now(), actor, ActKind.SIGNED_OUT, None, detail=detail))
