"""Passkeys: the second way to sign in at the desk, without an email (WebAuthn).

A challenge is a request to sign in like any other: it works once, for 15 minutes, and the database
knows only its digest. The library is imported when it is needed: `serve` starts without it.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter.errors import NotAllowed
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.staff import LINK_LASTS
from newsletter.store import acts
from newsletter.store.desk import passkeys, sessions, sign_ins, staff
from newsletter.store.desk.passkeys import Passkey
from newsletter.store.desk.sign_ins import SignInRequest
from newsletter.usecases.context import Context
from newsletter.usecases.signing_in import digest
from subscribers.model import EmailAddress
from subscribers.phrase import Phrase

if TYPE_CHECKING:
    from newsletter.model.staff import Member

ENTER, ADD = "passkey", "passkey:add"
"""What a challenge is for, where other requests have the key of an address."""
MOST = 20
"""Passkeys of one member."""
MOST_CHALLENGES = 200
"""Open challenges of one kind; another one takes the place of the oldest."""
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class PasskeySite:
    """The address under which browsers know the desk; a passkey works under this host only."""

    origin: str
    name: str

    @property
    def host(self) -> str:
        """Return the host, which browsers sign with each answer."""
        return urlsplit(self.origin).hostname or ""


@dataclass(frozen=True, slots=True)
class PasskeyChallenge:
    """What a browser is asked: the number of the request, and the options as JSON."""

    request_id: int
    options: str


def offer(context: Context, site: PasskeySite) -> PasskeyChallenge:
    """Ask a browser to sign in with any of its passkeys."""
    from webauthn import generate_authentication_options, options_to_json  # noqa: PLC0415
    from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415

    request_id, challenge = _challenge(context, ENTER)
    options = generate_authentication_options(
        rp_id=site.host,
        challenge=challenge,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return PasskeyChallenge(request_id, options_to_json(options))


def enter(
    context: Context, site: PasskeySite, request_id: int, answer: str, browser: str
) -> str | None:
    """Sign in with the answer of a browser; return the secret of a new session, or None.

    The challenge is used up, also by an answer that is refused.
    """
    challenge = _used_up(context, request_id, ENTER, answer)
    if challenge is None:
        return None
    credential = _credential(answer)
    with context.reader.connect() as connection:
        passkey = passkeys.find(connection, credential)
    # Outside a transaction: a signature takes time to check.
    uses = _verified(site, answer, challenge, passkey) if passkey else None
    if passkey is None or uses is None:
        return None
    secret, now = context.new_id(), context.now()
    with context.engine.begin() as connection:
        present = passkeys.find(connection, credential)
        member = staff.load(connection, present.staff_id) if present else None
        if member is None or present is None or present.uses != passkey.uses:
            return None  # removed since, or used: two devices may share a copied key
        passkeys.mark_used(connection, passkey.id, uses, now)
        sessions.insert(connection, digest(secret), member.id, browser, now)
        detail = {"browser": browser, "passkey": passkey.name}
        acts.record(connection, Act(now, member.actor, ActKind.SIGNED_IN, None, detail=detail))
    return secret


def invite(context: Context, actor: Actor, site: PasskeySite) -> PasskeyChallenge:
    """Ask the browser of a member to make a passkey."""
    from webauthn import generate_registration_options, options_to_json  # noqa: PLC0415
    from webauthn.helpers.structs import (  # noqa: PLC0415
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    member, known = _own(context, actor)
    if len(known) >= MOST:
        msg = Phrase("you have {most} passkeys; remove one first", most=MOST)
        raise NotAllowed(msg)
    request_id, challenge = _challenge(context, f"{ADD}:{member.id}")
    options = generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_name=member.address,
        user_id=f"staff-{member.id}".encode(),
        challenge=challenge,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each.credential) for each in known],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return PasskeyChallenge(request_id, options_to_json(options))


def register(
    context: Context, actor: Actor, site: PasskeySite, request_id: int, answer: str, name: str
) -> None:
    """Store the passkey that a browser made; raise NotAllowed if the answer is not genuine."""
    from webauthn import verify_registration_response  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    member, _known = _own(context, actor)
    msg = Phrase("the passkey was not accepted; try again")
    challenge = _used_up(context, request_id, f"{ADD}:{member.id}", answer)
    if challenge is None:
        raise NotAllowed(msg)
    try:
        made = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError) as error:
        raise NotAllowed(msg) from error
    now, shown = context.now(), " ".join(name.split())[:_LONGEST_NAME] or "passkey"
    key, credential = made.credential_public_key, made.credential_id
    with context.engine.begin() as connection:
        if passkeys.find(connection, credential) is not None:
            raise NotAllowed(msg)
        passkeys.insert(
            connection, Passkey(0, member.id, credential, key, made.sign_count, shown, now, None)
        )
        act = Act(now, actor, ActKind.PASSKEY_ADDED, None, detail={"passkey": shown})
        acts.record(connection, act)


def of_member(context: Context, actor: Actor) -> list[Passkey]:
    """Return the passkeys of the member who asks."""
    return _own(context, actor)[1]


def remove(context: Context, actor: Actor, passkey_id: int) -> None:
    """Remove a passkey of the member who asks: it signs no one in any more."""
    member, known = _own(context, actor)
    with context.engine.begin() as connection:
        if passkeys.delete(connection, member.id, passkey_id):
            name = next((each.name for each in known if each.id == passkey_id), "")
            detail = {"passkey": name}
            act = Act(context.now(), actor, ActKind.PASSKEY_REMOVED, None, detail=detail)
            acts.record(connection, act)


def _own(context: Context, actor: Actor) -> tuple[Member, list[Passkey]]:
    actor.require(Role.EDITOR)
    with context.reader.connect() as connection:
        member = staff.find(connection, EmailAddress.parse(actor.name).key)
        if member is None:
            msg = Phrase("only members of staff have passkeys")
            raise NotAllowed(msg)
        return member, passkeys.of_member(connection, member.id)


def _challenge(context: Context, key: str) -> tuple[int, bytes]:
    """Store a challenge, and return its number and what is to be signed."""
    challenge, now = f"{context.new_id()}{context.new_id()}", context.now()
    with context.engine.begin() as connection:
        sign_ins.make_room(connection, key, MOST_CHALLENGES)
        request = SignInRequest(0, key, digest(challenge), now + LINK_LASTS)
        return sign_ins.insert(connection, request, answered=True), challenge.encode()


def _used_up(context: Context, request_id: int, key: str, answer: str) -> bytes | None:
    """Use a challenge up; return it if the answer is to this one, else None."""
    challenge = _signed_challenge(answer)
    with context.engine.begin() as connection:
        request = sign_ins.find(connection, request_id, context.now())
        if request is None or request.key != key:
            return None
        if not sign_ins.use_up(connection, request.id):
            return None
    return challenge if request.browser == digest(challenge.decode("latin-1")) else None


def _signed_challenge(answer: str) -> bytes:
    """Return the challenge that an answer names; b"" if it is not an answer."""
    try:
        data = json.loads(_decoded(str(json.loads(answer)["response"]["clientDataJSON"])))
        return _decoded(str(data["challenge"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return b""


def _credential(answer: str) -> bytes:
    try:
        return _decoded(str(json.loads(answer)["rawId"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return b""


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _verified(site: PasskeySite, answer: str, challenge: bytes, passkey: Passkey) -> int | None:
    """Return the counter of a device whose answer is genuine, else None."""
    from webauthn import verify_authentication_response  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        found = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.uses,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError):
        return None
    return found.new_sign_count
