"""What others try at the desk: forged forms, foreign hosts, chosen cookies, more rights."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.model.actor import Role
from newsletter.model.staff import RECENT
from newsletter.usecases import signing_in, staff
from tests.fakes.desk import ADDRESSES, OWNER, StaffedDesk, staffed_desk
from tests.fakes.house import House, house

DESK_URL = "https://desk.harbour.example"
NEW = {"address": "new@harbour.example", "role": "admin"}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        yield made


@pytest.fixture
def desk(opened: House) -> StaffedDesk:
    return staffed_desk(opened.app, DESK_URL)


def addresses(desk: StaffedDesk) -> set[str]:
    return {member.address for member in staff.members(desk.app.context, OWNER)}


@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://harbour.example"},
        {"Origin": "http://desk.harbour.example"},
        {"Origin": DESK_URL, "Sec-Fetch-Site": "cross-site"},
        {"Origin": DESK_URL, "Sec-Fetch-Site": "same-site"},
        {"Origin": DESK_URL, "Sec-Fetch-Site": "none"},
    ],
)
def test_a_form_of_another_site_changes_nothing(desk: StaffedDesk, sent: dict[str, str]) -> None:
    browser = desk.browser(Role.ADMIN)
    fields = {**NEW, "csrf": desk.csrf(browser)}
    answer = browser.post("/staff", data=fields, headers=sent)
    assert answer.status_code == 403
    assert "came from another site" in answer.text
    assert addresses(desk) == set(ADDRESSES.values())


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/1-0", "/open/x"])
def test_a_form_of_another_site_does_not_sign_in(desk: StaffedDesk, path: str) -> None:
    answer = desk.browser().post(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("csrf", ["", "x", "0" * 32, "ü"])
def test_a_form_without_the_token_of_the_session_changes_nothing(
    desk: StaffedDesk, csrf: str
) -> None:
    browser = desk.browser(Role.ADMIN)
    answer = browser.post("/staff", data={**NEW, "csrf": csrf})
    assert answer.status_code == 403
    assert NEW["address"] in answer.text  # what was entered can be copied
    assert addresses(desk) == set(ADDRESSES.values())


def test_the_token_of_another_session_does_not_count(desk: StaffedDesk) -> None:
    admin, editor = desk.browser(Role.ADMIN), desk.browser(Role.EDITOR)
    answer = admin.post("/staff", data={**NEW, "csrf": desk.csrf(editor)})
    assert answer.status_code == 403
    assert addresses(desk) == set(ADDRESSES.values())


def test_a_form_of_this_session_does_change_something(desk: StaffedDesk) -> None:
    assert desk.post(desk.browser(Role.ADMIN), "/staff", NEW).status_code == 303
    assert NEW["address"] in addresses(desk)


def test_the_cookie_is_bound_to_the_host_and_hidden_from_scripts(desk: StaffedDesk) -> None:
    link = staff.make_link(desk.app.context, OWNER, ADDRESSES[Role.EDITOR]).link
    answer = desk.browser().post(link.removeprefix(DESK_URL))
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert cookie.startswith("__Host-")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(attributes)
    assert not any(attribute.lower().startswith("domain") for attribute in attributes)


def test_a_session_that_an_attacker_chose_is_not_used(desk: StaffedDesk) -> None:
    """Signing in makes a new session, whatever cookie the browser has, and ends the old one."""
    browser = desk.browser(Role.EDITOR)
    old = browser.cookies[desk.gate.cookie]
    link = staff.make_link(desk.app.context, OWNER, ADDRESSES[Role.APPROVER]).link
    browser.post(link.removeprefix(DESK_URL))
    assert browser.cookies[desk.gate.cookie] != old
    assert signing_in.session_of(desk.app.context, old) is None
    chosen = desk.browser()
    chosen.cookies.set(desk.gate.cookie, "a" * 32, domain="desk.harbour.example")
    assert chosen.get("/").headers["location"] == "/sign-in"


def test_a_link_that_a_stranger_opens_does_not_sign_in(desk: StaffedDesk) -> None:
    asking, stranger = desk.browser(), desk.browser()
    asking.post("/sign-in", data={"address": ADDRESSES[Role.ADMIN]})
    signing_in.answer_requests(desk.app.context, OWNER)
    path = desk.app.sign_ins.link(1).removeprefix(DESK_URL)
    for scanner in (stranger.get, stranger.post, stranger.get):
        answer = scanner(path)
        assert answer.status_code == 403
        assert "doesn’t work here" in answer.text or "doesn&#39;t work here" in answer.text
    assert asking.get(path).status_code == 200
    assert asking.post(path).status_code == 303
    assert asking.get("/").status_code == 200


def test_the_answer_is_the_same_for_strangers_and_members(desk: StaffedDesk) -> None:
    def shape(address: str) -> tuple[int, str, set[str]]:
        answer = desk.browser().post("/sign-in", data={"address": address})
        return answer.status_code, answer.text, set(answer.headers)

    assert shape(ADDRESSES[Role.ADMIN]) == shape("stranger@example.org")


def test_what_cannot_be_taken_back_needs_a_recent_sign_in(opened: House, desk: StaffedDesk) -> None:
    browser = desk.browser(Role.ADMIN)
    opened.at += RECENT
    answer = desk.post(browser, "/staff", NEW)
    assert answer.status_code == 403
    assert "sign in again" in answer.text
    assert NEW["address"] in answer.text
    assert addresses(desk) == set(ADDRESSES.values())
    assert browser.get("/staff").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "desk.harbour.example.evil.example", ""])
def test_another_host_name_is_refused(desk: StaffedDesk, host: str) -> None:
    browser = desk.browser(Role.ADMIN)
    assert browser.get("/", headers={"Host": host}).status_code == 421


def test_a_form_cannot_give_its_sender_more_rights(desk: StaffedDesk) -> None:
    editor = desk.browser(Role.EDITOR)
    own = {"address": ADDRESSES[Role.EDITOR], "role": "admin"}
    assert desk.post(editor, "/staff", own).status_code == 403
    tampered = {"role": "admin", "language": "en"}
    assert desk.post(editor, "/account/language", tampered).status_code == 303
    assert editor.get("/staff").status_code == 403


@pytest.mark.parametrize(
    "fields",
    [
        {"address": "x@harbour.example", "role": "root"},
        {"address": "no address", "role": "editor"},
        {"address": "", "role": ""},
        {},
    ],
)
def test_a_wrong_form_is_explained(desk: StaffedDesk, fields: dict[str, str]) -> None:
    answer = desk.post(desk.browser(Role.ADMIN), "/staff", fields)
    assert answer.status_code == 409
    assert "Nothing was changed" in answer.text


@pytest.mark.parametrize("path", ["/sign-in", "/", "/audit"])
@pytest.mark.parametrize("asked", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_no_page_redirects_elsewhere(desk: StaffedDesk, path: str, asked: str) -> None:
    for browser in (desk.browser(), desk.browser(Role.ADMIN)):
        answer = browser.get(path, params={"next": asked, "url": asked, "redirect": asked})
        assert "evil" not in answer.headers.get("location", "")


def test_no_other_site_frames_the_desk(desk: StaffedDesk) -> None:
    for browser, path in ((desk.browser(), "/sign-in"), (desk.browser(Role.ADMIN), "/")):
        headers = browser.get(path).headers
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    "query", ["who=%00", "kind=x", "issue=-1", "before=99999999999999999999", "issue=%C2%B2"]
)
def test_a_strange_filter_lists_something(desk: StaffedDesk, query: str) -> None:
    assert desk.browser(Role.ADMIN).get(f"/audit?{query}").status_code == 200


class TestWithoutStaff:
    """The desk of one person at this machine, reached through a proxy that someone set up."""

    @pytest.fixture
    def alone(self, opened: House) -> StaffedDesk:
        desk = staffed_desk(opened.app, DESK_URL)
        for address in ADDRESSES.values():
            staff.remove(desk.app.context, OWNER, address)
        return desk

    def enter(self, desk: StaffedDesk) -> TestClient:
        browser = desk.browser(origin="http://127.0.0.1:8026")
        # A form of this machine has this machine's origin, which browsers confirm.
        same = {"Sec-Fetch-Site": "same-origin"}
        assert browser.post(desk.gate.access.link, headers=same).status_code == 303
        return browser

    def test_the_link_opens_it_on_this_machine_only(self, alone: StaffedDesk) -> None:
        link = alone.gate.access.link
        code = link.rpartition("/")[2]
        assert alone.browser().post(f"/open/{code}").status_code == 403
        browser = self.enter(alone)
        assert browser.get("/").status_code == 200

    @pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host"])
    def test_a_proxy_does_not_lead_in(self, alone: StaffedDesk, name: str) -> None:
        browser = self.enter(alone)
        assert browser.get("/", headers={name: "203.0.113.9"}).status_code == 403

    def test_it_closes_when_staff_are_added(self, alone: StaffedDesk) -> None:
        browser = self.enter(alone)
        staff.add(alone.app.context, OWNER, "first@harbour.example", Role.ADMIN)
        assert browser.get("/").headers["location"] == "/sign-in"

    def test_what_cannot_be_taken_back_needs_the_newest_link(
        self, opened: House, alone: StaffedDesk
    ) -> None:
        browser = self.enter(alone)
        page = browser.get("/staff").text
        csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
        opened.at += timedelta(hours=1)
        same = {"Sec-Fetch-Site": "same-origin"}
        answer = browser.post("/staff", data={**NEW, "csrf": csrf}, headers=same)
        assert "Open the newest link" in answer.text
        assert addresses(alone) == set()
