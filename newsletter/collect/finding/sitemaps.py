"""Read sitemaps and sitemap indexes, plain or gzipped, of any size."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from newsletter.collect.deciding.identity import digest, names_article
from newsletter.collect.entry import INDEX, Entry, Listing
from newsletter.collect.text.blocks import tidy
from newsletter.collect.text.dates import read_date
from newsletter.errors import ExtractFailed
from newsletter.model.article import Translation

Element = etree._Element  # noqa: SLF001 - lxml names its element class so
MOST_ENTRIES, LARGEST, MOST_TRANSLATIONS = 50_000, 60_000_000, 40


def read_sitemap(raw: bytes, *, links: str = "", ignore: str = "") -> Listing:
    """Read a sitemap or an index, newest first. Raises ExtractFailed if it is neither."""
    wanted, unwanted = re.compile(links), re.compile(ignore) if ignore else None
    entries: list[Entry] = []
    skipped: list[tuple[str, str]] = []
    is_index = False
    for kind, address, record in _locations(_unzipped(raw)):
        is_index = is_index or kind == "sitemap"
        if kind == "url" and not names_article(address):
            skipped.append((address, "the site's own front page"))
        elif kind == "url" and (
            (unwanted and unwanted.search(address)) or not wanted.search(address)
        ):
            skipped.append((address, "excluded by the source's patterns"))
        else:
            fingerprint = digest(f"{address}|{record.changed}|{record.parts}")
            entries.append(
                Entry(
                    digest(f"url {address}"),
                    fingerprint,
                    address,
                    title=record.title,
                    # `lastmod` is a change, for many sites of the template, not a publication.
                    when=read_date(record.published),
                    changed=record.changed,
                    translations=record.translations,
                )
            )
        if len(entries) >= MOST_ENTRIES:
            break
    ordered = sorted(entries, key=_day, reverse=True)
    return Listing(tuple(ordered), tuple(skipped[:200]), note=INDEX if is_index else "")


def _day(entry: Entry) -> str:
    changed = read_date(entry.changed)
    latest = [when.day.isoformat() for when in (entry.when, changed) if when]
    return max(latest, default="")


@dataclass(frozen=True, slots=True)
class _Record:
    """What a sitemap says about an address.

    `parts` is the number of its elements, so that a new translation or image is noticed.
    """

    changed: str
    published: str
    title: str
    translations: tuple[Translation, ...]
    parts: int


def _record(element: Element) -> _Record:
    return _Record(
        changed=(element.findtext("{*}lastmod") or "").strip(),
        published=(element.findtext(".//{*}publication_date") or "").strip(),
        title=tidy(element.findtext("{*}news/{*}title") or ""),
        translations=tuple(_translations(element)),
        parts=len(element),
    )


def _translations(element: Element) -> Iterator[Translation]:
    """Yield what the `xhtml:link` elements of an address name, with the address itself."""
    for link in islice(element.iterchildren("{*}link"), MOST_TRANSLATIONS):
        lang, address = (link.get("hreflang") or "").strip(), (link.get("href") or "").strip()
        if lang and lang.lower() != "x-default" and address.startswith(("http://", "https://")):
            yield Translation(lang, address)


def _unzipped(raw: bytes) -> bytes:
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            text = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        msg = "the sitemap is not a valid gzip file"
        raise ExtractFailed(msg) from error
    if len(text) > LARGEST:
        msg = f"the sitemap unpacks to more than {LARGEST // 1_000_000} MB"
        raise ExtractFailed(msg)
    return text


def _locations(raw: bytes) -> list[tuple[str, str, _Record]]:
    """Return (url or sitemap, address, record) of every record."""
    found: list[tuple[str, str, _Record]] = []
    context = etree.iterparse(
        io.BytesIO(raw),
        events=("end",),
        tag=("{*}url", "{*}sitemap"),
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    try:
        for _, element in context:
            kind = etree.QName(element).localname
            address = (element.findtext("{*}loc") or "").strip()
            if address.startswith(("http://", "https://")):
                found.append((kind, address, _record(element)))
            element.clear()
            if len(found) >= MOST_ENTRIES:
                break
    except etree.XMLSyntaxError as error:
        if not found:
            msg = "not a sitemap (no valid XML)"
            raise ExtractFailed(msg) from error
    if not found and not re.search(rb"<(?:\w+:)?(?:urlset|sitemapindex)\b", raw[:4096]):
        msg = "not a sitemap (neither urlset nor sitemapindex)"
        raise ExtractFailed(msg)
    return found
