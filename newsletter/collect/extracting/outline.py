"""Describe an extracted article as plain values, for JSON output and tests."""

import re
from collections.abc import Iterator
from typing import Any

from newsletter.model.article import Extracted

_MARK = re.compile(r"\[(\d{1,3})\]")
_QUOTED = re.compile(r"[“\"«„][^“\"«„]{1,80}[”\"»]$")
WORDS_BEFORE_MARK = 4


def outline(article: Extracted, source: str) -> dict[str, Any]:
    """Return the article with the keys that are printed as JSON."""
    first = article.authors[0] if article.authors else None
    return {
        "source": source,
        "url": article.url,
        "kicker": article.kicker,
        "title": article.title,
        "authors": [author.name for author in article.authors],
        "author_role": first.role if first else "",
        "author_org": first.org if first else "",
        "positions": [
            {"name": part.name, "role": part.role, "org": part.org} for part in article.authors
        ],
        "date": article.published.isoformat() if article.published else None,
        "published_at": article.published_at.isoformat() if article.published_at else None,
        "date_guessed": article.date_guessed,
        "topics": list(article.topics),
        "takeaways_label": article.takeaways_label,
        "takeaways": list(article.takeaways),
        "takeaways_marked_by_author": bool(article.takeaways),
        "sections": [
            {"heading": part.heading, "paragraphs": list(part.paragraphs)}
            for part in article.sections
        ],
        "footnotes": [
            {"n": part.n, "text": part.text, "url": part.url} for part in article.footnotes
        ],
        "footnote_marks": list(footnote_marks(article)),
        "author_bio": article.author_bio,
        "teaser": article.teaser,
        "image": {"url": article.image.url, "alt": article.image.alt} if article.image else None,
        "lang": article.lang,
        "direction": article.direction,
        "translations": [{"lang": part.lang, "url": part.url} for part in article.translations],
        "words": article.words,
        "provenance": dict(article.provenance),
    }


def footnote_marks(article: Extracted) -> Iterator[dict[str, Any]]:
    """Yield the place of each footnote mark: section, paragraph and the words before it."""
    known = {note.n for note in article.footnotes}
    for at, section in enumerate(article.sections):
        for number, paragraph in enumerate(section.paragraphs):
            for mark in _MARK.finditer(paragraph):
                if int(mark.group(1)) in known:
                    after = _before(paragraph[: mark.start()])
                    yield {
                        "n": int(mark.group(1)),
                        "section": at,
                        "paragraph": number,
                        "after": after,
                    }


def _before(text: str) -> str:
    if quoted := _QUOTED.search(text):
        return quoted.group()
    words = _MARK.sub("", text).split()[-WORDS_BEFORE_MARK:]
    return " ".join(words[1:] if words and words[0].lower() in {"the", "a", "an"} else words)
