"""Measure how well and how fast articles, takeaways and feeds are read."""

import gzip
import json
import logging
import os
import re
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import feedparser
import trafilatura

from bench.figure import Figure
from newsletter.collect.extracting.extract import extract
from newsletter.collect.finding.feeds import read_feed
from newsletter.collect.finding.jsonfeed import parse_json_feed
from newsletter.collect.text.encoding import decode
from newsletter.errors import ExtractFailed
from newsletter.model.article import Extracted

LABELS = Path(__file__).parent / "labels"
QUICK, SHINGLE, WARM = 25, 4, 5
SAME = 0.8
_WORD = re.compile(r"\w+")
_NOT_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the benchmark, and its body as annotated by people."""

    name: str
    raw: bytes
    url: str
    body: str


def figures(quick: bool) -> Iterator[Figure]:
    """Yield body, takeaways, invented lists, speed, feeds and JSON Feed, in this order."""
    data = Path(os.environ.get("NEWSLETTER_SHARED", Path(__file__).parents[2] / "shared")) / "data"
    if not data.is_dir():
        print("  (skipped: no shared data; NEWSLETTER_SHARED names its place)", file=sys.stderr)
        return
    logging.disable(logging.ERROR)
    pages = _pages(data / "aeb")[: QUICK if quick else None]
    ours, theirs, our_seconds, their_seconds = _side_by_side(pages)
    yield from _bodies(pages, ours, theirs)
    yield from _invented(pages, ours)
    yield Figure("extract", len(pages) / our_seconds, "pages/s", "one core, CPU time")
    yield Figure("trafilatura default alone", len(pages) / their_seconds, "pages/s")
    yield Figure("extract / trafilatura alone", their_seconds / our_seconds, "×", "≥ 0.9 wanted")
    yield from _takeaways(data / "takeaways")
    yield from _feeds(data / "feeds" / "real")
    yield _json_feeds(data / "feeds" / "json_feed")
    logging.disable(logging.NOTSET)


def _pages(folder: Path) -> list[Page]:
    truth = json.loads((folder / "ground-truth.json").read_text("utf-8"))
    return [
        Page(
            name,
            gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes()),
            stated["url"],
            stated["articleBody"],
        )
        for name, stated in truth.items()
    ]


def _side_by_side(
    pages: Sequence[Page],
) -> tuple[list[Extracted | None], list[str], float, float]:
    """Read every page with both extractors, in turn, so that load affects both alike.

    The first pages are read once before, as a warm-up.
    """
    for page in pages[:WARM]:
        _ours(page)
        _theirs(page)
    ours: list[Extracted | None] = []
    theirs: list[str] = []
    our_seconds = their_seconds = 0.0
    for page in pages:
        began = time.process_time()
        ours.append(_ours(page))
        between = time.process_time()
        theirs.append(_theirs(page))
        our_seconds += between - began
        their_seconds += time.process_time() - between
    return ours, theirs, our_seconds, their_seconds


def _ours(page: Page) -> Extracted | None:
    try:
        return extract(page.raw, name="page.html", url=page.url)
    except ExtractFailed:
        return None


def _theirs(page: Page) -> str:
    return trafilatura.extract(decode(page.raw)[0], include_comments=False) or ""


def body_text(article: Extracted | None) -> str:
    """Return the body of an article: headings and paragraphs in order."""
    if article is None:
        return ""
    return "\n".join(
        line
        for section in article.sections
        for line in ((section.heading or ""), *section.paragraphs)
    )


def _bodies(
    pages: Sequence[Page], ours: Sequence[Extracted | None], theirs: Sequence[str]
) -> Iterator[Figure]:
    truth = [page.body for page in pages]
    mine = _score(truth, [body_text(article) for article in ours])
    default = _score(truth, theirs)
    for name, (precision, recall, f1) in (("body", mine), ("body, trafilatura default", default)):
        yield Figure(
            f"{name}: F1",
            f1,
            "F1",
            f"precision {precision:.3f}, recall {recall:.3f}, {len(pages)} pages",
        )
    yield Figure("body F1 / trafilatura default", mine[2] / default[2], "×", "≥ 1 wanted")


def _score(truth: Sequence[str], found: Sequence[str]) -> tuple[float, float, float]:
    """Return precision, recall and F1 over shingles of four words, averaged over pages."""
    precision = recall = 0.0
    for gold, text in zip(truth, found, strict=True):
        wanted, got = _shingles(gold), _shingles(text)
        common = sum((wanted & got).values())
        precision += common / max(1, sum(got.values()))
        recall += common / max(1, sum(wanted.values()))
    precision, recall = precision / len(truth), recall / len(truth)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    return Counter(
        tuple(words[at : at + SHINGLE])
        for at in range(max(1, len(words) - SHINGLE + 1) if words else 0)
    )


def _invented(pages: Sequence[Page], ours: Sequence[Extracted | None]) -> Iterator[Figure]:
    labels = tomllib.loads((LABELS / "aeb.toml").read_text("utf-8"))
    marked = tuple(labels["with_takeaways"])
    none = [
        article
        for page, article in zip(pages, ours, strict=True)
        if not page.name.startswith(marked)
    ]
    invented = sum(bool(article and article.takeaways) for article in none)
    yield Figure(
        "takeaways invented",
        100 * invented / max(1, len(none)),
        "%",
        f"{invented} of {len(none)} pages without any; ≤ 1 wanted",
    )


def _takeaways(folder: Path) -> Iterator[Figure]:
    labels = tomllib.loads((LABELS / "takeaways.toml").read_text("utf-8"))["not_takeaways"]
    cases = json.loads((folder / "cases.json").read_text("utf-8"))
    recovered = wanted = complete = lists = 0
    for case in cases:
        gold = _really(case, labels)
        if not gold:
            continue
        raw = gzip.decompress((folder / case["file"]).read_bytes())
        article = _ours(Page(case["file"], raw, case["url"] or "", ""))
        hits = [
            any(_is_same(item, item) for item in (article.takeaways if article else ()))
            for item in gold
        ]
        recovered, wanted = recovered + sum(hits), wanted + len(hits)
        complete, lists = complete + all(hits), lists + 1
    yield Figure(
        "takeaways recovered",
        100 * recovered / max(1, wanted),
        "%",
        f"{recovered} of {wanted} items, {complete} of {lists} lists whole; ≥ 95 wanted",
    )


def _really(case: dict[str, Any], labels: dict[str, Any]) -> list[str]:
    """Return the items that are key points, as decided by reading the page."""
    doubtful = labels.get(Path(case["file"]).name, [])
    if doubtful == "all":
        return []
    return [text for at, text in enumerate(case["takeaways"]) if at not in doubtful]


def _is_same(gold: str, item: str) -> bool:
    first, other = (_NOT_LETTER.sub("", text).casefold() for text in (gold, item))
    if first == other:
        return True
    shorter, longer = sorted((first, other), key=len)
    return bool(shorter) and shorter in longer and len(shorter) > SAME * len(longer)


def _feeds(folder: Path) -> Iterator[Figure]:
    paths = sorted(path for path in folder.iterdir() if path.suffix in {".rss", ".atom"})
    raws = [path.read_bytes() for path in paths]
    for raw in raws[:WARM]:
        _feed_outcome(raw)
    outcomes: list[tuple[int, str]] = []
    seconds = alone = 0.0
    for raw in raws:
        began = time.process_time()
        outcomes.append(_feed_outcome(raw))
        between = time.process_time()
        feedparser.parse(raw)
        seconds += between - began
        alone += time.process_time() - between
    entries = sum(count for count, _ in outcomes)
    good = sum(not reason or "web page instead" in reason for _, reason in outcomes)
    yield Figure(
        "real feeds read",
        good,
        "feeds",
        f"of {len(raws)}, including a web page that must be reported as such; {entries} entries",
    )
    yield Figure("feeds", len(raws) / seconds, "feeds/s", "one core, CPU time")
    yield Figure("feeds / feedparser alone", alone / seconds, "×", "≥ 1 wanted")


def _feed_outcome(raw: bytes) -> tuple[int, str]:
    try:
        return len(read_feed(raw, url="https://example.org/feed").entries), ""
    except ExtractFailed as error:
        return 0, str(error)


def _json_feeds(folder: Path) -> Figure:
    paths = sorted(folder.glob("json1*/*.json"))
    right = sum(_is_right(path.read_text("utf-8")) for path in paths)
    return Figure("JSON Feed cases right", right, "cases", f"of {len(paths)}, every value compared")


def _is_right(text: str) -> bool:
    """Return whether every value of the case is found in its field."""
    raw, feed = json.loads(text), parse_json_feed(text)
    plain = all(
        getattr(feed, key) == raw[key]
        for key in (
            "title",
            "description",
            "language",
            "home_page_url",
            "feed_url",
            "icon",
            "favicon",
        )
        if key in raw
    )
    entries = raw.get("items", [])
    people = [author.name for author in feed.authors] == _names(raw)
    return (
        plain
        and people
        and len(feed.items) == len(entries)
        and raw["version"].endswith(feed.version)
        and all(
            _item_is_right(author, item) for author, item in zip(entries, feed.items, strict=True)
        )
    )


def _item_is_right(raw: dict[str, Any], item: Any) -> bool:  # noqa: ANN401 - a JsonItem, field by field
    keys = (
        "id",
        "url",
        "external_url",
        "title",
        "content_html",
        "content_text",
        "summary",
        "image",
        "date_published",
        "date_modified",
    )
    plain = all(getattr(item, key) == raw[key] for key in keys if key in raw)
    files = [(part.url, part.type, part.size_in_bytes) for part in item.attachments]
    stated = [
        (part["url"], part.get("mime_type") or part.get("type", ""), part.get("size_in_bytes"))
        for part in raw.get("attachments", [])
    ]
    return (
        plain
        and files == stated
        and list(item.tags) == raw.get("tags", [])
        and [part.name for part in item.authors] == _names(raw)
    )


def _names(raw: dict[str, Any]) -> list[str]:
    people = raw.get("authors") or ([raw["author"]] if "author" in raw else [])
    return [person.get("name", "") for person in people]
