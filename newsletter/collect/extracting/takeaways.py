"""Find the key points that the author marked. Never generate any.

Two things are needed: a label, and below it a list of points. Anything that only looks like one of them
is left alone, because invented takeaways would be printed under the author's name.
"""

import re
from collections.abc import Sequence

from newsletter.collect.extracting.labels import has_tail, names_takeaways, plain
from newsletter.collect.extracting.points import (
    CELLS,
    NEAR,
    HintsOf,
    KeyPoints,
    inline_points,
    made,
    points_below,
    read_list,
)
from newsletter.collect.text.blocks import BlockKind, TextBlock, count_words, unbulleted
from newsletter.collect.text.bylines import has_prefix
from newsletter.collect.text.dates import read_date

_CERTAIN_BOX = re.compile(
    r"\bkey-?_?(?:take-?aways?|points)\b|\btake-?aways\b|\bstory-highlights\b", re.IGNORECASE
)
FEWEST_WORDS, POSSIBLE_WORDS = 3, 5
MOST_POINTS, MOST_LABELS = 10, 30
# Whole items, so that a point that mentions one of these subjects is not lost.
_SHARING = re.compile(
    r"^(?:share(?: (?:this|on|via|by|to|the)\b.*)?|tweet|post|email(?: this)?|e-mail|print"
    r"(?: this| article)?|copy(?: the)? link|save(?: for later)?|bookmark|facebook|twitter|x|linkedin"
    r"|whatsapp|telegram|reddit|pinterest|bluesky|mastodon|threads|instagram|youtube|line|kakao\s?talk"
    r"|wechat|weibo|sms|pdf|rss|follow(?: us)?\b.*|teilen|drucken|partager|imprimer|compartir"
    r"|compartilhar|condividi|stampa|delen|공유(?:하기)?|인쇄|シェア|ツイート|分享)$",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"\b(?:subscri(?:be|ber|bers|ption)|unlimited (?:access|articles|reading)|cancel (?:at )?any\s?time"
    r"|free trial|sign (?:in|up)|log in|register|per month|a month|e-?paper|ad-free|newsletters?"
    r"|abonn\w*|jetzt testen|monatlich|kündbar|s['’]inscrire|suscr\w+|assine|assinatura|abbona\w+)\b"
    r"|구독|購読|登録|订阅|訂閱|подпи\w+",
    re.IGNORECASE,
)
_COOKIES = re.compile(
    r"\bcookies?\b|\bconsent\b|\bpersonali[sz]ed ads\b|\bprivacy (?:policy|settings)\b"
    r"|\bdatenschutz\w*|쿠키|クッキー",
    re.IGNORECASE,
)
_SENTENCE_ENDS = (".", "!", "?", "。", "！", "？", ".”", '."', ".»", "다", "요", "”", "।", "؟")


def author_takeaways(
    blocks: Sequence[TextBlock], hints_of: HintsOf, head: frozenset[int] = frozenset()
) -> KeyPoints | None:
    """Return the first marked list of key points, or None.

    `head` are the blocks of the title, the byline and the date, which are neither labels nor
    points.
    """
    possible: KeyPoints | None = None
    tried = 0
    for at, block in enumerate(blocks):
        if at in head:
            continue
        strength, label, lead = _label(block)
        if not strength:
            continue
        tried += 1
        if tried > MOST_LABELS:
            break
        points = (
            _with_lead(blocks, at, label, lead)
            if lead
            else points_below(blocks, at, label, hints_of)
        )
        if points is None or points.used & head or not _convincing(points, strength, blocks, at):
            continue
        if strength == "certain":
            return points
        possible = possible or points
    return possible or _unlabeled_box(blocks, hints_of, head)


def _label(block: TextBlock) -> tuple[str, str, str]:
    """Return the strength, the label and the text after it in the same block."""
    elsewhere = block.linked > 0.5 and block.kind is not BlockKind.HEADING  # noqa: PLR2004
    item = block.kind is BlockKind.ITEM
    if item or block.away or block.zone in {"footer", "caption"} or elsewhere:
        return "", "", ""
    if strength := names_takeaways(block.text):
        return strength if _may_have_tail(block) else "", block.text, ""
    if block.lines and (strength := names_takeaways(block.lines[0])):
        return strength, block.lines[0], "\n".join(block.lines[1:])
    head, colon, rest = _at_colon(block.text)
    inline = colon and block.kind is BlockKind.PARAGRAPH and names_takeaways(head) == "certain"
    return ("certain", head, rest.strip()) if inline and rest.strip() else ("", "", "")


def _may_have_tail(block: TextBlock) -> bool:
    """Return whether a label may go on: "Key takeaways from the report" is a title as well."""
    if not has_tail(block.text):
        return True
    return block.level != 1 and (
        block.kind is BlockKind.HEADING or block.bold > 0.9 or block.tag in {"summary", *CELLS}  # noqa: PLR2004
    )


def _at_colon(text: str) -> tuple[str, str, str]:
    found = re.search("[:：]", text[:120])
    return (text, "", "") if not found else (text[: found.start()], ":", text[found.end() :])


def _with_lead(blocks: Sequence[TextBlock], at: int, label: str, lead: str) -> KeyPoints | None:
    """Read points in the same block as their label, and further paragraphs with that label."""
    lines = [unbulleted(line) for line in lead.split("\n")]
    if len(lines) > 1:
        return made(label, lines, {at}, "lines")
    return inline_points(blocks, label) or made(label, lines, {at}, "lines")


def _unlabeled_box(
    blocks: Sequence[TextBlock], hints_of: HintsOf, head: frozenset[int]
) -> KeyPoints | None:
    """Read a list whose box has a telling class, although no visible label does."""
    seen: set[int] = set()
    for at, block in enumerate(blocks):
        if block.kind is not BlockKind.ITEM or block.group in seen or block.away:
            continue
        seen.add(block.group)
        if _CERTAIN_BOX.search(hints_of(block, NEAR + 1)):
            points = read_list(blocks, at, at, "")
            good = points and not points.used & head
            if points and good and _convincing(points, "possible", blocks, at):
                return points
    return None


def _convincing(points: KeyPoints, strength: str, blocks: Sequence[TextBlock], at: int) -> bool:
    """Return whether the items read like points, and the place like that of a summary."""
    items = points.items
    words = [count_words(item) for item in items]
    mean = sum(words) / len(words)
    if _is_something_else(items) or any(blocks[place].away for place in points.used):
        return False
    sentences = sum(map(_is_sentence, items))
    if strength == "certain":
        return mean >= POSSIBLE_WORDS or (mean >= FEWEST_WORDS and 2 * sentences >= len(items))
    labels = [block for block in blocks if plain(block.text) == plain(points.label)]
    early = at <= max(30, len(blocks) // 2) or blocks[at].kind is BlockKind.HEADING
    return (
        len(labels) <= 1
        and early
        and 2 <= len(words) <= MOST_POINTS  # noqa: PLR2004 - a summary, not a catalog
        and mean >= POSSIBLE_WORDS
        and 2 * sentences >= len(words)
    )


def _is_something_else(items: Sequence[str]) -> bool:
    """Return whether the items are a byline, share links, questions, an offer or a banner."""
    if any(read_date(item) or _SHARING.match(item) for item in items):
        return True
    if any(has_prefix(item) and count_words(item) <= 6 for item in items):  # noqa: PLR2004 - a byline
        return True
    half = len(items) / 2
    return (
        sum(item.endswith(("?", "？", "؟")) for item in items) > half
        or sum(bool(_OFFER.search(item)) for item in items) >= max(1.0, half)
        or sum(bool(_COOKIES.search(item)) for item in items) >= max(1.0, half)
    )


def _is_sentence(text: str) -> bool:
    return text.endswith(_SENTENCE_ENDS) or count_words(text) >= 2 * POSSIBLE_WORDS
