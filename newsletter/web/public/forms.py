"""Read the public forms: bounded, cleaned, and compared with what was offered."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request

from newsletter.model.publication import Publication
from newsletter.model.text import printable
from newsletter.model.vocabulary import topic_tag
from newsletter.web.public.offering import LONGEST_NAME, NAME, offers
from subscribers import zones
from subscribers.consent.choosing import NewsletterPreference
from subscribers.model import Frequency, Subscriber, Tag
from subscribers.tokens import bare

ARCHIVE = "archive"
"""The origin of sign-ups below a past issue."""
FIELDS_LIMIT = 400
LINE_LIMIT = 1_000

PAUSES = (1, 2, 4, 8, 12)
"""The pauses that the preference page offers, in weeks."""


LinkToken = Annotated[str, Depends(bare)]
"""The token in the path of a link, without what email programs took for a part of it."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, one clean line each. Uploaded files are ignored."""

    fields: Mapping[str, tuple[str, ...]]

    def first(self, name: str) -> str:
        """Return the first value of a field, or ""."""
        return self.fields.get(name, ("",))[0]

    def all(self, name: str) -> frozenset[str]:
        """Return every value of a field."""
        return frozenset(self.fields.get(name, ()))


async def read_form(request: Request) -> Form:
    """Read a form in either encoding. A malformed one reads as an empty form."""
    try:
        async with request.form(max_files=4, max_fields=FIELDS_LIMIT) as form:
            found: dict[str, list[str]] = {}
            for name, value in form.multi_items():
                if isinstance(value, str):
                    found.setdefault(clean(name), []).append(clean(value))
    except (HTTPException, ValueError, LookupError):
        return Form({})
    return Form({name: tuple(values) for name, values in found.items()})


def clean(text: str) -> str:
    """Remove control characters and lone surrogates from a text from outside."""
    readable = text[:LINE_LIMIT].encode("utf-8", "replace").decode("utf-8", "replace")
    return re.sub(r"[\x00-\x1f\x7f]+", " ", readable).strip()


def offered(publication: Publication, language: str) -> dict[str, Tag]:
    """Map the slug of every configured topic to its tag. Nothing else can be chosen."""
    tags = (topic_tag(topic, language) for topic in publication.topics)
    return {tag.slug: tag for tag in tags}


def titles(publication: Publication) -> dict[str, str]:
    """Map the key of every configured newsletter to its title."""
    return {newsletter.key: newsletter.title for newsletter in publication.newsletters}


def chosen_newsletters(form: Form, publication: Publication) -> dict[str, str]:
    """Return the newsletters that a form asks for. If only one is configured, return that one."""
    offered_keys = {newsletter.key for newsletter in offers(publication)}
    known = {key: title for key, title in titles(publication).items() if key in offered_keys}
    if len(known) == 1:
        return known
    asked = form.all("newsletter")
    return {key: title for key, title in known.items() if key in asked}


def chosen_origin(word: str, publication: Publication) -> str:
    """Return where a reader came from, if it is a configured word; anything else is not kept."""
    return word if word in {ARCHIVE, *publication.origins} else ""


def answers(form: Form, publication: Publication) -> dict[str, str]:
    """Return what was typed as the name and into the configured fields, by key, without empty ones."""
    longest = {f"field.{field.key}": field.longest for field in publication.fields}
    longest[NAME] = LONGEST_NAME
    typed = {name: printable(form.first(name))[:most].strip() for name, most in longest.items()}
    return {name.removeprefix("field."): text for name, text in typed.items() if text}


def changed_answers(form: Form, publication: Publication) -> dict[str, str]:
    """Return the answers that the preference page replaces, by key; "" deletes one."""
    optional = {NAME, *(field.key for field in publication.fields if not field.required)}
    deleted = form.all("delete") & optional
    return dict.fromkeys(sorted(deleted), "") | answers(form, publication)


def chosen_zone(form: Form, publication: Publication) -> str | None:
    """Return the time zone that a form asks for, "" for the newsletter's; None for no change."""
    if not (publication.asks_for_zones and form.all("timezone")):
        return None
    text = form.first("timezone")
    return zones.parse(text) if text else ""


def wishes(
    form: Form, publication: Publication, person: Subscriber
) -> dict[str, NewsletterPreference]:
    """Return what the preference page asks for, for every newsletter that it shows a person."""
    known = frozenset(subscription.newsletter for subscription in person.subscriptions)
    wanted = form.all("newsletter")
    return {
        key: NewsletterPreference(
            key in wanted,
            _frequency(form.first(f"frequency.{key}")),
            _pause(form.first(f"pause.{key}")),
        )
        for key in (newsletter.key for newsletter in offers(publication, person.slugs, known))
    }


def _frequency(text: str) -> Frequency:
    return Frequency(text) if text in set(Frequency) else Frequency.EACH


def _pause(text: str) -> int | None:
    known = {"0": 0} | {str(weeks): weeks for weeks in PAUSES}
    return known.get(text)
