"""The reading pages answer whatever address somebody types, and print whatever was collected."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from newsletter.web.main import public_site
from tests.fakes.house import house


@pytest.mark.parametrize("number", ["0", "-1", "7", "9" * 12, "9" * 26])
def test_an_article_that_is_not_there_is_missing_however_large_its_number(
    tmp_path: Path, number: str
) -> None:
    with house(tmp_path) as opened:
        site = TestClient(public_site(opened.app), base_url="http://127.0.0.1:8025")
        assert site.get(f"/articles/{number}").status_code == 404


HOSTILE = """<html lang="en"><head><title>Evil</title><link rel="canonical" href="javascript:alert(1)">
</head><body><article><h1>Evil &#8238;turned &lt;script&gt;alert(2)&lt;/script&gt;</h1><p>{text}</p>
</article></body></html>"""


def test_a_file_that_names_no_page_is_read_here_and_turns_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    text = "The harbour town has a long and quiet winter ahead of it, people say. " * 12
    (folder / "evil.html").write_text(HOSTILE.format(text=text), encoding="utf-8")
    with house(tmp_path) as opened:
        opened.pass_at(opened.at)
        site = TestClient(public_site(opened.app), base_url="http://127.0.0.1:8025")
        answers = [site.get(f"/articles/{number}") for number in (1, 2, 3)]
    assert [one.status_code for one in answers] == [200, 200, 200]
    pages = "".join(one.text for one in answers)
    assert "Evil turned &lt;script&gt;" in pages
    assert "\u202e" not in pages
    assert "javascript:" not in pages
