"""Read dates strictly: the date that a document states, or none.

Missing parts are never filled in, and an ambiguous date (03/04/2025) is not a date. The time zone
comes from an offset or from a short table of names. With an unknown zone the day is kept and the
time is dropped.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache, lru_cache

from babel import Locale

from newsletter.collect.text.date_spelling import usual

EARLIEST, LATEST = 1990, 2099
TOO_FAR = timedelta(hours=24)
SOON, FAR = timedelta(days=1), timedelta(days=90)
"""An article dated between these is scheduled. A date further ahead is a mistake."""
ZONES = {
    "UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120,
    "MEZ": 60, "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180, "JST": 540, "KST": 540,
    "HKT": 480, "SGT": 480, "AEST": 600, "AEDT": 660, "ACST": 570, "AWST": 480, "NZST": 720,
    "NZDT": 780, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "AST": -240, "ADT": -180,
    "BRT": -180, "ART": -180, "WIB": 420, "ICT": 420, "PKT": 300, "SAST": 120,
}  # fmt: skip
LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "ru", "uk", "tr", "id",
    "el", "hu", "ro", "cs", "ar", "bg", "sk", "sl", "lt", "lv", "et", "ca", "is",
)  # fmt: skip

_TIME = r"(?:(?:[T\s,]+|\s[–-]\s)(?:at |um |à |às |a las |alle |kl\.? |klo |в |о |saat )?(?P<hour>\d{1,2})[:h.](?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?\s*(?P<half>[ap]\.?m\.?)?\s*(?:Uhr\s*)?)?"
_ZONE = r"(?:\(?(?P<zone>[+-]\d{2}:?\d{2}|[+-]\d{2}|[A-Z]{1,5})\)?(?:\s*\([A-Za-z ]+\))?)?"
_DAY_NAME = r"(?:[^\W\d]{2,12}(?:-feira)?\.?[,،]?\s+(?:den\s+)?)?"
_FORMS = tuple(
    re.compile(form + _TIME + _ZONE + r"\.?$", re.IGNORECASE)
    for form in (
        r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
        r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})",
        r"(?P<year>\d{4})\.\s?(?P<month>\d{1,2})\.\s?(?P<day>\d{1,2})\.?(?:\s?\([^\W\d]\))?",
        r"(?P<year>\d{4})\s?[년年]\s?(?P<month>\d{1,2})\s?[월月]\s?(?P<day>\d{1,2})\s?[일日号號]?(?:\s?[(（]?[^\W\d]{1,3}[)）]?)?",
        _DAY_NAME + r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})",
        _DAY_NAME + r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<short>\d{2})(?!\d)",
        _DAY_NAME + r"(?P<first>\d{1,2})[/-](?P<other>\d{1,2})[/-](?P<year>\d{4})",
        r"(?P<first>\d{1,2})/(?P<other>\d{1,2})/(?P<short>\d{2})(?!\d)",
        _DAY_NAME
        + r"(?:the )?(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|\.)?\s(?:of |de |d’|d')?(?P<name>[^\W\d]{3,12}|\d{1,2}월)\.?,?\s(?:de |del )?(?P<year>\d{4})",
        _DAY_NAME + r"(?P<day>\d{1,2})-(?P<name>[^\W\d]{3,12})-(?P<year>\d{4})",
        _DAY_NAME
        + r"(?P<name>[^\W\d]{3,12})\.?\s(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s(?P<year>\d{4})",
        _DAY_NAME + r"(?P<day>\d{1,2})\s(?P<name>[^\W\d]{3})\s(?P<short>\d{2})",
        r"(?P<year>\d{4})\.?\s(?:m\.\s)?(?P<name>[^\W\d]{3,12})\.?\s(?P<day>\d{1,2})\b\.?(?:\sd\.)?",
        _DAY_NAME + r"(?P<year>\d{4})\.\sgada\s(?P<day>\d{1,2})\.\s(?P<name>[^\W\d]{3,12})",
        r"(?:ngày )?(?P<day>\d{1,2}) tháng (?P<month>\d{1,2}),? (?:năm )?(?P<year>\d{4})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?=$|T)",
    )
)
_SCRIPT_FORMS = tuple(
    re.compile(form + r"$", re.IGNORECASE)
    for form in (
        # asctime, and Date.toString() of JavaScript
        (
            r"[A-Z][a-z]{2} (?P<name>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) (?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})"
            r"(?: (?P<zone>[A-Z]{3,4}|[+-]\d{4}))? (?P<year>\d{4})"
        ),
        (
            r"[A-Z][a-z]{2} (?P<name>[A-Z][a-z]{2}) (?P<day>\d{1,2}) (?P<year>\d{4}) (?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})"
            r"\s(?P<zone>[+-]\d{4}|[A-Z]{3,4})"
        ),
    )
)
_LEAD_IN = re.compile(
    r"^(?:(?:first |originally |date )?(?:published|publication|posted|released|date|issued|erschienen"
    r"|veröffentlicht|erstveröffentlichung|datum|publiée?|publication|paru|publicado|publicada|fecha|pubblicato|data"
    r"|gepubliceerd|publicerad|publisert|opublikowano|data publikacji|опубликовано|дата|опубліковано|yayınlanma"
    r"|등록|입력|게재|승인|발행일?|작성일?|公開日?|発行日?|掲載日?|投稿日?|发布时间|发布于|发布|日期|تاريخ النشر|نشر)"
    r"(?: date| on| am| le| el| il| em| op| tarihi)?\s*[:：]?\s*|on |am |le |den )",
    re.IGNORECASE,
)
_UPDATE = re.compile(
    r"^(?:\(?(?:last |most recently )?(?:updated|modified|revised|edited|changed|reviewed)|update|as of|stand"
    r"|(?:zuletzt )?(?:aktualisiert|geändert|bearbeitet)|mise? à jour|mis à jour|modifiée?|actualizado|modificado"
    r"|aggiornato|modificato|atualizado|bijgewerkt|uppdaterad|oppdatert|zaktualizowano|aktualizacja|обновлено|изменено"
    r"|оновлено|güncelleme|수정|최종수정|업데이트|更新日?|最終更新日?|修改|更新时间|更新于|تحديث)"
    r"(?: date| on| am| le| el| il| em| op)?\s*[:：]?\s*",
    re.IGNORECASE,
)
# Where a line that says more announces its date: "Posted on 26 November 2026 by Ada Quell".
_ANNOUNCED = re.compile(
    r"(?:\b(?:published|posted|submitted|publiée?|paru|publicado|pubblicato|gepubliceerd"
    r"|veröffentlicht|opublikowano|опубликовано)(?: on| at| am| le| el| il| op)?|发布时间|发布于|发表时间|日期"
    r"|公開日?|掲載日?|입력|등록|게재|승인)\s*[:：]?\s*(?=[^:：]*\d)",
    re.IGNORECASE,
)
_NEXT_PART = re.compile(
    r"\s+(?:by|von|par|por|di|door|updated|modified|last|수정)\b.*$|\s+(?:作者|来源|수정|更新).*$",
    re.IGNORECASE,
)
_WEEKDAY_CJK = re.compile(r"^[월화수목금토일月火水木金土日],\s*")


SHORTEST, LONGEST = 6, 80
"""Length of a date in characters, with a weekday, a lead-in and a time zone."""
FEWEST_DIGITS = 3  # "5 Oct 26"
_DIVIDERS = re.compile(r"\s*[|•·]\s*|\s+[–—-]\s+|(?<=\D),\s+(?=\d{1,2}\s)")
_HALVES = {"오전": "am", "午前": "am", "上午": "am", "오후": "pm", "午後": "pm", "下午": "pm"}
_HALF = re.compile(rf"({'|'.join(_HALVES)})\s?(\d{{1,2}}:\d{{2}}(?::\d{{2}})?)")


@dataclass(frozen=True, slots=True)
class When:
    """A date as written, and the moment in UTC if the time and zone are known."""

    day: date
    at: datetime | None = None


def is_dated(text: str) -> bool:
    """Return whether a line is a date of any kind, also of the last change."""
    return bool(read_date(text) or changed_date(text))


def changed_date(text: str) -> When | None:
    """Return the date of a last change: "Last updated: October 5, 2026"."""
    found = _UPDATE.match(text[:LONGEST])
    return read_date(text[found.end() :].rstrip(") ")) if found else None


def read_date(text: str) -> When | None:
    """Return the date if all of `text` is a date, with or without a time; otherwise None.

    The date of a last change is not the date of publication, and is not returned.
    """
    cleaned = " ".join(text.split()) if len(text) <= 4 * LONGEST else ""
    if not SHORTEST <= len(cleaned) <= LONGEST or sum(map(str.isdigit, cleaned)) < FEWEST_DIGITS:
        return None
    return _date_in(cleaned)


@lru_cache(maxsize=2048)
def _date_in(line: str) -> When | None:
    """Read a short line. The lines around a title are read several times."""
    cleaned = _WEEKDAY_CJK.sub("", _LEAD_IN.sub("", line, count=1))
    if _UPDATE.match(cleaned):
        return None
    cleaned = _without_weekday(usual(cleaned))
    cleaned = _HALF.sub(lambda found: f"{found[2]} {_HALVES[found[1]]}", cleaned)
    for form in _FORMS + _SCRIPT_FORMS:
        if found := form.match(cleaned):
            return _when(found.groupdict())
    return None


def _without_weekday(text: str) -> str:
    """Drop the name of a weekday at the end, where Turkish and Hungarian have it."""
    rest, _, last = text.rpartition(" ")
    return rest.rstrip(",") if last.casefold() in _weekdays() else text


@cache
def _weekdays() -> frozenset[str]:
    return frozenset(
        name.casefold()
        for language in LANGUAGES
        for name in Locale(language).days["format"]["wide"].values()
    )


def date_within(text: str) -> When | None:
    """Read the date in a short line such as "By Jane Rivers | October 5, 2026"."""
    if len(text) > LONGEST:
        return None
    if changed_date(text):
        return None
    parts = [text, *_DIVIDERS.split(text)]
    parts.append(text.rpartition(" on ")[2])
    if found := _ANNOUNCED.search(text):
        parts.append(_NEXT_PART.sub("", text[found.end() :]))
    return next((when for part in parts if (when := read_date(part))), None)


def read_feed_date(text: str) -> When | None:
    """Read a feed's raw date: any form, or epoch seconds or milliseconds (10 or 13 digits)."""
    cleaned = _WRAPPED.sub(r"\1", text.strip()[: 4 * LONGEST])
    if re.fullmatch(r"\d{10}|\d{13}", cleaned):
        seconds = int(cleaned[:10])
        at = datetime.fromtimestamp(seconds, UTC)
        return When(at.date(), at) if EARLIEST <= at.year <= LATEST else None
    return read_date(cleaned)


# JSON of .NET: "/Date(1795680000000+0900)/"; Python: "1795680000.0".
_WRAPPED = re.compile(r"^(?:/Date\()?(\d{10}|\d{13})(?:\.\d{1,9}|(?:[+-]\d{4})?\)/)$")


def plausible(when: When | None, now: datetime) -> When | None:
    """Return the date, or None if it is more than a day after `now`."""
    if when is None or when.day > (now + TOO_FAR).date():
        return None
    return None if when.at is not None and when.at > now + TOO_FAR else when


def scheduled_for(day: date | None, now: datetime) -> str:
    """Return the day of an article dated so far ahead that it is probably not public yet."""
    return day.isoformat() if day and SOON < day - now.date() <= FAR else ""


def _when(parts: dict[str, str | None]) -> When | None:
    month, day = _month_and_day(parts)
    year = int(parts.get("year") or _century(parts.get("short")))
    if month is None or day is None or not EARLIEST <= year <= LATEST:
        return None
    try:
        written = date(year, month, day)
    except ValueError:
        return None
    return When(written, _moment(written, parts))


def _month_and_day(parts: dict[str, str | None]) -> tuple[int | None, int | None]:
    first, other = parts.get("first"), parts.get("other")
    if first and other:
        return _unambiguous(int(first), int(other))
    name, month = parts.get("name"), parts.get("month")
    number = month_number(name) if name else int(month or 0)
    return number, int(parts.get("day") or 0)


def _unambiguous(first: int, other: int) -> tuple[int | None, int | None]:
    if first == other or other > 12:  # noqa: PLR2004 - months in a year
        return first, other
    return (other, first) if first > 12 else (None, None)  # noqa: PLR2004


def _century(short: str | None) -> int:
    if not short:
        return 0
    return 2000 + int(short) if int(short) < 90 else 1900 + int(short)  # noqa: PLR2004


def _moment(written: date, parts: dict[str, str | None]) -> datetime | None:
    if not parts.get("hour"):
        return None
    offset = _offset(parts.get("zone"))
    hour, minute = int(parts.get("hour") or 0), int(parts.get("minute") or 0)
    if half := parts.get("half"):
        hour = hour % 12 + (12 if half.lower().startswith("p") else 0)
    if offset is None or minute > 59 or hour > 24:  # noqa: PLR2004 - a clock's limits
        return None
    midnight = datetime(written.year, written.month, written.day, tzinfo=offset)
    second = min(int(parts.get("second") or 0), 59)
    return (midnight + timedelta(hours=hour, minutes=minute, seconds=second)).astimezone(UTC)


def _offset(zone: str | None) -> timezone | None:
    if not zone:
        return None
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        if minutes > 14 * 60:
            return None
        return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))
    known = ZONES.get(zone.upper())
    return None if known is None else timezone(timedelta(minutes=known))


def month_number(name: str) -> int | None:
    """Return the number of a month named in one of `LANGUAGES`; None if unknown or ambiguous."""
    if name.endswith("월"):
        number = int(name[:-1])
        return number if 1 <= number <= 12 else None  # noqa: PLR2004
    return _months().get(name.casefold().rstrip("."))


@cache
def _months() -> dict[str, int]:
    """Return month names in many languages, without words that mean two different months."""
    found: dict[str, int] = {"sept": 9, "märz": 3, "mär": 3}
    russian = "янв фев мар апр май июн июл авг сен окт ноя дек".split()
    found |= {name: number for number, name in enumerate(russian, 1)}
    ambiguous: set[str] = set()
    for language in LANGUAGES:
        months = Locale(language).months
        for form in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[form][width].items():
                    word = name.casefold().rstrip(".")
                    if found.setdefault(word, number) != number:
                        ambiguous.add(word)
    return {word: number for word, number in found.items() if word not in ambiguous}
