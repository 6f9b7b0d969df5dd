"""Merge what a page, a feed entry and a source say about the same article. Pure."""

from dataclasses import replace

from newsletter.collect.deciding import identity
from newsletter.collect.deciding.identity import letters
from newsletter.collect.entry import Entry
from newsletter.model.article import Extracted, Section

KEPT_SHARE = 0.4
"""If the page has less than this share of the feed's text, part of it was lost."""

_STATED = ("json-ld", "opengraph", "meta ", "front matter")


def light_content(entry: Entry) -> Extracted:
    """Return what is stored about an article that existed before the first collection."""
    origins = {"title": _title_origin(entry, "listing"), "url": "listing", "teaser": "feed"}
    if entry.when:
        origins["date"] = "feed"
    return Extracted(
        title=entry.title or entry.url or entry.guid,
        url=entry.url,
        authors=entry.authors,
        published=entry.when.day if entry.when else None,
        published_at=entry.when.at if entry.when else None,
        topics=entry.topics,
        teaser=entry.summary,
        lang=entry.lang,
        translations=entry.translations,
        provenance=origins,
    )


def _title_origin(entry: Entry, usual: str) -> str:
    return "first sentence" if entry.untitled else usual


def entry_content(entry: Entry, body: Extracted | None) -> Extracted | None:
    """Make an article from a feed entry alone. `body` was extracted from its content."""
    title = entry.title or (body.title if body else "")
    if not title:
        return None
    base = body or light_content(entry)
    if body is None and entry.summary:
        base = replace(base, sections=(Section(None, (entry.summary,)),))
    stated = replace(base, title=title, url=entry.url)
    origins = {name: f"feed ({origin})" for name, origin in stated.provenance.items()}
    known = {"title": _title_origin(entry, "feed"), "url": "feed", "sections": "feed"}
    return _with_entry(replace(stated, provenance=origins), entry, known)


def merged(page: Extracted, carried: Extracted | None, entry: Entry) -> Extracted:
    """Merge page and feed: the page wins, the feed fills in what the page lacks."""
    article = _with_entry(replace(page, url=page.url or entry.url), entry, {})
    if entry.title and letters(page.title) in {letters(entry.site), ""}:
        # Pages of short posts often have the name of the site as their only heading.
        article = replace(article, title=entry.title)
        article = _with_origin(article, "title", _title_origin(entry, "feed"))
    if carried is None:
        return article
    theirs, ours = identity.body_text(carried), identity.body_text(page)
    if len(ours) < KEPT_SHARE * len(theirs):
        article = _taken(article, carried, "sections")
        article = article if article.footnotes else _taken(article, carried, "footnotes")
    for name in ("takeaways", "author_bio", "kicker", "image"):
        if not getattr(article, name) and getattr(carried, name):
            article = _taken(article, carried, name)
            if name == "takeaways":
                article = replace(article, takeaways_label=carried.takeaways_label)
    return article


def _taken(article: Extracted, carried: Extracted, name: str) -> Extracted:
    origin = f"feed ({carried.provenance.get(name, 'content')})"
    provenance = {**article.provenance, name: origin}
    return replace(article, **{name: getattr(carried, name), "provenance": provenance})


def _with_origin(article: Extracted, name: str, origin: str) -> Extracted:
    return replace(article, provenance={**article.provenance, name: origin})


def _with_entry(article: Extracted, entry: Entry, origins: dict[str, str]) -> Extracted:
    """Fill in values from the entry: its date unless the page states one, the rest if missing."""
    found = {**article.provenance, **origins}
    values: dict[str, object] = {}
    stated = article.published and found.get("date", "").startswith(_STATED)
    if entry.when and not stated:
        values |= {
            "published": entry.when.day,
            "published_at": entry.when.at,
            "date_guessed": False,
        }
        found["date"] = "feed"
    for name, value in _of_entry(entry).items():
        if value and not getattr(article, name):
            values[name] = value
            found[name] = "feed"
    if entry.translations:
        # Many pages name only some of their translations, or only themselves.
        named = (*article.translations, *entry.translations)
        values["translations"] = tuple(dict.fromkeys(named))
    summary = _complete_summary(entry)
    if article.teaser and summary and summary != article.teaser:
        values["feed_teaser"] = summary
    return replace(article, **values, provenance=found)  # type: ignore[arg-type] # names of fields


def _of_entry(entry: Entry) -> dict[str, object]:
    return {
        "authors": entry.authors,
        "topics": entry.topics,
        "teaser": _complete_summary(entry),
        "image": entry.image,
        "lang": entry.lang,
    }


def _complete_summary(entry: Entry) -> str:
    return "" if entry.summary.rstrip().endswith(("…", "...", "[…]", "[...]")) else entry.summary
