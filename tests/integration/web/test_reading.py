"""The reading pages answer whatever address somebody types."""

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
