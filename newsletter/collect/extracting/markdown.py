"""Read a Markdown file: the text as HTML, and what its front matter states."""

import re
from dataclasses import replace
from html import escape

from markdown_it import MarkdownIt

from newsletter.collect.extracting.front_matter import FrontMatter
from newsletter.collect.text.bylines import read_byline, with_positions
from newsletter.collect.text.dates import read_date
from newsletter.collect.text.language import code, is_right_to_left
from newsletter.model.article import Author, Extracted, Image, Translation
from newsletter.model.text import web_address

_NOTE = re.compile(r"^\[\^([^\]\s]{1,100})\]:[ \t]+", re.MULTILINE)
_REFERENCE = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:", re.MULTILINE)
MOST_REFERENCES = 300
_MARK = re.compile(r"\[\^([^\]\s]{1,100})\]")
# What Hugo, Jekyll and kramdown read in a text: {{< figure >}}, {% include %}, {: .lead}, {#top}.
_INSTRUCTION = re.compile(r"\{\{[<%][^{}\n]*[>%]\}\}|\{%[^{}\n]*%\}|\{[:#][^{}\n]*\}(?=\s*$)")
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]*\b[^<>\n]*>")
_PAIRED = re.compile(
    r"<(em|i|strong|b|u|small|sup|sub|span|a|abbr|cite|mark|p|div|center|figcaption)\b"
)
_VOID = re.compile(r"</?(?:br|hr|wbr|img)\b[^<>\n]*>", re.IGNORECASE)
_FENCES = ("```", "~~~")
MOST_PAIRS = 20


def as_html(text: str, title: str = "") -> str:
    """Render Markdown as an HTML document. Footnotes become [n].

    Of raw HTML, the words stay. `title` is added as the heading if the text has no first-level
    heading; without a title, the heading that the text begins with is the first level.
    """
    text = _without_instructions(text)
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"[{numbers.setdefault(found.group(1), len(numbers) + 1)}]"

    names = _NOTE.findall(text)
    marked = _MARK.sub(number, _NOTE.sub(lambda found: f"\n\n[^{found.group(1)}] ", text))
    escaped = re.sub(r"\[(\d{1,3})\]", r"\\[\1\\]", marked) if names else marked
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    if len(_REFERENCE.findall(escaped)) > MOST_REFERENCES:
        # Reading definitions takes quadratic time in their number.
        reader.disable("reference")
    body = reader.render(escaped)
    if not title and "<h1>" not in body and body.startswith("<h2>"):
        body = body.replace("<h2>", "<h1>", 1).replace("</h2>", "</h1>", 1)
    heading = f"<h1>{escape(title)}</h1>" if title and "<h1>" not in body else ""
    return f"<html><body><article>{heading}{body}</article></body></html>"


def _without_instructions(text: str) -> str:
    """Drop comments, instructions for site generators and HTML tags, but not from code."""
    lines: list[str] = []
    is_code = False
    for line in _without_comments(text).split("\n"):
        if line.lstrip().startswith(_FENCES):
            is_code = not is_code
        lines.append(line if is_code or "`" in line else _without_tags(line))
    return "\n".join(lines)


def _without_comments(text: str) -> str:
    parts: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        parts.append(text[at:start])
        at = end + len("-->")
    return "".join((*parts, text[at:]))


def _without_tags(line: str) -> str:
    """Drop tags that come in pairs or alone; others are what a sentence is about."""
    if "<" not in line and "{" not in line:
        return line
    kept = _VOID.sub(" ", _INSTRUCTION.sub("", line))
    if not _TAG.sub("", kept).strip():
        return ""
    for name in _PAIRED.findall(kept)[:MOST_PAIRS]:
        if f"</{name}>" in kept:
            kept = re.sub(rf"<{name}\b[^<>]*>", "", kept, count=1).replace(f"</{name}>", "", 1)
    return kept


def with_front_matter(article: Extracted, pairs: FrontMatter) -> Extracted:
    """Return the article with the values that the front matter states."""
    stated = {key: value for key, value in _stated(pairs).items() if value}
    origins = {_ORIGIN_KEYS.get(key, key): "front matter" for key in stated}
    changed = replace(article, **stated, provenance={**article.provenance, **origins})  # type: ignore[arg-type] # keys are fields
    if changed.kicker == changed.title:
        changed = replace(changed, kicker="")
    return replace(changed, direction="rtl") if is_right_to_left(changed.lang) else changed


_ORIGIN_KEYS = {"published": "date", "published_at": "date"}


def _stated(pairs: FrontMatter) -> dict[str, object]:
    when = read_date(_one(pairs, "date", "published", "pubdate"))
    translations = (
        Translation(key.partition("-")[2], values[0])
        for key, values in pairs.items()
        if key.startswith("translation-") and values
    )
    image = _one(pairs, "image", "cover", "thumbnail")
    return {
        "title": _one(pairs, "title"),
        "kicker": _one(pairs, "kicker", "eyebrow"),
        "authors": _authors(pairs),
        "published": when.day if when else None,
        "published_at": when.at if when else None,
        "topics": _topics(pairs),
        "teaser": _one(pairs, "teaser", "description", "summary", "excerpt"),
        "takeaways": _many(pairs, "takeaways", "key_takeaways", "key takeaways"),
        "takeaways_label": "Key Takeaways" if _many(pairs, "takeaways", "key_takeaways") else "",
        "author_bio": _one(pairs, "author_bio", "bio"),
        "url": web_address(_one(pairs, "url", "canonical", "link")),
        "lang": code(_one(pairs, "lang", "language", "locale")),
        "image": _image(image, pairs) if image else None,
        "translations": tuple(translations),
    }


def _topics(pairs: FrontMatter) -> tuple[str, ...]:
    """Return the topics; a single value may list several of them."""
    found = _many(pairs, "topics", "tags", "keywords")
    listed = re.split("[,;]", found[0]) if len(found) == 1 else found
    return tuple(filter(None, (topic.strip().lstrip("#") for topic in listed)))


def _image(url: str, pairs: FrontMatter) -> Image:
    captions = _one(pairs, "image_caption", "caption", "image.caption", "cover.caption")
    caption = (captions, _one(pairs, "image_credit", "credit", "image.credit"))
    alt = _one(pairs, "image_alt", "alt", "image.alt", "cover.alt")
    return Image(url, alt, caption=" ".join(filter(None, caption)))


def _authors(pairs: FrontMatter) -> tuple[Author, ...]:
    named = _many(pairs, "author", "authors")
    found = tuple(author for text in named for author in read_byline(text))
    role, org = (
        _one(pairs, "author_role", "role"),
        _one(pairs, "author_org", "organization", "organisation", "org"),
    )
    if role or org:
        return tuple(
            Author(author.name, author.role or role, author.org or org) for author in found
        )
    position = _one(pairs, "affiliation", "position")
    return with_positions(found, [position] if position else [])


def _one(pairs: FrontMatter, *names: str) -> str:
    return next((pairs[name][0] for name in names if pairs.get(name)), "")


def _many(pairs: FrontMatter, *names: str) -> tuple[str, ...]:
    return next((pairs[name] for name in names if pairs.get(name)), ())
