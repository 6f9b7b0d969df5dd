"""Hash everything that rendering depends on besides the issue itself.

The hash is stored with the editions. When it changes, they are compared with a new rendering, so
that a preview is never out of date and an approval never covers what is not sent. A second hash
covers what decides which editions there are; when it changes, they are planned again, too.
"""

import hashlib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from newsletter.model.publication import Newsletter, Publication
from newsletter.render.catalog import Catalogs
from newsletter.render.templates import Templates


def source_hash(templates: Templates, publication: Publication, newsletter: Newsletter) -> str:
    """Return the hash of the configuration, templates, catalogs and program that render an issue.

    Configuration that does not reach the bytes, such as the cadence, is left out.
    """
    return _hash(
        _program(),
        publication.name,
        publication.url,
        publication.language,
        publication.postal_address,
        publication.for_newsletter(newsletter).brand,
        publication.topics,
        newsletter.key,
        newsletter.title,
        newsletter.language,
        newsletter.layout,
        newsletter.subject,
        newsletter.subject_prefix,
        newsletter.topics_shown,
        newsletter.utm,
        newsletter.sections,
        *templates.sources(("base/", f"issue/{newsletter.layout}/")),
        *_texts(templates.catalogs),
    )


def plan_hash(publication: Publication, newsletter: Newsletter) -> str:
    """Return the hash of the configuration that decides which editions an issue has."""
    return _hash(
        newsletter.content,
        newsletter.items,
        newsletter.max_editions,
        newsletter.language,
        newsletter.sections,
        newsletter.segment,
        publication.segments,
        tuple(newsletter.digest_cadences),
        publication.alerting,
    )


def rendered_from(templates: Templates, publication: Publication, newsletter: Newsletter) -> str:
    """Return both hashes, as they are stored with the editions; see `planned_differently`."""
    source = source_hash(templates, publication, newsletter)
    return f"{source} {plan_hash(publication, newsletter)}"


def planned_differently(stored: str, present: str) -> bool:
    """Return whether two values of `rendered_from` differ in what decides which editions there are.

    Earlier versions stored only the first hash; their editions count as planned the same.
    """
    before, after = stored.partition(" ")[2], present.partition(" ")[2]
    return bool(before) and before != after


def _hash(*parts: object) -> str:
    digest = hashlib.sha256()
    for part in parts:
        raw = repr(part).encode()
        # Length-prefixed, so that no part can shift into the next.
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()


def _texts(catalogs: Catalogs) -> Iterator[tuple[str, object]]:
    for language, catalog in sorted(catalogs.by_language.items()):
        yield language, sorted(catalog.texts.items())


def _program() -> str:
    try:
        return version("newsletter")
    except PackageNotFoundError:
        return ""
