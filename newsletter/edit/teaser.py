"""Choose the teaser of an article: its own description if that is complete, else its beginning."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from newsletter.edit.sentences import FOOTNOTE, split
from newsletter.edit.terms import overlap, share, terms, width
from newsletter.model.article import Extracted
from newsletter.model.issue import Text

SHORTEST, LONGEST = 120, 280
# A sentence that shares this much of its content words with the title or a takeaway repeats it.
SAME = 0.6
# A description with a smaller share of the article's words is boilerplate of the site.
OF_THE_TEXT = 0.6
# Characters of the article that are compared with its description.
READ = 200_000
_TRUNCATED = re.compile(
    r"(?:…|\.\.\.|\[…\]|\[\.\.\.\]|read more|continue reading|더 ?보기|続きを読む)\W*$",
    re.IGNORECASE,
)
_DATELINE = re.compile(r"^(?:[A-Z][\w .,'’/-]{1,40})?\s*(?:\([A-Z][\w .]{1,20}\))?\s*(?:—|–|--)\s+")
_END = re.compile(r"[.!?。！？…]['\"”’」』)）]*$")
_FULL_STOPS = ("。", "！", "？", "」", "』", "）")
_SPACE = re.compile(r"\s+")


def teaser(article: Extracted, takeaways: Sequence[str] = ()) -> Text:
    """Return 120 to 280 characters (half as many in Han or Hangul) and their origin.

    The teaser consists of whole sentences of the article, without footnote marks, and repeats
    neither the title nor a takeaway. It is empty only if the article has no text at all.
    """
    body = [p for section in article.sections for p in section.paragraphs]
    known = set(terms(" ".join([article.title, *body])[:READ]))
    avoid = [article.title, *takeaways]
    described = _described(article, avoid, known)
    if width(described) >= SHORTEST:
        return Text(described, "description", article.provenance.get("teaser", ""))
    begun, number = _begun(article, avoid)
    if begun and width(begun) >= min(width(described) + 1, SHORTEST):
        return Text(begun, "body", f"from sentence {number} of the text")
    if described:
        return Text(described, "description", article.provenance.get("teaser", ""))
    whole = [sentence for _, sentence in islice(_sentences(article), 10)]
    return Text(_joined(whole), "body", "the beginning of the text") if whole else Text("", "")


def _described(article: Extracted, avoid: Sequence[str], known: set[str]) -> str:
    """Return the description, cut to length, if it is complete and about this article, else ""."""
    described = _plain(article.teaser[: LONGEST * 20])
    if not described or _TRUNCATED.search(described) or not _END.search(described):
        return ""
    if known and article.sections and share(described, known) < OF_THE_TEXT:
        return ""
    sentences = [sentence.text for sentence in split(described, article.lang)]
    if any(overlap(sentence, avoid) > SAME for sentence in sentences):
        return ""
    return _joined(sentences)


def _begun(article: Extracted, avoid: Sequence[str]) -> tuple[str, int]:
    """Return the first sentences that repeat nothing, and the number of the first of them."""
    run: list[str] = []
    first = 0
    for number, sentence in _sentences(article):
        usable = bool(_END.search(sentence)) and overlap(sentence, avoid) <= SAME
        if not usable and run:
            break
        if usable:
            first = first or number
            run.append(sentence)
        if run and width(" ".join(run)) >= SHORTEST:
            break
    return _joined(run), first


def _sentences(article: Extracted) -> Iterator[tuple[int, str]]:
    number = 0
    for section in article.sections:
        for paragraph in section.paragraphs:
            for sentence in split(paragraph, article.lang):
                number += 1
                yield number, _DATELINE.sub("", sentence.text) if number == 1 else sentence.text


def _joined(sentences: Sequence[str]) -> str:
    """Join as many sentences as fit; cut the first at a word if it alone is too long."""
    text = ""
    for sentence in sentences:
        longer = f"{text}{'' if text.endswith(_FULL_STOPS) else ' '}{sentence}".strip()
        if text and (width(longer) > LONGEST or width(text) >= SHORTEST):
            break
        text = longer
    return text if width(text) <= LONGEST else _cut(text)


def _cut(text: str) -> str:
    room = LONGEST - 2
    end = 0
    for end, _ in enumerate(text):
        if width(text[: end + 1]) > room:
            break
    shortened = text[:end]
    at_word = shortened.rsplit(None, 1)[0] if " " in shortened[room // 3 :] else shortened
    return at_word.rstrip(" ,;:—–-、，") + "…"


def _plain(text: str) -> str:
    return _SPACE.sub(" ", FOOTNOTE.sub("", text)).strip()
