"""The texts around articles ("Key takeaways", "Read the article by …"), one catalog per language.

A catalog is `newsletter/locale/<language>.po`, with a file of the same name in the publisher's own
`locale` folder laid over it, key by key. English falls in where a language has no text for a key.

The sentences of findings, errors and notes are made far from any page, in English. What they are in
another language is in `newsletter/locale/phrases/<language>.po`, by their English patterns.
"""

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.messages.catalog import Message
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal, format_percent

from newsletter.errors import ConfigurationError
from subscribers.phrase import Phrase

SOURCE = "en"
_ENGLISH = Locale("en")
SMALL_SHARE = 0.01
_NAMED = re.compile(r"\{\w+\}")
_KEY = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")

Texts = Mapping[str, str | tuple[str, ...]]
"""Texts by key; a text that counts something is a tuple of plural forms."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The texts of one language; `language` is the tag that marks them in a page."""

    language: str
    texts: Texts
    english: Texts
    locale: Locale
    phrases: Mapping[str, str] = field(default_factory=dict)

    def text(self, key: str, /, **values: object) -> str:
        """Return the text of a key with {names} filled in; raise ValueError for an unknown key."""
        forms, _locale = self._forms(key)
        pattern = forms if isinstance(forms, str) else forms[0]
        return pattern.format(**values) if values else pattern

    def count(self, key: str, n: int, /, **values: object) -> str:
        """Return the plural form for `n` things; {n} is formatted as this language writes numbers."""
        forms, locale = self._forms(key)
        pattern = forms if isinstance(forms, str) else forms[_plural(locale, n, len(forms))]
        return pattern.format(n=format_decimal(n, locale=self.locale), **values)

    def phrase(self, text: str) -> str:
        """Return a sentence of the program in this language; other texts stay as they are.

        A sentence that was stored has lost its values; it is found if it never had any.
        """
        if not isinstance(text, Phrase):
            return self.phrases.get(text, text)
        own = self.phrases.get(text.pattern)
        if own is None and not self._is_frame(text.pattern):
            return text
        pattern = own or text.pattern
        return pattern.format(**dict(self._values(text))) if text.values else pattern

    def _values(self, text: Phrase) -> Iterator[tuple[str, object]]:
        for name, value in text.values.items():
            if isinstance(value, Exception):
                yield name, self.error(value)
            else:
                yield name, self.phrase(value) if isinstance(value, str) else value

    def error(self, error: Exception) -> str:
        """Return what an error says, in this language."""
        said = error.args[0] if error.args else ""
        return self.phrase(said if isinstance(said, str) else str(error))

    def speaks(self, text: str) -> bool:
        """Return whether `phrase` returns a text in this language."""
        if self.language == SOURCE:
            return True
        if isinstance(text, Phrase) and self._is_frame(text.pattern):
            return all(self.speaks(part) for part in text.values.values())
        return (text.pattern if isinstance(text, Phrase) else text) in self.phrases

    def _is_frame(self, pattern: str) -> bool:
        """Return whether a pattern has no words of its own."""
        return not any(map(str.isalpha, _NAMED.sub("", pattern)))

    def date(self, day: date, pattern: str = "date.day") -> str:
        """Return a day in the pattern that the catalog has under a key."""
        return format_date(day, format=self.text(pattern), locale=self.locale)

    def number(self, n: int) -> str:
        """Return a number as this language writes it."""
        return str(format_decimal(n, locale=self.locale))

    def share(self, share: float) -> str:
        """Return a share of 1 in percent: 98.4%; more exactly if it is below 1%."""
        few = 0 < share < SMALL_SHARE
        return str(format_percent(share, format="0.00%" if few else "0.0%", locale=self.locale))

    def moment(self, at: datetime, pattern: str) -> str:
        """Return a local time in the pattern that the catalog has under a key."""
        return str(format_datetime(at, format=self.text(pattern), locale=self.locale))

    def join(self, names: Sequence[str]) -> str:
        """Return names as a list: A; A and B; A and others."""
        match names:
            case []:
                return ""
            case [name]:
                return name
            case [first, second]:
                return self.text("names.two", first=first, second=second)
            case [first, *_]:
                return self.text("names.more", first=first)
            case _:
                return ", ".join(names)

    def listed(self, names: Sequence[str]) -> str:
        """Return all names as a list: A; A and B; A, B, and C."""
        return str(format_list(names, locale=self.locale))

    def _forms(self, key: str) -> tuple[str | tuple[str, ...], Locale]:
        """Return a text and the locale whose plural rule it follows."""
        own = self.texts.get(key)
        if own is not None:
            return own, self.locale
        if key not in self.english:
            # A ValueError, so that a template that names an unknown key fails with its line.
            msg = f"no catalog has the key {key!r}"
            raise ValueError(msg)
        return self.english[key], _ENGLISH


def _plural(locale: Locale, n: int, forms: int) -> int:
    tags = sorted({*locale.plural_form.tags, "other"}, key=_PLURALS.index)
    return min(tags.index(locale.plural_form(n)), forms - 1)


_PLURALS = ("zero", "one", "two", "few", "many", "other")
"""The order in which a .po file lists its plural forms (CLDR)."""


@dataclass(frozen=True, slots=True)
class Catalogs:
    """Every language that has a file."""

    by_language: Mapping[str, Catalog]

    def of(self, *languages: str) -> Catalog:
        """Return the catalog of the first of these languages that has one, else the English one."""
        found = (self._of(language) for language in languages)
        return next((catalog for catalog in found if catalog), self.by_language[SOURCE])

    def has(self, language: str) -> bool:
        """Return whether there is a catalog for a language."""
        return self._of(language) is not None

    def _of(self, language: str) -> Catalog | None:
        return self.by_language.get(language) or self.by_language.get(
            language.split("-", maxsplit=1)[0]
        )

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that can be offered to a reader."""
        return tuple(sorted(self.by_language))


def language_name(tag: str) -> str:
    """Return the English name of a language, or its tag if it has none."""
    try:
        return Locale.parse(tag, sep="-").get_display_name(SOURCE) or tag
    except (UnknownLocaleError, ValueError):
        return tag


def open_catalogs(root: Path | None) -> Catalogs:
    """Read the catalogs of this program and of the publisher, in `root`/locale; raise ConfigurationError."""
    texts: dict[str, dict[str, str | tuple[str, ...]]] = {}
    for path in _bundled():
        texts[path.stem] = {key: text for key, text, _message in _read(path)}
    source = dict(texts[SOURCE])
    for path in sorted((root / "locale").glob("*.po")) if root is not None else ():
        own = {
            key: _checked(path, key, text, source, message) for key, text, message in _read(path)
        }
        texts.setdefault(path.stem, {}).update(own)
    return Catalogs(
        {
            language: Catalog(language, own, texts[SOURCE], _locale(language), _phrases(language))
            for language, own in texts.items()
        }
    )


def placeholders(text: str | tuple[str, ...]) -> frozenset[str]:
    """Return the {names} in a text; raise ValueError for braces that do not match."""
    forms = (text,) if isinstance(text, str) else text
    parsed = (field for form in forms for _text, field, _spec, _conversion in _FORMAT.parse(form))
    return frozenset(field for field in parsed if field is not None)


_FORMAT = string.Formatter()


def _bundled() -> list[Path]:
    return sorted((Path(str(files("newsletter"))) / "locale").glob("*.po"))


def _phrases(language: str) -> dict[str, str]:
    """Return the sentences of findings and errors by their English patterns."""
    path = Path(str(files("newsletter"))) / "locale" / "phrases" / f"{language}.po"
    if not path.is_file():
        return {}
    return {key: text for key, text, _message in _read(path) if isinstance(text, str)}


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError) as error:
        msg = f"locale/{language}.po: {language} is not a language; use a name such as ko or pt-BR"
        raise ConfigurationError(msg) from error


def _read(path: Path) -> Iterator[tuple[str, str | tuple[str, ...], Message]]:
    """Yield key, text and message of everything that a .po file translates."""
    try:
        with path.open("rb") as file:
            messages = list(read_po(file, abort_invalid=True))
    except (PoFileError, ValueError, OSError) as error:
        msg = f"{path}: not a catalog: {error}"
        raise ConfigurationError(msg) from error
    for message in messages:
        key = message.id[0] if isinstance(message.id, list | tuple) else message.id
        text = message.string if isinstance(message.string, str) else tuple(message.string or ())
        if key and all(text) and text:
            yield key, text, message


def _checked(
    path: Path, key: str, text: str | tuple[str, ...], source: Texts, message: Message
) -> str | tuple[str, ...]:
    """Return a publisher's text if it can be printed; raise ConfigurationError with its line."""
    where = f"{path.parent.name}/{path.name}, line {message.lineno}"
    if not _KEY.fullmatch(key):
        msg = f"{where}: {key!r} is not a key. Keys look like issue.takeaways; docs/templates.md lists them."
        raise ConfigurationError(msg)
    try:
        names = placeholders(text)
    except ValueError as error:
        msg = f"{where}: {key}: {error}"
        raise ConfigurationError(msg) from error
    unknown = names - placeholders(source[key]) if key in source else set[str]()
    if unknown:
        msg = f"{where}: {key}: unknown placeholder {{{min(unknown)}}}"
        raise ConfigurationError(msg)
    return text
