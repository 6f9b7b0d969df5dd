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
# A description with a smaller share of the article's words is boilerplate of the site. Writers of a
# deck choose other words than the article, so the share is small.
OF_THE_TEXT = 0.25
# A description of fewer content words ("By our staff.") is not a deck.
FEWEST_TERMS = 4
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
    """Return the teaser that is printed; it is empty only if the article has no text at all."""
    return next(iter(teasers(article, takeaways)), Text("", ""))


def teasers(article: Extracted, takeaways: Sequence[str] = ()) -> tuple[Text, ...]:
    """Return the possible teasers of an article, the one to print first.

    The publisher's own deck comes first, however short, if it is complete, about the article, and
    not a copy of the title. Then the first sentences: whole ones of 120 to 280 characters (half as
    many in Han or Hangul), without footnote marks, that repeat neither the title nor a takeaway.
    """
    body = [p for section in article.sections for p in section.paragraphs]
    known = set(terms(" ".join([article.title, *body])[:READ]))
    decks = [
        Text(deck, "description", origin)
        for text, origin in _descriptions(article)
        if (deck := _deck(text, article, known, [article.title, *takeaways]))
    ]
    found = [*decks, *_from_text(article, [article.title, *takeaways])]
    if takeaways:
        found.append(Text(takeaways[0], "takeaway", "the first takeaway"))
    return tuple({text.text: text for text in reversed(found)}.values())[::-1]


def _descriptions(article: Extracted) -> Iterator[tuple[str, str]]:
    yield article.teaser, article.provenance.get("teaser", "")
    yield article.feed_teaser, "feed"


def _deck(text: str, article: Extracted, known: set[str], avoid: Sequence[str]) -> str:
    """Return a description, cut to length, if it can be printed as the teaser, else ""."""
    described = _plain(text[: LONGEST * 20])
    if not described or _TRUNCATED.search(described) or not _END.search(described):
        return ""
    if known and article.sections and share(described, known) < OF_THE_TEXT:
        return ""
    if len(set(terms(described))) < FEWEST_TERMS or overlap(described, avoid) > SAME:
        return ""
    return _joined([sentence.text for sentence in split(described, article.lang)])


def _from_text(article: Extracted, avoid: Sequence[str]) -> Iterator[Text]:
    begun, number = _begun(article, avoid)
    if begun:
        yield Text(begun, "body", f"from sentence {number} of the text")
        return
    whole = [sentence for _, sentence in islice(_sentences(article), 10)]
    if whole:
        yield Text(_joined(whole), "body", "the beginning of the text")


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
