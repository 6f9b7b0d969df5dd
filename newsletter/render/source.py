"""Hash everything that rendering depends on besides the issue itself.

The hash is stored with the editions. When it changes, they are compared with a new rendering, so
that a preview is never out of date and an approval never covers what is not sent.
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
    parts = (
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
