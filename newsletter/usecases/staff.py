"""Decide who may sign in at the desk, and what they may do there."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from newsletter.errors import NotAllowed, NotFound
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.staff import LINK_LASTS, Member
from newsletter.store import acts
from newsletter.store.desk import passkeys, sessions, sign_ins, staff
from newsletter.store.desk.sign_ins import SignInRequest
from newsletter.usecases.context import Context
from subscribers.model import EmailAddress
from subscribers.phrase import Phrase


@dataclass(frozen=True, slots=True)
class StaffChanged:
    """A member was added, or got another role; `before` is None for a new one."""

    address: str
    role: Role
    before: Role | None


@dataclass(frozen=True, slots=True)
class StaffRemoved:
    """A member was removed, which ended their sessions."""

    address: str
    sessions: int


@dataclass(frozen=True, slots=True)
class LinkMade:
    """A link that signs a member in, in any browser, once, within `LINK_LASTS`."""

    address: str
    link: str


def add(context: Context, actor: Actor, address: str, role: Role) -> StaffChanged:
    """Let a person sign in with a role; a member gets the new role at once."""
    actor.require(Role.ADMIN)
    parsed, now = EmailAddress.parse(address), context.now()
    with context.engine.begin() as connection:
        present = staff.find(connection, parsed.key)
        if present is None:
            staff.insert(connection, parsed, role, now)
            after = {"address": parsed.text, "role": role.name.lower()}
            acts.record(connection, Act(now, actor, ActKind.STAFF_ADDED, None, after=after))
        elif present.role is not role:
            staff.set_role(connection, present.id, role)
            before, after = {"role": present.role.name.lower()}, {"role": role.name.lower()}
            _record(connection, context, actor, ActKind.ROLE_CHANGED, present, before, after)
    return StaffChanged(parsed.text, role, present.role if present else None)


def members(context: Context, actor: Actor) -> list[Member]:
    """Return who may sign in."""
    actor.require(Role.ADMIN)
    with context.reader.connect() as connection:
        return staff.every(connection)


def remove(context: Context, actor: Actor, address: str) -> StaffRemoved:
    """Remove a member: their sessions end, and no link signs them in any more."""
    actor.require(Role.ADMIN)
    key = EmailAddress.parse(address).key
    with context.engine.begin() as connection:
        member = _require(connection, address)
        ended = sessions.delete_of(connection, member.id)
        sign_ins.delete_of(connection, key)
        passkeys.delete_of(connection, member.id)
        staff.delete(connection, member.id)
        before = {"role": member.role.name.lower()}
        _record(connection, context, actor, ActKind.STAFF_REMOVED, member, before, {})
    return StaffRemoved(member.address, ended)


def make_link(context: Context, actor: Actor, address: str) -> LinkMade:
    """Make a sign-in link without an email, for the day on which no email arrives.

    It is not bound to a browser: give it to this member only.
    """
    actor.require(Role.ADMIN)
    with context.engine.begin() as connection:
        member = _require(connection, address)
        request = SignInRequest(0, EmailAddress.parse(address).key, "", context.now() + LINK_LASTS)
        request_id = sign_ins.insert(connection, request, answered=True)
        _record(connection, context, actor, ActKind.LINK_MADE, member, {}, {})
    return LinkMade(member.address, context.sign_ins.link(request_id))


def choose_language(context: Context, actor: Actor, language: str) -> None:
    """Show the desk in another language to the member who asks."""
    actor.require(Role.EDITOR)
    if language and language not in context.kit().templates.catalogs.languages:
        msg = Phrase("the desk is not available in {language!r}", language=language)
        raise NotAllowed(msg)
    with context.engine.begin() as connection:
        member = _require(connection, actor.name)
        staff.set_language(connection, member.id, language)


def _require(connection: sa.Connection, address: str) -> Member:
    member = staff.find(connection, EmailAddress.parse(address).key)
    if member is None:
        msg = Phrase("{given} is not a member of staff", given=address.strip())
        raise NotFound(msg)
    return member


def _record(
    connection: sa.Connection,
    context: Context,
    actor: Actor,
    kind: ActKind,
    member: Member,
    *change: Mapping[str, object],
) -> None:
    before, after = change
    detail = {"address": member.address}
    acts.record(connection, Act(context.now(), actor, kind, None, before, after, detail))
