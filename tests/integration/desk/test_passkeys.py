"""Passkeys: what is not a genuine answer to an own, open challenge signs no one in."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from newsletter.model.actor import Role
from newsletter.store.desk import passkeys as stored
from newsletter.store.desk import sign_ins
from newsletter.store.desk import staff as members
from newsletter.store.desk.passkeys import Passkey
from newsletter.store.desk.sign_ins import SignInRequest
from newsletter.store.desk.tables import sign_ins as sign_in_requests
from newsletter.usecases import passkeys, staff
from tests.fakes.desk import ADDRESSES, OWNER, StaffedDesk, staffed_desk
from tests.fakes.house import House, house

ENTER, ADD = "/sign-in-with-passkey", "/account/passkeys"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        yield made


@pytest.fixture
def desk(opened: House) -> StaffedDesk:
    return staffed_desk(opened.app)


@pytest.fixture
def local(desk: StaffedDesk) -> str:
    """The address of the desk under a name, as passkeys need it."""
    return desk.origin.replace("127.0.0.1", "localhost")


def asked(page: str) -> tuple[str, str]:
    """Return the number of a challenge and the challenge itself, from a page."""
    number = re.search(r'name="number" value="(\d+)"', page)
    challenge = re.search(r"challenge&#34;: &#34;([\w-]+)", page)
    assert number
    assert challenge
    return number[1], challenge[1]


def answer_to(challenge: str, origin: str, kind: str = "webauthn.get") -> str:
    """Return an answer with the right challenge and nothing that verifies."""
    data = json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()
    nothing = urlsafe_b64encode(b"x" * 40).decode().rstrip("=")
    response = {
        "clientDataJSON": urlsafe_b64encode(data).decode().rstrip("="),
        "authenticatorData": nothing,
        "signature": nothing,
        "attestationObject": nothing,
    }
    known = urlsafe_b64encode(b"credential").decode().rstrip("=")
    return json.dumps({"id": known, "rawId": known, "type": "public-key", "response": response})


def add_passkey(opened: House, role: Role) -> None:
    with opened.app.engine.begin() as connection:
        member = members.find(connection, ADDRESSES[role])
        assert member
        new = Passkey(0, member.id, b"credential", b"key", 0, "Phone", opened.app.now(), None)
        stored.insert(connection, new)


def test_what_is_not_an_answer_signs_no_one_in(
    opened: House, desk: StaffedDesk, local: str
) -> None:
    add_passkey(opened, Role.EDITOR)
    browser = desk.browser(origin=local)
    hostile = ["", "x", "null", "[]", "{}", '{"response": 1}', "[" * 5_000, '{"rawId": "%"}']
    for answer in hostile:
        number, challenge = asked(browser.post(ENTER).text)
        for each in (answer, answer_to(challenge, local)):  # the first one uses it up
            fields = {"number": number, "answer": each}
            assert browser.post(f"{ENTER}/answer", data=fields).status_code == 403, answer
    assert browser.get("/").headers["location"] == "/sign-in"


def test_an_answer_that_does_not_verify_signs_no_one_in(
    opened: House, desk: StaffedDesk, local: str
) -> None:
    add_passkey(opened, Role.EDITOR)
    browser, admin = desk.browser(origin=local), desk.browser(Role.ADMIN, local)
    number, challenge = asked(browser.post(ENTER).text)
    other, another = asked(browser.post(ENTER).text)
    late = asked(browser.post(ENTER).text)
    foreign = {"Origin": "https://elsewhere.example"}
    for fields, headers in (
        ((number, challenge), foreign),
        ((number, challenge), {}),
        ((other, challenge), {}),
        ((other, another), {}),
        (asked(desk.post(admin, f"{ADD}/new").text), {}),
        (("9" * 30, challenge), {}),
    ):
        sent = {"number": fields[0], "answer": answer_to(fields[1], local)}
        refused = browser.post(f"{ENTER}/answer", data=sent, headers=headers)
        assert refused.status_code in {403, 409}
        assert "Set-Cookie" not in refused.headers
    opened.at += timedelta(minutes=16)
    sent = {"number": late[0], "answer": answer_to(late[1], local)}
    assert browser.post(f"{ENTER}/answer", data=sent).status_code == 403


def test_a_member_adds_passkeys_with_their_own_challenge_only(
    opened: House, desk: StaffedDesk, local: str
) -> None:
    admin, editor = desk.browser(Role.ADMIN, local), desk.browser(Role.EDITOR, local)
    number, challenge = asked(desk.post(admin, f"{ADD}/new").text)
    fields = {"number": number, "answer": answer_to(challenge, local, "webauthn.create")}
    assert desk.post(editor, ADD, fields).status_code == 409
    assert desk.post(admin, ADD, fields).status_code == 409
    assert desk.post(admin, ADD, fields).status_code == 409
    assert desk.post(admin, ADD).status_code == 409
    with opened.app.reader.connect() as connection:
        assert not [each for n in range(1, 9) for each in stored.of_member(connection, n)]
    opened.at += timedelta(hours=2)
    assert desk.post(admin, f"{ADD}/new").status_code == 403


def test_a_member_removes_their_own_passkeys_only(
    opened: House, desk: StaffedDesk, local: str
) -> None:
    add_passkey(opened, Role.EDITOR)
    admin, editor = desk.browser(Role.ADMIN, local), desk.browser(Role.EDITOR, local)
    desk.post(admin, f"{ADD}/remove", {"number": "1"})
    assert "Phone" in editor.get("/account").text
    desk.post(editor, f"{ADD}/remove", {"number": "1"})
    assert "Phone" not in editor.get("/account").text


def test_a_removed_member_has_no_passkey(opened: House) -> None:
    desk = staffed_desk(opened.app)
    add_passkey(opened, Role.EDITOR)
    staff.remove(desk.app.context, OWNER, ADDRESSES[Role.EDITOR])
    with opened.app.reader.connect() as connection:
        assert stored.find(connection, b"credential") is None


def test_an_address_without_a_name_says_where_passkeys_work(desk: StaffedDesk) -> None:
    answer = desk.browser().post(ENTER)
    assert answer.status_code == 409
    assert desk.origin.replace("127.0.0.1", "localhost") in answer.text


def test_challenges_are_bounded(opened: House, desk: StaffedDesk, local: str) -> None:
    until = opened.app.now() + timedelta(minutes=15)
    with opened.app.engine.begin() as connection:
        for _each in range(passkeys.MOST_CHALLENGES):
            request = SignInRequest(0, passkeys.ENTER, "", until)
            sign_ins.insert(connection, request, answered=True)
    browser: TestClient = desk.browser(origin=local)
    assert browser.post(ENTER).status_code == 200
    with opened.app.reader.connect() as connection:
        query = sa.select(sa.func.count()).select_from(sign_in_requests)
        mine = sign_in_requests.c.key == passkeys.ENTER
        assert connection.scalar(query.where(mine)) == passkeys.MOST_CHALLENGES
