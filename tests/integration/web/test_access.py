"""The desk opens only with the one-time link that `serve` prints."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.errors import ConfigurationError
from newsletter.settings import load
from newsletter.web.desk.access import LASTS, SESSIONS, DeskAccess
from newsletter.web.main import desk_access, desk_site
from tests.fakes.house import SECRETS, House, house, lay_out

PATHS = [
    "/",
    "/issues",
    "/issues/1",
    "/issues/1/preview/1/body",
    "/articles",
    "/outbox",
    "/audit",
    "/staff",
    "/account",
]


@dataclass(slots=True)
class Desk:
    """A desk, its access, and the links that it announced."""

    house: House
    access: DeskAccess
    announced: list[str] = field(default_factory=list)

    def browser(self) -> TestClient:
        site = desk_site(self.house.app, self.access, self.announced.append)
        base = f"http://{self.house.app.settings.desk}"
        peer = ("127.0.0.1", 50000)
        own = {"Origin": base}
        return TestClient(site, base_url=base, client=peer, follow_redirects=False, headers=own)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with house(tmp_path) as opened:
        yield Desk(opened, desk_access(opened.app))


@pytest.mark.parametrize("path", PATHS)
def test_without_a_session_every_page_is_closed(desk: Desk, path: str) -> None:
    answer = desk.browser().get(path)
    assert answer.status_code == 403
    assert "one-time link" in answer.text


def test_the_link_opens_the_desk_in_one_browser_once(desk: Desk) -> None:
    link = desk.access.link
    browser, other = desk.browser(), desk.browser()
    for _again in range(2):
        assert browser.get(link).status_code == 200  # looking uses nothing up
    assert browser.get("/").status_code == 403
    entered = browser.post(link)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=strict"} <= set(entered.headers["set-cookie"].split("; "))
    assert browser.get("/").status_code == 200
    assert other.post(link).status_code == 403
    assert other.get(link).status_code == 403
    assert other.get("/").status_code == 403


def test_the_entrance_is_in_the_language_of_the_publication(desk: Desk) -> None:
    app = desk.house.app
    desk.house.app = replace(app, publication=replace(app.publication, language="ko"))
    assert "편집실 열기</button>" in desk.browser().get(desk.access.link).text


def test_a_used_link_is_replaced_by_one_that_staff_see(desk: Desk) -> None:
    desk.browser().post(desk.access.link)
    (announced,) = desk.announced
    assert announced == desk.access.link
    second = desk.browser()
    second.post(announced)
    assert second.get("/").status_code == 200


@pytest.mark.parametrize("code", ["x", "", "%00", "x" * 500, "%C3%BC"])
def test_a_guessed_link_opens_nothing(desk: Desk, code: str) -> None:
    browser = desk.browser()
    assert browser.post(f"/open/{code}").status_code in {403, 404}
    browser.cookies.set(desk.access.cookie, code or "x", domain="127.0.0.1")
    assert browser.get("/").status_code == 403


def test_a_session_ends_after_half_a_day(desk: Desk) -> None:
    browser = desk.browser()
    browser.post(desk.access.link)
    desk.house.at += LASTS - timedelta(minutes=1)
    assert browser.get("/").status_code == 200
    desk.house.at += timedelta(minutes=1)
    assert browser.get("/").status_code == 403


def test_the_number_of_sessions_is_bounded(desk: Desk) -> None:
    sessions = []
    for _ in range(SESSIONS + 1):
        desk.house.at += timedelta(seconds=1)
        sessions.append(desk.access.open(desk.access.link.rpartition("/")[2]))
    admitted = [desk.access.opened_at(session or "") is not None for session in sessions]
    assert admitted == [False, *[True] * SESSIONS]


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("127.0.0.1:8026", True),
        ("localhost:8026", True),
        ("[::1]:8026", True),
        ("0.0.0.0:8026", False),
        ("192.168.0.5:8026", False),
        ("desk.example.org:8026", False),
        ("[2001:db8::1]:8026", False),
    ],
)
def test_the_desk_listens_on_this_machine_only(
    tmp_path: Path, address: str, *, accepted: bool
) -> None:
    lay_out(tmp_path, f'[web]\ndesk = "{address}"\n')
    if accepted:
        assert load(tmp_path, SECRETS).desk == address
        return
    with pytest.raises(ConfigurationError, match="an address of this machine only"):
        load(tmp_path, SECRETS)
