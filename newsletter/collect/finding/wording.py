"""Turn the titles, summaries and contents of feed entries into text, however they are escaped."""

import re
from functools import lru_cache
from html import escape, unescape
from urllib.parse import urljoin

from newsletter.collect.text.blocks import tidy

# Every element of HTML; anything else between angle brackets is text ("If r < g and g > 0").
_TAG = re.compile(
    r"</?(?:a|abbr|acronym|address|article|aside|audio|b|bdi|bdo|big|blockquote|body|br|button|caption"
    r"|center|cite|code|col|colgroup|dd|del|details|dfn|div|dl|dt|em|embed|figcaption|figure|font|footer"
    r"|form|h[1-6]|header|hr|html|i|iframe|img|input|ins|kbd|label|li|link|main|mark|meta|nav|noscript"
    r"|object|ol|p|picture|pre|q|s|samp|script|section|small|source|span|strike|strong|style|sub|summary"
    r"|sup|svg|table|tbody|td|tfoot|th|thead|time|title|tr|tt|u|ul|var|video|wbr)\b[^<>]*>",
    re.IGNORECASE,
)
_UNSEEN = re.compile(r"<(script|style)\b|<!--", re.IGNORECASE)
_INLINE = re.compile(
    r"<(abbr|b|bdi|cite|code|del|em|font|i|ins|kbd|mark|p|q|s|small|span|strong|sub|sup|u|a|div|h[1-6])\b"
    r"([^<>]*)>",
    re.IGNORECASE,
)
_VOID = re.compile(r"<(?:br|wbr|img|hr)\b[^<>]*>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_ESCAPED_TAG = re.compile(
    r"&lt;/?(?:p|div|br|a|em|strong|ul|ol|li|h[1-6]|blockquote|span)\b", re.IGNORECASE
)
_ADDRESS = re.compile(r"\b(href|src)\s?=\s?([\"'])([^\"'<>]{1,2000})\2", re.IGNORECASE)
# No space follows a full stop in Chinese and Japanese.
_FULL_STOP = re.compile(r"[.!?…](?=\s|$)|[。！？](?![」』）])")
_SHORTENED = re.compile(
    r"(?:^|[\s(.“\"'])(?:[^\W\d_]|Dr|Mr|Mrs|Ms|Prof|St|No|Nr|Jr|Sr|vs|Gen|Sen|Rep|Gov|Inc|Ltd|Co|ca|bzw|Mme|Sra?)\.$"
)
_BARE_ADDRESS = re.compile(r"https?://\S+|\bwww\.\S+")
_ENDS = re.compile(r"[.!?…\]。！？](?=\s)\s*")
ROUNDS = 3
"""How often text may be escaped. Feeds that escape twice are common, four times unheard of."""
LONGEST_HEADLINE, SHORTEST_HEADLINE, SHORTEST_SENTENCE = 90, 6, 8
LONGEST_LEAD, LONGEST_TRAIL = 40, 60


def is_markup(kind: str) -> bool:
    """Return whether a feed declares a text as HTML or XHTML."""
    return "html" in kind.lower()


@lru_cache(maxsize=16)
def plain(markup: str) -> str:
    """Convert HTML to text: drop elements, decode entities, also if it was escaped repeatedly."""
    text = markup
    for _ in range(ROUNDS):
        before = text
        if "<" in text:
            text = _TAG.sub(" ", _without_unseen(text))
        if "&" in text:
            text = unescape(text)
        if text == before:
            break
    return tidy(text)


def _without_unseen(text: str) -> str:
    """Drop scripts, styles and comments, without searching for an end that is not there twice."""
    parts: list[str] = []
    at = 0
    missing: set[str] = set()
    low = text.lower()
    if len(low) != len(text):
        return text
    for found in _UNSEEN.finditer(text):
        end = f"</{found.group(1).lower()}" if found.group(1) else "-->"
        if found.start() < at or end in missing:
            continue
        close = low.find(end, found.end())
        if close < 0:
            missing.add(end)
            continue
        parts.append(text[at : found.start()])
        at = close + len(end)
    return " ".join((*parts, text[at:])) if parts else text


def headline(raw: str, *, literal: bool = False) -> str:
    """Return a title as text. Only paired inline elements are markup; `literal` text has none."""
    text = raw
    for _ in range(ROUNDS):
        before = text
        if not literal and "<" in text:
            text = _without_inline(text)
        if _ENTITY.search(text):
            text = unescape(text)
        if text == before:
            break
    return tidy(text)


def _without_inline(text: str) -> str:
    """Drop paired inline elements and line breaks; unpaired tags are what the title is about."""
    text = _VOID.sub(" ", text)
    for name, _ in _INLINE.findall(text)[:20]:
        end = re.compile(rf"</{name}\s*>", re.IGNORECASE)
        if end.search(text):
            text = end.sub("", re.sub(rf"<{name}\b[^<>]*>", "", text, flags=re.IGNORECASE))
    return text


def as_markup(content: str, kind: str) -> str:
    """Return content as HTML: plain text becomes paragraphs, escaped HTML is unescaped."""
    if kind and not is_markup(kind) and "xml" not in kind:
        parts = re.split(r"\n\s*\n", content)
        return "".join(f"<p>{escape(part.strip())}</p>" for part in parts if part.strip())
    if "<" not in content and _ESCAPED_TAG.search(content):
        return unescape(content)
    return content


def resolved(html: str, base: str) -> str:
    """Resolve the relative links and images of an entry's content."""
    if not base or "=" not in html:
        return html
    return _ADDRESS.sub(lambda found: _absolute(found, base), html)


def _absolute(found: re.Match[str], base: str) -> str:
    name, quote, address = found.groups()
    if not address or address.startswith(("#", "data:", "mailto:")) or "://" in address[:10]:
        return found.group()
    try:
        return f"{name}={quote}{escape(urljoin(base, unescape(address)))}{quote}"
    except ValueError:
        return found.group()


def first_sentence(text: str) -> str:
    """Return a headline for an entry without a title, or an empty string if it has no words."""
    words = tidy(_BARE_ADDRESS.sub(" ", text[: 20 * LONGEST_HEADLINE]))
    line = _sentence(words) or words
    if sum(char.isalpha() for char in line) < SHORTEST_HEADLINE:
        return ""
    if len(line) <= LONGEST_HEADLINE:
        return line if _SHORTENED.search(line[-12:]) else line.rstrip(".。:： ")
    return f"{line[:LONGEST_HEADLINE].rsplit(' ', 1)[0].rstrip(' ,;:–—-')}…"


def _sentence(text: str) -> str:
    """Return the first sentence, or an empty string if it is too long for a headline."""
    for found in _FULL_STOP.finditer(text, SHORTEST_SENTENCE - 1):
        sentence, rest = text[: found.end()], text[found.end() :].lstrip()
        if len(sentence) > LONGEST_HEADLINE:
            break
        shortened = rest[:1].islower() or bool(_SHORTENED.search(sentence[-12:]))
        if not (sentence.endswith(".") and rest and shortened):
            return sentence
    return ""


def without_trailer(text: str, title: str) -> str:
    """Cut the sentence that WordPress adds: "The post TITLE appeared first on SITE".

    It is translated into every language, but always a last sentence around the title.
    """
    at = text.rfind(title) if len(title.split()) > 1 or len(title) >= SHORTEST_HEADLINE else -1
    trail = text[at + len(title) :]
    if at <= 0 or not 0 < len(trail) <= LONGEST_TRAIL or set(trail) & set(",;:"):
        return text
    ends = list(_ENDS.finditer(text, 0, at))
    start = ends[-1].end() if ends else 0
    return text[:start].strip() if at - start <= LONGEST_LEAD and start else text


def without_trailing_paragraph(html: str, title: str, link: str) -> str:
    """Cut the last paragraph if it is the sentence that WordPress adds."""
    at = html.rfind("<p")
    if at <= 0 or not link or link not in html[at:]:
        return html
    text = plain(html[at:])
    if title in text and len(text) - len(title) <= LONGEST_LEAD + LONGEST_TRAIL:
        return html[:at]
    return html
