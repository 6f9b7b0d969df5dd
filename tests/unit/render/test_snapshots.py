"""Whole mails as they leave, kept as files that a person can open; a change is seen in review.

`SNAPSHOTS=write pytest tests/unit/render/test_snapshots.py` writes them anew.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.model.alert_topic import AlertTopic
from newsletter.model.edition import Contents
from newsletter.model.personalization import fill, substitutions
from newsletter.model.publication import Department
from newsletter.render.compose import Composed, compose
from newsletter.render.notice import render as render_notice
from tests.fakes import manuscripts

FOLDER = Path(__file__).parents[2] / "snapshots" / "mails"
READER = {"token": "example-token", "delivery": "1-1", "name": "Ada"}


def brief() -> Composed:
    issue = manuscripts.issue(blocks=(manuscripts.EVENT,))
    items = (*manuscripts.GOOD, manuscripts.PICTURED)
    contents = Contents((1, 2, 3, 6), (4, 5))
    return compose(manuscripts.templates(), issue, items, contents, manuscripts.context())


def editorial() -> Composed:
    """An issue with everything that an editor can write around the articles."""
    issue = manuscripts.issue(
        note=manuscripts.NOTE, blocks=(manuscripts.SPONSOR, manuscripts.EVENT, manuscripts.JOBS)
    )
    contents = Contents((1, 2))
    return compose(
        manuscripts.templates(), issue, manuscripts.GOOD, contents, manuscripts.context()
    )


def magazine() -> Composed:
    """Images and sections: two columns with a lead above them."""
    weekly = manuscripts.newsletter(
        layout="magazine", sections=(Department("Economy", ("economy", "security")),)
    )
    items = (manuscripts.FRONT, *manuscripts.GOOD[1:], manuscripts.PICTURED)
    context = manuscripts.context(weekly=weekly)
    contents = manuscripts.contents(items)
    return compose(manuscripts.templates(), manuscripts.issue(), items, contents, context)


def letter() -> Composed:
    context = manuscripts.context(weekly=manuscripts.newsletter(layout="letter"))
    contents = Contents((1, 2), (3, 4, 5))
    return compose(
        manuscripts.templates(), manuscripts.issue(), manuscripts.GOOD, contents, context
    )


def korean() -> Composed:
    weekly = manuscripts.newsletter(language="ko", title="주간 브리프", subject_prefix="(광고)")
    house = manuscripts.publication(brand=manuscripts.SLATE)
    issue = manuscripts.issue(note="안녕하세요{name}. 이번 주의 글을 전합니다.")
    items = (manuscripts.ARCTIC, *manuscripts.GOOD[:2])
    contents = Contents((3, 1, 2))
    return compose(
        manuscripts.templates(house), issue, items, contents, manuscripts.context(house, weekly)
    )


def hard() -> Composed:
    items = manuscripts.hard_items(5)
    contents = manuscripts.contents(items)
    return compose(
        manuscripts.templates(), manuscripts.issue(), items, contents, manuscripts.context()
    )


def notice(kind: str, language: str) -> Composed:
    values = {
        "title": "The Weekly Brief",
        "link": "https://news.example.org/confirm/example-token",
        "preferences": "https://news.example.org/preferences/example-token",
        "unsubscribe": "https://news.example.org/unsubscribe/example-token",
        "keep": "https://news.example.org/keep/example-token",
        "back": "https://news.example.org/",
        "until": "14:30",
        "what": "Issue 42 waits: nobody saw how batch 42.3 ended",
        "next_step": "Look at it with: newsletter issues show 42",
        "place": AlertTopic.HELD.place,
        "sections": [
            {
                "title": "Where every recipient is",
                "notes": ["12 recipients were chosen when sending began."],
                "head": ["State", "Recipients", "Share"],
                "rows": [["submitted", "12", "100.0%"], ["delivered", "not reported by SMTP", "–"]],
            },
            {"title": "Opens and clicks", "notes": ["Not tracked."], "head": [], "rows": []},
        ],
    }
    made = render_notice(manuscripts.templates(), kind, language, values)
    return Composed(made.subject, "", made.html, made.text)


MAILS = {
    "brief": brief,
    "editorial": editorial,
    "letter": letter,
    "magazine": magazine,
    "korean": korean,
    "hard": hard,
    "confirm.en": lambda: notice("confirm", "en"),
    "confirm.ko": lambda: notice("confirm", "ko"),
    "welcome.en": lambda: notice("welcome", "en"),
    "goodbye.en": lambda: notice("goodbye", "en"),
    "still-wanted.en": lambda: notice("still-wanted", "en"),
    "still-wanted.ko": lambda: notice("still-wanted", "ko"),
    "manage.en": lambda: notice("manage", "en"),
    "address-change.en": lambda: notice("address-change", "en"),
    "alert.en": lambda: notice("alert", "en"),
    "report.ko": lambda: notice("report", "ko"),
}


@pytest.mark.parametrize("name", sorted(MAILS))
def test_an_email_equals_its_snapshot(name: str) -> None:
    mail = MAILS[name]()
    values = substitutions(manuscripts.context().nonce, READER)
    mail = replace(mail, html=fill(mail.html, values), text=fill(mail.text, values))
    parts = {"html": mail.html, "txt": f"Subject: {mail.subject}\n\n{mail.text}"}
    for suffix, text in parts.items():
        path = FOLDER / f"{name}.{suffix}"
        if os.environ.get("SNAPSHOTS") == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.is_file(), f"{path} is missing; write it with SNAPSHOTS=write"
        assert text == path.read_text(encoding="utf-8"), (
            f"{path.name} has changed; look at it, then write it with SNAPSHOTS=write"
        )
