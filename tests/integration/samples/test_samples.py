"""The packaged sample publication is what the demo promises, and reads as real input does."""

import csv
import tomllib
from pathlib import Path

import pytest

from newsletter.collect.extracting.extract import extract
from newsletter.model.article import Extracted
from newsletter.settings import load
from subscribers.model import EmailAddress, slug

SAMPLES = Path(__file__).parents[3] / "newsletter/cli/samples"
DOCUMENTS = sorted([*SAMPLES.glob("pages/*.html"), *SAMPLES.glob("texts/*.txt")])
MARKED = {
    "counting-trucks.txt": 3,
    "ledger-and-deterrent.html": 3,
    "night-school.en.html": 3,
    "night-school.ko.html": 3,
    "slow-minerals.html": 2,
    "translators-desk.txt": 3,
    "winter-grid.txt": 3,
}


def read(path: Path) -> Extracted:
    return extract(path.read_bytes(), name=path.name)


def people() -> list[dict[str, str]]:
    with (SAMPLES / "subscribers.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_sample_is_a_whole_article(path: Path) -> None:
    found = read(path)
    assert found.title
    assert found.kicker
    assert found.published is not None
    assert found.published.year == 2026
    assert all(author.name and author.role and author.org for author in found.authors)
    assert 3 <= len(found.topics) <= 4
    assert [section.heading is None for section in found.sections] == [True, False, False] + [
        False
    ] * (len(found.sections) - 3)
    assert len(found.takeaways) == MARKED.get(path.name, 0)
    assert found.author_bio
    assert found.words > 180


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_head_of_a_sample_is_not_in_its_body(path: Path) -> None:
    found = read(path)
    body = [text for section in found.sections for text in section.paragraphs]
    assert not [text for text in body if text.startswith("#") or "2026년" in text[:6]]
    assert not [text for text in body if found.authors[0].org in text and len(text) < 80]
    assert not [text for text in body if text.endswith(", 2026")]


def test_one_article_is_there_in_two_languages_that_name_each_other() -> None:
    english, korean = (
        read(SAMPLES / "pages/night-school.en.html"),
        read(SAMPLES / "pages/night-school.ko.html"),
    )
    assert (english.lang, korean.lang) == ("en", "ko")
    for one in (english, korean):
        assert {(other.lang, other.url) for other in one.translations} >= {
            ("en", "night-school.en.html"),
            ("ko", "night-school.ko.html"),
        }


def test_the_people_differ_in_what_they_follow_and_where_they_stand() -> None:
    rows = people()
    statuses = tomllib.loads((SAMPLES / "statuses.toml").read_text(encoding="utf-8"))
    addresses = {EmailAddress.parse(row["email"]).key for row in rows}
    assert len(addresses) == len(rows) >= 14
    assert len({row["topics"] for row in rows}) >= 12
    assert {row["language"] for row in rows} == {"en", "ko"}
    assert [row for row in rows if not row["name"]]
    assert [row for row in rows if not row["topics"]]
    assert [row for row in rows if not row["consented_at"]]
    assert addresses >= {*statuses["unsubscribed"], *statuses["suppressed"], *statuses["paused"]}


def test_everything_followed_is_a_topic_of_the_publication(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_bytes((SAMPLES / "newsletter.toml").read_bytes())
    secret = {"NEWSLETTER_SECRET_KEY": "k" * 32, "NEWSLETTER_PEPPER": "p" * 32}
    topics = load(tmp_path, secret).publication.topics
    known = {
        slug(word)
        for topic in topics
        for word in (topic.slug, *topic.aliases, *(label for _, label in topic.labels))
    }
    followed = {slug(word) for row in people() for word in row["topics"].split(";") if word}
    assert followed <= known
