"""Images from http, from a folder and from nowhere: copied, served, or left out with a message."""

import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from newsletter.model.article import Image
from newsletter.model.issue import Item
from newsletter.store.content import issues
from newsletter.usecases import drafting, reviewing
from newsletter.usecases.drafting import Drafted
from newsletter.web.main import public_site
from tests.fakes.house import MONDAY, STAFF, House, article, house
from tests.fakes.pictures import png
from tests.fakes.site import Site, open_site


@pytest.fixture
def site() -> Iterator[Site]:
    """Run a site on loopback."""
    with open_site() as opened:
        yield opened


def drafted(opened: House) -> tuple[Item, ...]:
    opened.app.one_pass()
    result = drafting.draft_next(opened.app.context, STAFF, "weekly")
    assert isinstance(result, Drafted)
    return result.items


def give_image(opened: House, item: Item, url: str) -> None:
    with opened.app.engine.begin() as connection:
        present = issues.load_items(connection, 1)
        changed = [
            replace(one, image=Image(url, "A pier")) if one.article_id == item.article_id else one
            for one in present
        ]
        issues.replace_items(connection, 1, changed)


def test_an_insecure_image_is_copied_and_served_from_our_own_pages(
    tmp_path: Path, site: Site
) -> None:
    picture = png(300, 200)
    url = site.serve("/pier.png", picture, kind="image/png")
    with house(tmp_path) as opened:
        trusted = replace(opened.app.publication.sources[0], url=url, allow_private=True)
        opened.app = replace(
            opened.app, publication=replace(opened.app.publication, sources=(trusted,))
        )
        first, *_ = drafted(opened)
        give_image(opened, first, url)
        (edition, *_) = reviewing.render(opened.app.context, STAFF, 1).editions
        assert url not in edition.html
        assert 'width="300" height="200"' in edition.html
        found = reviewing.check(opened.app.context, STAFF, 1).findings
        assert not [one for one in found if one.check == "images"]
        address = re.search(r'src="http://127.0.0.1:8025(/images/[0-9a-f]{32}\.png)"', edition.html)
        assert address
        pages = TestClient(public_site(opened.app), base_url=opened.app.publication.url)
        answer = pages.get(address[1])
        assert (answer.content, answer.headers["content-type"]) == (picture, "image/png")
        assert "immutable" in answer.headers["cache-control"]
        assert pages.get("/images/other.png").status_code == 404


def test_the_guard_decides_what_is_copied(tmp_path: Path, site: Site) -> None:
    url = site.serve("/pier.png", png(300, 200), kind="image/png")
    with house(tmp_path) as opened:
        first, *_ = drafted(opened)
        give_image(opened, first, url)
        (edition, *_) = reviewing.render(opened.app.context, STAFF, 1).editions
        assert "<img" not in edition.html
        (finding,) = [
            one
            for one in reviewing.check(opened.app.context, STAFF, 1).findings
            if one.check == "images"
        ]
        assert finding.says.startswith(f"The image of “{first.title}” is left out:")
        assert site.seen == []


@pytest.mark.parametrize("place", ["third.png", "images/third.png"])
def test_a_file_beside_an_article_is_its_image(tmp_path: Path, place: str) -> None:
    with house(tmp_path) as opened:
        article(tmp_path, "third", "ships")
        path = tmp_path / "articles" / place
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png(640, 400))
        text = "---\ntitle: The third\ndate: 2026-11-26\nimage: third.png\nimage_alt: A pier\n"
        text += "caption: The pier.\ncredit: 'Photo: Ada Keel'\n---\n\n"
        text += "The ships of the harbor sail at noon and come back in the evening. " * 8
        (tmp_path / "articles" / "third.md").write_text(text, encoding="utf-8")
        items = drafted(opened)
        third = next(one for one in items if one.title == "The third")
        assert third.image is not None
        assert third.image.url == f"file:desk/{place}"
        html = reviewing.render(opened.app.context, STAFF, 1).editions[0].html
        assert 'width="528" height="330"' in html
        assert "The pier. Photo: Ada Keel" in html
        assert "file:" not in html
        opened.approve()
        opened.pass_at(MONDAY)
        address = opened.app.articles.address("", third.article_id)
        pages = TestClient(public_site(opened.app), base_url=opened.app.publication.url)
        page = pages.get(address)
        assert 'alt="A pier" width="528" height="330"' in page.text
        assert "The pier. Photo: Ada Keel" in page.text


@pytest.mark.parametrize("size", [(2**32 - 1, 40), (0, 40)])
def test_a_size_that_no_image_has_is_not_one(tmp_path: Path, size: tuple[int, int]) -> None:
    with house(tmp_path) as opened:
        lying = png(1, 1).replace(struct.pack(">II", 1, 1), struct.pack(">II", *size))
        (tmp_path / "articles" / "lying.png").write_bytes(lying)
        first, *_ = drafted(opened)
        give_image(opened, first, "file:desk/lying.png")
        html = reviewing.render(opened.app.context, STAFF, 1).editions[0].html
        assert "<img" not in html


def test_an_address_of_any_length_is_harmless(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        first, *_ = drafted(opened)
        give_image(opened, first, f"http://e.example/{'é' * 3000}")
        html = reviewing.render(opened.app.context, STAFF, 1).editions[0].html
        assert "<img" not in html


def test_a_file_outside_the_folder_is_never_read(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        (tmp_path / "secret.png").write_bytes(png(640, 400))
        first, *_ = drafted(opened)
        give_image(opened, first, "file:desk/../secret.png")
        html = reviewing.render(opened.app.context, STAFF, 1).editions[0].html
        assert "<img" not in html
