"""Forms on other sites name where a reader came from, in configured words only."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typing_extensions import override

from newsletter import settings
from newsletter.errors import ConfigurationError
from newsletter.settings.publication import LONGEST_ORIGIN
from newsletter.web.main import public_site
from tests.fakes.house import SECRETS, lay_out
from tests.fakes.readers import HOST, Reader, reader

ADDRESS = "new@example.org"
UNKNOWN = ["<b>x</b>", "HOMEPAGE", "elsewhere", "=1+1", "home\x00page", "x" * 5000, "한국", ""]


@pytest.fixture
def eve(tmp_path: Path) -> Iterator[Reader]:
    """A reader of a publication whose forms may name the home page."""
    with reader(tmp_path) as found:
        opened = found.house.app
        known = replace(opened.publication, origins=("homepage",))
        site = public_site(replace(opened, publication=known))
        found.client = TestClient(site, base_url=HOST, follow_redirects=False)
        yield found


def sources(eve: Reader) -> set[object]:
    """Return what the proofs of consent of the new subscriber say, after they confirmed."""
    eve.client.post(eve.link(ADDRESS, "confirm"))
    number = eve.subscriber(ADDRESS)
    return {row[5] for row in eve.everything()["consents"] if row[1] == number}


class Fields(HTMLParser):
    """The fields of a form, as a browser submits them with its boxes ticked."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.action = ""
        self.fields: dict[str, list[str]] = {}
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.action = found.get("action") or ""
        if tag == "input" and found.get("name"):
            self.fields.setdefault(found["name"] or "", []).append(found.get("value") or "")


def test_the_origin_is_part_of_the_proof_of_consent(eve: Reader) -> None:
    assert eve.sign_up(ADDRESS, form="embedded", origin="homepage") == 303
    assert sources(eve) == {"embedded form: homepage"}


@pytest.mark.parametrize("word", UNKNOWN)
def test_an_unknown_origin_is_not_kept_and_not_repeated(eve: Reader, word: str) -> None:
    assert eve.sign_up(ADDRESS, form="embedded", origin=word) == 303
    assert sources(eve) == {"embedded form"}
    for path in ("/", "/embed", "/embed/form"):
        shown = eve.client.get(path, params={"origin": word}).text
        assert 'name="origin"' not in shown


def test_past_issues_name_themselves(eve: Reader) -> None:
    eve.sign_up(ADDRESS, origin="archive")
    assert sources(eve) == {"sign-up page: archive"}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_form_to_copy_signs_up_from_another_site(eve: Reader, language: str) -> None:
    query = {"origin": "homepage", "lang": language, "newsletter": "daily"}
    answer = eve.client.get("/embed/form", params=query)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert not re.search(r"<script|\son\w+=|style=", answer.text)
    form = Fields(answer.text)
    assert form.action == f"{HOST}/sign-up"
    assert form.fields["quiet"] == [""]
    filled = form.fields | {"address": [ADDRESS], "newsletter": ["daily"]}
    headers = {"Origin": "https://www.example.org", "Sec-Fetch-Site": "cross-site"}
    assert eve.client.post("/sign-up", data=filled, headers=headers).status_code == 303
    assert eve.state(ADDRESS, "daily") == "pending"
    assert sources(eve) == {"embedded form: homepage"}


def test_a_mistake_does_not_lose_the_origin(eve: Reader) -> None:
    answer = eve.client.post(
        "/sign-up",
        data={"address": "x", "newsletter": "weekly", "form": "embedded", "origin": "homepage"},
    )
    assert answer.status_code == 422
    form = Fields(answer.text)
    assert form.fields["origin"] == ["homepage"]
    assert form.fields["form"] == ["embedded"]


@pytest.mark.parametrize("word", ["Home Page", "<b>", "x" * (LONGEST_ORIGIN + 1)])
def test_an_origin_is_a_short_key(tmp_path: Path, word: str) -> None:
    lay_out(tmp_path)
    path = tmp_path / "newsletter.toml"
    text = path.read_text().replace('language = "en"', f'language = "en"\norigins = ["{word}"]', 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="origins"):
        settings.load(tmp_path, SECRETS)
