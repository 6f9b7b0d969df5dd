"""Every page of the desk is in the member's language, with what the checks and errors say."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import html
from starlette.testclient import TestClient

from newsletter.maintenance.readings import Health, Reading
from newsletter.model.actor import Role
from newsletter.store.content import issues
from subscribers.phrase import Phrase
from tests.fakes.desk import StaffedDesk, form, staffed_desk
from tests.fakes.house import MONDAY, House, house

MORE = """quiet = "07:00-09:00"
holidays = ["2026-12-07"]
"""
ENGLISH = re.compile(r"[A-Za-z]{2,}(?:[ ,;:]+[A-Za-z]{2,}){2,}")
NAMES = ("The Tide No. 1", "SHIPS TODO FISH", "ships and not staff", "CSV, TSV, XLSX, ODS")
DATA = ("pre", "code", "script", "style", "title")
"""Elements whose text is not a sentence of the desk."""
PAGES = (
    *("/", "/issues", "/calendar", "/articles", "/sources", "/sources/desk", "/passes"),
    *("/people", "/people/imports", "/people/segments", "/staff", "/account", "/outbox"),
    *("/issues/1", "/issues/1/edit", "/issues/1/add", "/issues/1/preview", "/issues/1/audience"),
    *("/issues/1/approve", "/issues/99", "/issues/1/preview?edition=9"),
)

STRICT = ("/", "/issues", "/calendar", "/issues/1/approve", "/issues/99", "/issues/1/audience")
"""Pages on which not even a marked text is in English."""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        for name, title in (("first", "배와 항구"), ("second", "물고기 이야기")):
            text = "배가 항구에 들어옵니다. " * 30
            path = tmp_path / "articles" / f"{name}.txt"
            path.write_text(f"{title}\n\n김민아\n\n2026년 11월 27일\n\n{text}\n", encoding="utf-8")
        made.pass_at(MONDAY - timedelta(days=1))
        yield made


def english(page: str, *, strict: bool = False) -> list[str]:
    """Return the English sentences of a page, and if it is strict, also those that are marked."""
    root = html.fromstring(page)
    for element in root.xpath(" | ".join(f"//{name}" for name in DATA)):
        element.drop_tree()
    if not strict:
        for element in root.xpath("//body//*[@lang='en']"):
            element.drop_tree()
    texts = [" ".join(str(text).split()) for text in root.itertext()]
    return [text for text in texts if ENGLISH.search(re.sub("|".join(NAMES), "", text))]


def korean(desk: StaffedDesk) -> TestClient:
    browser = desk.browser(Role.ADMIN)
    desk.post(browser, "/account/language", {"language": "ko"})
    assert 'lang="ko"' in browser.get("/").text
    return browser


def test_no_page_has_an_english_sentence(opened: House) -> None:
    failed = Reading(Health.FAIL, "sender domain", Phrase("SPF is missing"), Phrase("report only"))
    opened.app = replace(opened.app, outside=lambda: [failed])
    desk = staffed_desk(opened.app)
    browser = korean(desk)
    fields = form(browser.get("/issues/1/edit").text, "/issues/1/edit")
    desk.post(browser, "/issues/1/edit", {**fields, "subject": "SHIPS TODO FISH", "note": "# 1"})
    desk.post(browser, "/issues/1/render")
    found = {path: english(browser.get(path).text, strict=path in STRICT) for path in PAGES}
    checked = desk.post(browser, "/issues/1/check").text
    found["checks"] = english(checked, strict=True)
    with opened.app.reader.connect() as connection:
        article = issues.load_items(connection, 1)[0].article_id
    for path in (f"/issues/1/items/{article}", f"/articles/{article}"):
        found[path] = english(browser.get(path).text)
    assert "발신 도메인: SPF가 없습니다" in checked
    assert {path: texts for path, texts in found.items() if texts} == {}
