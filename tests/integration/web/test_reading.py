"""Articles that have no page elsewhere: published ones, at signed addresses, and nothing else."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from newsletter.edit.operations import Place
from newsletter.edit.run import change
from newsletter.model.article_address import ArticleSigner
from newsletter.web.main import public_site
from tests.fakes.house import MONDAY, STAFF, House, continued, house, mail

BASE = "http://127.0.0.1:8025"


def reading(opened: House) -> TestClient:
    return TestClient(public_site(opened.app), base_url=BASE)


def status(opened: House, article_id: int) -> int:
    address = opened.app.articles.address(BASE, article_id)
    return reading(opened).get(address).status_code


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        yield made


@pytest.mark.parametrize("name", ["0", "-1", "1", "7", "9" * 12, "9" * 26, f"1-{'0' * 24}", "1-"])
def test_counting_finds_nothing(tmp_path: Path, name: str) -> None:
    with continued(tmp_path, mail) as opened:
        assert status(opened, 1) == 200
        assert reading(opened).get(f"/articles/{name}").status_code == 404


def test_an_article_is_readable_once_its_issue_has_gone_out(opened: House) -> None:
    opened.pass_at(MONDAY - timedelta(days=4))
    assert status(opened, 1) == 404  # collected
    opened.pass_at(MONDAY - timedelta(days=1))
    assert status(opened, 1) == 404  # drafted
    opened.approve()
    assert status(opened, 1) == 404  # approved
    opened.pass_at(MONDAY)
    assert status(opened, 1) == 200


def test_an_article_that_staff_left_out_is_not_readable(opened: House) -> None:
    opened.pass_at(MONDAY - timedelta(days=1))
    change(opened.app.engine, 1, [Place(1, "out")], actor=STAFF, now=opened.at)
    opened.approve()
    opened.pass_at(MONDAY)
    assert (status(opened, 1), status(opened, 2)) == (404, 200)


def test_the_emails_lead_to_the_signed_address(opened: House) -> None:
    opened.pass_at(MONDAY - timedelta(days=1))
    opened.approve()
    opened.pass_at(MONDAY)
    text = next(opened.app.settings.outbox.glob("1-*.eml")).read_text("utf-8")
    found = re.search(r"/articles/(\d+-[0-9a-f]{24})", text.replace("=\n", "").replace("=3D", "="))
    assert found is not None
    assert reading(opened).get(f"/articles/{found[1]}").status_code == 200
    assert reading(opened).get(f"/articles/{found[1]}).").status_code == 200


def test_an_address_signed_by_an_older_key_still_works() -> None:
    old = ArticleSigner([b"o" * 32]).address("", 7).rpartition("/")[2]
    assert ArticleSigner([b"n" * 32, b"o" * 32]).read(old) == 7
    assert ArticleSigner([b"n" * 100]).read(old) is None


@pytest.mark.parametrize("article_id", [2**31, 2**40, 10**30])
def test_a_number_that_no_database_has_is_not_looked_up(article_id: int) -> None:
    signer = ArticleSigner([b"n" * 32])
    assert signer.read(signer.address("", article_id).rpartition("/")[2]) is None


HOSTILE = """<html lang="en"><head><title>Evil</title><link rel="canonical" href="javascript:alert(1)">
</head><body><article><h1>Evil &#8238;turned &lt;script&gt;alert(2)&lt;/script&gt;</h1><p>{text}</p>
</article></body></html>"""


def test_a_file_that_names_no_page_is_read_here_and_turns_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    text = "The harbour town has a long and quiet winter ahead of it, people say. " * 12
    (folder / "evil.html").write_text(HOSTILE.format(text=text), encoding="utf-8")
    with house(tmp_path) as opened:
        opened.pass_at(MONDAY - timedelta(days=1))
        opened.approve()
        opened.pass_at(MONDAY)
        site = reading(opened)
        addresses = [opened.app.articles.address(BASE, number) for number in (1, 2, 3)]
        answers = [site.get(address) for address in addresses]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    pages = "".join(answer.text for answer in answers)
    assert "Evil turned &lt;script&gt;" in pages
    assert "\u202e" not in pages
    assert "javascript:" not in pages
