"""What a header means that contains the name of a status column among other words; pure.

“Unsubscribed from all email”, “Date de désabonnement” and “Uitgeschreven op” are such headers. If
the words around the name could change its meaning, the header is not understood, and the import
asks.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from subscribers.roster.consents import candidates
from subscribers.roster.statuses import is_no
from subscribers.roster.vocabulary import (
    NOT_A_STATUS,
    STATUS_NAMES,
    YES,
    StatusField,
    fold,
)

_LONGEST_NAME = 4  # in words: "is globally ineligible", "do not contact me"
_WORDS = re.compile(r"[^\W_]+")
_CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ABOUT_EMAIL = re.compile(
    r"mail|news|marketing|contact|kontakt|메일|뉴스|수신|광고|correo|courriel|почт|рассыл"
    r"|邮|メール|メルマガ|contatt|werbung|publicid|promo"
)
_OTHER = re.compile(
    r"count|sent|total|number|open|click|rate|html|format|type|anzahl|횟수|(?<!val)id$"
)
"""What a column about email contains that is not a permission: numbers, and the kind of email."""
_REASONS = frozenset(map(fold, "reason grund motivo raison motif reden powod причина".split()))
_AROUND = _REASONS | frozenset(
    map(
        fold,
        (
            "date datum dato data fecha дата time timestamp at on op am le il el al la les los de du"
            " da do di des der die das del della dalla from all any a the is was has hard globally"
            " global flag email e mail emails newsletter newsletters list lists marketing"
            " communications lettre user contact subscriber subscription member permission"
            " abonnement suscripcion iscrizione inscricao subskrypcji подписки"
        ).split(),
    )
)
"""Words that do not change what the name of a status column means."""
_LOWEST_FIRST = (
    StatusField.COMPLAINED,
    StatusField.SUPPRESSED,
    StatusField.BOUNCED,
    StatusField.UNSUBSCRIBED,
    StatusField.PENDING,
    StatusField.STATUS,
    StatusField.CONFIRMED,
    StatusField.SUBSCRIBED,
)
_RAISING = frozenset({StatusField.CONFIRMED, StatusField.SUBSCRIBED})


def status_field(header: str, cells: Sequence[str]) -> StatusField | None:
    """Return what a column states about a status, by its header and its cells; None if unclear."""
    folded = fold(header)
    if folded in STATUS_NAMES:
        return STATUS_NAMES[folded]
    if folded in NOT_A_STATUS:
        return None
    words = [fold(word) for word in _WORDS.findall(_CAMEL_CASE.sub(" ", header))]
    names = list(_names(words))
    fields = {STATUS_NAMES[word] for word, is_name in names if is_name}
    if any(not is_name and word not in _AROUND for word, is_name in names):
        return None
    explained = not _REASONS.isdisjoint(words)
    possible = (field for field in _LOWEST_FIRST if field in fields)
    return next((field for field in possible if explained or _fits(field, cells)), None)


def may_refuse_email(header: str, cells: Sequence[str]) -> bool:
    """Return whether a column answers yes or no to a question about email, as “Mail ok?” does."""
    name = fold(header)
    asks = bool(_ABOUT_EMAIL.search(name)) and not _OTHER.search(name)
    return asks and bool(cells) and all(map(_is_flag, cells))


def _names(words: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield each name of a status column with True, and each other word with False."""
    at = 0
    while at < len(words):
        for size in range(min(_LONGEST_NAME, len(words) - at), 0, -1):
            name = "".join(words[at : at + size])
            if name in STATUS_NAMES:
                yield name, True
                at += size
                break
        else:
            yield words[at], False
            at += 1


def _fits(field: StatusField, cells: Iterable[str]) -> bool:
    """Return whether cells say yes or no, or when someone unsubscribed; words are a status."""
    if field is StatusField.STATUS:
        return True
    return all(_is_flag(cell) or (field not in _RAISING and _is_date(cell)) for cell in cells)


def _is_flag(cell: str) -> bool:
    word = fold(cell)
    return word in YES or is_no(word)


def _is_date(cell: str) -> bool:
    return any(True for _date in candidates(cell))
