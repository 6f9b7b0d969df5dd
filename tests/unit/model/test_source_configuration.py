"""The fingerprint of a source decides whether what is known of its last answer still counts."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.model.source import Source

FOLDER = Source("desk", "folder", path=Path("/srv/news/articles"), topics=("ships",))


def test_the_fingerprint_is_the_same_in_another_folder_and_another_release() -> None:
    moved = replace(FOLDER, path=Path("/var/news/articles"))
    assert moved.fingerprint == FOLDER.fingerprint == "9dada321bcbafa30"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "feed"},
        {"url": "https://example.org/feed.xml"},
        {"path": Path("/srv/news/essays")},
        {"links": "/news/"},
        {"ignore": "/ads/"},
        {"identity": "guid"},
        {"language": "ko"},
        {"topics": ("trade",)},
        {"allow_private": True},
        {"max_bytes": 1},
        {"every": timedelta(hours=1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_changes_the_answer_changes_the_fingerprint(change: dict[str, object]) -> None:
    assert replace(FOLDER, **change).fingerprint != FOLDER.fingerprint
