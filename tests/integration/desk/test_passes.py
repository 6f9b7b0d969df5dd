"""The passes at the desk: what each did, what waited, and the older ones."""

import html
import re
from datetime import timedelta
from pathlib import Path

from starlette.testclient import TestClient

from newsletter.model.actor import MACHINE, Role
from newsletter.model.pass_report import Figures, Level, PassLine, PassReport
from newsletter.usecases import pass_reports
from newsletter.web.desk.passes.pages import SHOWN
from tests.fakes.desk import staffed_desk
from tests.fakes.house import MONDAY, house

OLDER = re.compile(r'href="(/passes\?[^"]*before=\d+)"')
STAGES = re.compile(r"stage-\d+")


def test_the_page_of_passes_has_every_pass_once_with_what_waited(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        desk = staffed_desk(opened.app)
        editor = desk.browser(Role.EDITOR)
        assert "None has ended without a failure yet." in editor.get("/passes").text
        assert 'href="/passes"' in editor.get("/").text
        opened.pass_at(MONDAY - timedelta(days=1))
        editor = desk.browser(Role.EDITOR)
        page = editor.get("/passes").text
        assert "Waits for someone" in page
        assert "1 issue for approval" in page
        assert 'href="/issues/1/approve"' in page
        assert "The last one without a failure ended 2026-11-29" in page
        for count in range(2 * SHOWN + 1):
            level = Level.FAILED if count % 2 else Level.OK
            line = PassLine(f"stage-{count}", "ann@example.org <b>", level)
            report = PassReport("issues", MONDAY, MONDAY, (line,), Figures(unknown=1200))
            pass_reports.record(opened.app.context, MACHINE, report)
        first = editor.get("/passes").text
        assert "1,200 recipients with an unknown outcome" in first
        assert "(address) &lt;b&gt;" in first
        assert "ann@example.org" not in first
        every = [f"stage-{count}" for count in reversed(range(2 * SHOWN + 1))]
        assert _read(editor, "/passes") == every
        assert _read(editor, "/passes?problems=1") == every[1::2]
        assert editor.get("/passes?before=9" + "9" * 40).status_code == 200


def _read(editor: TestClient, path: str) -> list[str]:
    """Follow the links to older passes to the end; return the stages in the order shown."""
    found: list[str] = []
    while path:
        page = editor.get(path).text
        found += STAGES.findall(page)
        older = OLDER.search(page)
        path = html.unescape(older[1]) if older else ""
    return found
