"""The furniture of mails and pages ("Key takeaways", "Read the article by …") in each language.

A language is a file: `newsletter/locale/<language>.po`, or one of the same name in the publisher's
own `locale` folder, whose words win. What a catalogue does not say is said in English.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal

from newsletter.errors import ConfigurationError

SOURCE = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language; `language` is the tag that marks them in a page."""

    language: str
    texts: Mapping[str, str | tuple[str, ...]]
    locale: Locale

    def say(self, text: str, /, **values: object) -> str:
        """Return `text` in this language with {names} filled in; English when it is unknown."""
        said = self.texts.get(text) or text
        pattern = said if isinstance(said, str) else said[0]
        return pattern.format(**values) if values else pattern

    def count(self, one: str, many: str, n: int, /, **values: object) -> str:
        """Return the form for `n` things; {n} is the number as it is written here."""
        forms = self.texts.get(one)
        if isinstance(forms, tuple) and all(forms):
            pattern = forms[min(_form(self.locale, n), len(forms) - 1)]
        else:
            pattern = one if n == 1 else many
        return pattern.format(n=format_decimal(n, locale=self.locale), **values)

    def date(self, day: date, pattern: str = "d MMMM y") -> str:
        """Return a day by one of the patterns that the catalogues translate."""
        return format_date(day, format=self.say(pattern), locale=self.locale)

    def time(self, moment: datetime, pattern: str = "HH:mm") -> str:
        """Return a time of day, in the zone that `moment` carries."""
        return format_time(moment, format=self.say(pattern), locale=self.locale)

    def join(self, names: Sequence[str]) -> str:
        """Return names as a list in words: one; one and two; one and others."""
        match names:
            case []:
                return ""
            case [one]:
                return one
            case [one, two]:
                return self.say("{one} and {two}", one=one, two=two)
            case [one, *_]:
                return self.say("{one} and others", one=one)
            case _:
                return ", ".join(names)


def _form(locale: Locale, n: int) -> int:
    forms = sorted({*locale.plural_form.tags, "other"}, key=_PLURALS.index)
    return forms.index(locale.plural_form(n))


_PLURALS = ("zero", "one", "two", "few", "many", "other")


@dataclass(frozen=True, slots=True)
class Catalogues:
    """Every language there is a file for."""

    known: Mapping[str, Words]

    def of(self, *languages: str) -> Words:
        """Return the words of the first of these languages that has a file, else English."""
        for language in languages:
            found = self.known.get(language) or self.known.get(language.split("-")[0])
            if found is not None:
                return found
        return self.known[SOURCE]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that can be offered to a reader."""
        return tuple(sorted(self.known))


def open_catalogues(root: Path | None) -> Catalogues:
    """Read our catalogues and the publisher's own in `root`/locale; theirs win, word by word."""
    texts: dict[str, dict[str, str | tuple[str, ...]]] = {SOURCE: {}}
    for path in _paths(root):
        texts.setdefault(path.stem, {}).update(_read(path))
    return Catalogues({language: _words(language, said) for language, said in texts.items()})


def _paths(root: Path | None) -> Iterator[Path]:
    own = Path(str(files("newsletter"))) / "locale"
    for folder in (own, root / "locale") if root is not None else (own,):
        yield from sorted(folder.glob("*.po"))


def _words(language: str, texts: Mapping[str, str | tuple[str, ...]]) -> Words:
    try:
        return Words(language, texts, Locale.parse(language.replace("-", "_")))
    except (UnknownLocaleError, ValueError) as error:
        msg = (
            f"locale/{language}.po: {language} is not a language; expected a name like ko or pt-BR"
        )
        raise ConfigurationError(msg) from error


def _read(path: Path) -> dict[str, str | tuple[str, ...]]:
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
    except (PoFileError, ValueError, OSError) as error:
        msg = f"{path}: not a catalogue: {error}"
        raise ConfigurationError(msg) from error
    found: dict[str, str | tuple[str, ...]] = {}
    for message in catalogue:
        key = message.id[0] if isinstance(message.id, list | tuple) else message.id
        if key and message.string:
            said = message.string
            found[key] = said if isinstance(said, str) else tuple(said)
    return found
