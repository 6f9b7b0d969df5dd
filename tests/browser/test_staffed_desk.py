"""The pages of a desk with staff, in both languages and color schemes, on a phone."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from newsletter.maintenance.uploads import FOLDER, Uploads
from newsletter.model.actor import Role
from newsletter.pipeline.jobs import Queue
from newsletter.store import workers
from newsletter.store.workers import Doing, WorkerRow
from newsletter.usecases import signing_in, staff
from newsletter.web.desk.rules import rules
from newsletter.web.serving import serving
from tests.fakes.desk import ADDRESSES, OWNER, StaffedDesk, staffed_desk
from tests.fakes.house import MONDAY, house
from tests.fakes.pages import free_port

LIST = "0" * 32
PATHS = [
    "/account",
    "/staff",
    "/audit",
    "/passes",
    "/workers",
    "/issues",
    "/issues/1",
    "/issues/1/audience",
    "/issues/1/history",
    "/issues/99",
    "/articles?text=fish",
    "/sources",
    "/outbox",
    "/issues/1/edit",
    "/issues/1/add",
    "/issues/1/items/1",
    "/issues/1/approve",
    "/issues/1/preview",
    "/issues/1/preview?show=order&as=korean",
    "/calendar",
    "/calendar/pause?newsletter=weekly&first=2026-11-30&last=2026-12-09&reason=Move",
    "/",
    "/people?text=a",
    "/people/1",
    "/people/segments?expression=ships",
    "/articles/1",
    "/sources/desk",
    "/people/imports",
    f"/people/imports/{LIST}",
]
OUTSIDE = ["/sign-in", "/sign-in/1-0"]
ELSEWHERE = re.compile(
    r"^/(?:healthz|readyz|metrics|open)\b|\.(?:css|js|ics)$|\{(?:name|token)\}$"
    r"|/(?:body|progress|here|email|report)$"
)
"""What is not a page of the desk: a frame, a file, an answer to a script; reports choose a language."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaffedDesk]:
    with house(tmp_path_factory.mktemp("house")) as opened:
        opened.pass_at(MONDAY - timedelta(days=1))
        settings = replace(opened.app.settings, desk=f"127.0.0.1:{free_port()}")
        staffed = staffed_desk(replace(opened.app, settings=settings))
        uploads = Uploads(settings.root / FOLDER, lambda: LIST)
        uploads.keep("list.csv", BytesIO(b"Mail,Name\nnia@example.org,Nia\n"))
        doing = (Doing("source the-longest-name-of-a-source-there-is", MONDAY),)
        row = WorkerRow("worker-17.news.example.org:4711", tuple(Queue), 4, MONDAY, MONDAY, doing)
        with opened.app.engine.begin() as connection:
            workers.save(connection, row)
        with serving([(staffed.site, settings.desk)]):
            yield staffed


def sign_in(page: Page, desk: StaffedDesk, role: Role, language: str) -> None:
    """Sign in as a person does, with an emailed link, and choose a language."""
    page.goto(desk.origin)
    page.fill("#address", ADDRESSES[role])
    page.click("button")
    page.wait_for_selector("text=Check your inbox")
    assert signing_in.answer_requests(desk.app.context, OWNER) == 1
    with desk.app.reader.connect() as connection:
        number = connection.exec_driver_sql("SELECT max(id) FROM sign_ins").scalar()
    page.goto(desk.app.sign_ins.link(int(number or 0)))
    page.click("button")
    page.wait_for_url(f"{desk.origin}/")
    member = next(
        member
        for member in staff.members(desk.app.context, OWNER)
        if member.address == ADDRESSES[role]
    )
    staff.choose_language(desk.app.context, member.actor, language)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("light", ["light", "dark"])
def test_every_page_fits_a_phone_and_is_accessible(
    browser: Browser,
    barriers: Callable[[Page], list[str]],
    desk: StaffedDesk,
    light: Literal["light", "dark"],
    language: str,
) -> None:
    context = browser.new_context(viewport={"width": 375, "height": 720}, color_scheme=light)
    page = context.new_page()
    for path in OUTSIDE:
        look(page, desk, path, f"{light}-{language}", barriers)
    sign_in(page, desk, Role.ADMIN, language)
    for path in PATHS:
        look(page, desk, path, f"{light}-{language}", barriers)
        assert page.evaluate("document.documentElement.lang") == language
    context.close()


def test_every_page_of_the_router_is_looked_at(desk: StaffedDesk) -> None:
    pages = {
        path
        for path, method, _rule in rules(desk.site)
        if method == "GET" and not ELSEWHERE.search(path)
    }
    looked_at = [path.partition("?")[0] for path in (*PATHS, *OUTSIDE)]
    missing = {
        page
        for page in pages
        if not any(re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", page), path) for path in looked_at)
    }
    assert missing == set()


def look(
    page: Page,
    desk: StaffedDesk,
    path: str,
    name: str,
    barriers: Callable[[Page], list[str]],
) -> None:
    """Open a page and check that it fits and that everyone can use it."""
    page.goto(desk.origin + path)
    if folder := os.environ.get("PICTURES"):
        shown = path.partition("?")[0].strip("/").replace("/", "-") or "today"
        page.screenshot(path=str(Path(folder) / f"staffed-{shown}-{name}.png"), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375, path
    assert barriers(page) == [], path
