"""Staff sign in by a link that works once, in one browser, for fifteen minutes."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.errors import NotFound, NotPermitted
from newsletter.model.act import ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.staff import IDLE, LINK_LASTS, LONGEST, Member
from newsletter.store import acts
from newsletter.store.acts import ActFilter
from newsletter.store.desk import sign_ins
from newsletter.store.people import notices
from newsletter.usecases import auditing, signing_in, staff
from newsletter.usecases.context import Context
from tests.fakes.house import MONDAY, STAFF, House, house

MINA = "mina@harbour.example"


@dataclass(slots=True)
class Desk:
    """A publication whose desk has one approver, on one of the databases."""

    house: House
    context: Context
    proofs: dict[str, str] = field(default_factory=dict)
    """What each browser that asked can prove."""

    def links(self) -> list[str]:
        """Let a pass answer the requests, and return the tokens of the links that it queued."""
        signing_in.answer_requests(self.context, STAFF)
        with self.context.engine.begin() as connection:
            found = []
            while claimed := notices.claim(
                connection, kinds=["sign-in"], now=self.house.at, lease_until=self.house.at
            ):
                found.append(self.token(int(str(claimed.notice.values["request"]))))
                notices.settle(connection, claimed, notices.SUBMITTED, now=self.house.at)
        return found

    def token(self, request_id: int) -> str:
        return self.context.sign_ins.link(request_id).rpartition("/")[2]

    def ask(self, browser: str = "b1", address: str = MINA) -> None:
        self.proofs[browser] = signing_in.ask(self.context, address)

    def link(self, browser: str = "b1") -> str:
        """Ask for a link in a browser and return its token."""
        self.ask(browser)
        (token,) = self.links()
        return token

    def offered(self, token: str, browser: str = "b1") -> Member | None:
        return signing_in.offered(self.context, token, self.proofs.get(browser, ""))

    def enter(self, token: str, browser: str = "b1") -> str | None:
        proof = self.proofs.get(browser, "")
        return signing_in.enter(self.context, token, proof, "Firefox on Linux")


@pytest.fixture
def desk(tmp_path: Path, engine: sa.Engine) -> Iterator[Desk]:
    with house(tmp_path) as opened:
        context = replace(opened.app.context, engine=engine, reader=engine)
        staff.add(context, STAFF, MINA, Role.APPROVER)
        yield Desk(opened, context)


def test_a_link_signs_in_once_in_the_browser_that_asked(desk: Desk) -> None:
    token = desk.link()
    assert desk.enter(token, "another browser") is None
    secret = desk.enter(token)
    assert secret is not None
    session = signing_in.session_of(desk.context, secret)
    assert session is not None
    assert (session.member.address, session.member.role) == (MINA, Role.APPROVER)
    assert desk.enter(token) is None


def test_looking_at_a_link_does_not_use_it_up(desk: Desk) -> None:
    token = desk.link()
    for _again in range(3):
        assert desk.offered(token) is not None
    assert desk.offered(token, "b2") is None
    desk.ask("b2", "bo@harbour.example")
    assert desk.offered(token, "b2") is None
    assert desk.enter(token) is not None


def test_of_two_clicks_at_once_one_signs_in(desk: Desk) -> None:
    token = desk.link()
    with ThreadPoolExecutor(4) as threads:
        entered = list(threads.map(desk.enter, [token] * 4))
    assert sum(secret is not None for secret in entered) == 1


def test_a_link_expires(desk: Desk) -> None:
    token = desk.link()
    desk.house.at += LINK_LASTS
    assert desk.enter(token) is None


@pytest.mark.parametrize("token", ["", "1", "1-" + "0" * 40, "0-x", "9999999999-" + "0" * 40])
def test_a_forged_link_signs_no_one_in(desk: Desk, token: str) -> None:
    desk.link()
    assert desk.enter(token) is None


@pytest.mark.parametrize("address", ["stranger@example.org", "no address", "", "x" * 5000])
def test_a_stranger_gets_no_email_and_leaves_no_trace(desk: Desk, address: str) -> None:
    desk.ask(address=address)
    assert desk.links() == []
    with desk.context.reader.connect() as connection:
        assert not sign_ins.any_unanswered(connection)


def test_no_row_contains_a_secret_or_a_link(desk: Desk) -> None:
    token = desk.link()
    secret, proof = desk.enter(token), desk.proofs["b1"]
    assert secret is not None
    again = desk.link()
    with desk.context.reader.connect() as connection:
        rows = " ".join(
            str(row)
            for table in ("sign_ins", "desk_sessions", "notices", "acts", "staff")
            for row in connection.execute(sa.text(f"SELECT * FROM {table}"))  # noqa: S608 - constants
        )
    assert MINA in rows
    for hidden in (secret, proof, proof.partition("-")[2], token, again, again.partition("-")[2]):
        assert hidden not in rows


def test_requests_for_one_address_are_one_and_push_no_browser_out(desk: Desk) -> None:
    desk.ask("own")
    desk.house.at += timedelta(minutes=1)
    for number in range(60):
        desk.ask(f"b{number}", MINA.upper())
    with desk.context.reader.connect() as connection:
        (request,) = sign_ins.unanswered(connection)
    assert request.until == desk.house.at + LINK_LASTS
    (token,) = desk.links()
    assert all(desk.offered(token, browser) for browser in ("own", "b0", "b59"))
    desk.house.at += LINK_LASTS - timedelta(minutes=1)
    assert desk.offered(token, "b0") is not None
    assert desk.offered(token, "own") is None


def test_a_stranger_who_asks_all_the_time_fills_no_inbox_and_blocks_no_one(desk: Desk) -> None:
    emailed = []
    for minute in range(30):
        for number in range(5):
            desk.ask(f"stranger {minute}.{number}")
        emailed.append(len(desk.links()))
        desk.house.at += timedelta(minutes=1)
    assert max(sum(emailed[start : start + 15]) for start in range(15)) <= 5
    desk.ask("own")
    offered = []
    while not offered:  # a few minutes: the next email
        desk.ask(f"stranger at {desk.house.at}")
        offered = desk.links()
        desk.house.at += timedelta(minutes=1)
    assert desk.enter(offered[0], "own") is not None


def test_strangers_neither_fill_the_database_nor_take_a_members_place(desk: Desk) -> None:
    staff.add(desk.context, STAFF, "bo@harbour.example", Role.EDITOR)
    desk.ask("early")
    for number in range(signing_in.LIMIT + 5):
        desk.ask("stranger", f"stranger{number}@example.org")
    desk.ask("late", "bo@harbour.example")
    with desk.context.reader.connect() as connection:
        assert signing_in.LIMIT <= len(sign_ins.unanswered(connection)) <= signing_in.LIMIT + 2
    early, late = desk.links()
    assert desk.offered(early, "early") is not None
    assert desk.offered(late, "late") is not None


@pytest.mark.parametrize("used", [True, False])
def test_a_session_ends_when_idle_and_after_a_month(desk: Desk, *, used: bool) -> None:
    secret = desk.enter(desk.link()) or ""
    began = desk.house.at
    if used:
        while desk.house.at < began + LONGEST - IDLE:
            desk.house.at += IDLE - timedelta(minutes=1)
            assert signing_in.session_of(desk.context, secret) is not None
        desk.house.at = began + LONGEST
    else:
        desk.house.at += IDLE
    assert signing_in.session_of(desk.context, secret) is None


def test_signing_out_everywhere_ends_every_session_of_this_member_only(desk: Desk) -> None:
    staff.add(desk.context, STAFF, "bo@harbour.example", Role.EDITOR)
    first, second = (desk.enter(desk.link()) or "" for _ in range(2))
    other = staff.make_link(desk.context, STAFF, "bo@harbour.example").link.rpartition("/")[2]
    theirs = desk.enter(other) or ""
    mina = Actor.person(MINA, Role.APPROVER)
    assert len(signing_in.sessions_of(desk.context, mina)) == 2
    signing_in.sign_out(desk.context, mina, first, everywhere=True)
    assert signing_in.session_of(desk.context, first) is None
    assert signing_in.session_of(desk.context, second) is None
    assert signing_in.session_of(desk.context, theirs) is not None


def test_a_removed_member_is_out_at_once_and_no_link_brings_them_back(desk: Desk) -> None:
    secret = desk.enter(desk.link()) or ""
    open_link = desk.link()
    staff.remove(desk.context, STAFF, MINA)
    assert signing_in.session_of(desk.context, secret) is None
    assert desk.enter(open_link) is None
    staff.add(desk.context, STAFF, MINA, Role.ADMIN)
    assert signing_in.session_of(desk.context, secret) is None
    assert desk.enter(open_link) is None


def test_a_new_role_counts_from_the_next_request_on(desk: Desk) -> None:
    secret = desk.enter(desk.link()) or ""
    staff.add(desk.context, STAFF, MINA, Role.EDITOR)
    session = signing_in.session_of(desk.context, secret)
    assert session is not None
    with pytest.raises(NotPermitted):
        session.member.actor.require(Role.APPROVER)


def test_only_admins_manage_staff(desk: Desk) -> None:
    approver = Actor.person(MINA, Role.APPROVER)
    for act in (
        lambda: staff.add(desk.context, approver, MINA, Role.ADMIN),
        lambda: staff.remove(desk.context, approver, MINA),
        lambda: staff.make_link(desk.context, approver, MINA),
        lambda: staff.members(desk.context, approver),
    ):
        with pytest.raises(NotPermitted):
            act()
    with pytest.raises(NotFound):
        staff.remove(desk.context, STAFF, "no-one@harbour.example")


def test_the_audit_says_who_changed_what_and_can_be_filtered(desk: Desk) -> None:
    desk.enter(desk.link())
    desk.house.at += timedelta(days=1)
    staff.add(desk.context, STAFF, MINA, Role.ADMIN)
    (changed,) = auditing.audit(desk.context, STAFF, ActFilter(kind=ActKind.ROLE_CHANGED.value))
    assert (changed.act.actor.name, changed.act.detail) == ("mina", {"address": MINA})
    assert (changed.act.before, changed.act.after) == ({"role": "approver"}, {"role": "admin"})
    signed_in = auditing.audit(desk.context, STAFF, ActFilter(who="MINA@HARBOUR"))
    assert [each.act.kind for each in signed_in] == [ActKind.SIGNED_IN]
    today = auditing.audit(desk.context, STAFF, ActFilter(since=desk.house.at))
    assert today == [changed]
    assert auditing.audit(desk.context, STAFF, ActFilter(who="100%")) == []


def test_the_audit_has_pages(desk: Desk) -> None:
    for role in (Role.EDITOR, Role.ADMIN, Role.APPROVER):
        staff.add(desk.context, STAFF, MINA, role)
    pages, before = [], None
    while found := auditing.audit(desk.context, STAFF, ActFilter(), before=before, limit=2):
        pages.append([each.number for each in found])
        before = found[-1].number
    numbers = [number for page in pages for number in page]
    assert [len(page) for page in pages] == [2, 2]
    assert numbers == sorted(numbers, reverse=True)


def test_the_email_has_the_link_and_says_until_when(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        staff.add(opened.app.context, STAFF, MINA, Role.EDITOR)
        proof = signing_in.ask(opened.app.context, MINA)
        opened.pass_at(MONDAY - timedelta(days=4))
        (path,) = opened.app.settings.outbox.glob("notice-*.eml")
        email = message_from_bytes(path.read_bytes(), policy=default)
        assert isinstance(email, EmailMessage)
        text = email.get_body(("plain",))
        assert text is not None
        printed = str(text.get_content())
        found = re.search(rf"{re.escape(opened.app.settings.desk_origin)}/sign-in/(\S+)", printed)
        assert found is not None
        assert "until 08:15 UTC" in printed.replace("\n", " ")
        secret = signing_in.enter(opened.app.context, found[1], proof, "a browser")
        assert secret is not None
        with opened.app.reader.connect() as connection:
            recorded = acts.listed(connection, ActFilter())
        assert recorded[0].act.kind is ActKind.SIGNED_IN
