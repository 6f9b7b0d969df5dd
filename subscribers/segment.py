"""The language of segments: parser and evaluator. The compiler to SQL is in the store.

    weekly-plus and (south-korea or "US Foreign Policy") and not staff

`&`, `|` and `!` are accepted for the operators; `everyone` matches all; tags match by slug. A bare
name that is a saved segment means that segment; in quotation marks it is always a tag.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from subscribers.errors import SegmentError
from subscribers.model import slug
from subscribers.phrase import Phrase

MAX_LENGTH = 4000
MAX_DEPTH = 40
"""Limits the recursion of the parser, the evaluator and the SQL that databases accept."""

_TOKEN = re.compile(
    r'\s*(?:(?P<sign>[()&|!])|"(?P<quoted>[^"]*)"|(?P<word>[^\s()&|!"]+)|(?P<open>"))'
)
_SIGNS = {"&": "and", "|": "or", "!": "not", "(": "(", ")": ")"}
_KEYWORDS = ("and", "or", "not")


@dataclass(frozen=True, slots=True)
class Everyone:
    """Every subscriber."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """Subscribers with this tag."""

    slug: str


@dataclass(frozen=True, slots=True)
class Not:
    """Subscribers who are not in `part`."""

    part: "Segment"


@dataclass(frozen=True, slots=True)
class And:
    """Subscribers who are in every part."""

    parts: tuple["Segment", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Subscribers who are in any part."""

    parts: tuple["Segment", ...]


Segment = Everyone | Tagged | Not | And | Or


@dataclass(frozen=True, slots=True)
class _SegmentToken:
    kind: str
    text: str
    column: int


def parse(text: str, saved: Mapping[str, str] | None = None) -> Segment:
    """Parse a segment; raise SegmentError with the column and what was expected there."""
    names = {slug(name): rule for name, rule in (saved or {}).items()}
    return _Parser(text, names, ()).read()


def evaluate(segment: Segment, slugs: AbstractSet[str]) -> bool:
    """Return whether a subscriber with these tags is in the segment."""
    match segment:
        case Everyone():
            return True
        case Tagged(name):
            return name in slugs
        case Not(part):
            return not evaluate(part, slugs)
        case And(parts):
            return all(evaluate(part, slugs) for part in parts)
        case Or(parts):
            return any(evaluate(part, slugs) for part in parts)


def may_match(segment: Segment, slugs: AbstractSet[str], free: AbstractSet[str]) -> bool:
    """Return whether a subscriber with these tags may get into the segment by tags in `free`.

    Each tag counts separately: "a and not a" may match.
    """
    return True in _outcomes(segment, slugs, free)


def _outcomes(
    segment: Segment, slugs: AbstractSet[str], free: AbstractSet[str]
) -> AbstractSet[bool]:
    """Return what `evaluate` may return when the subscriber adds or removes tags in `free`."""
    match segment:
        case Everyone():
            return {True}
        case Tagged(name):
            return {True, False} if name in free else {name in slugs}
        case Not(part):
            return {not outcome for outcome in _outcomes(part, slugs, free)}
        case And(parts):
            return _combined((_outcomes(part, slugs, free) for part in parts), all)
        case Or(parts):
            return _combined((_outcomes(part, slugs, free) for part in parts), any)


def _combined(
    parts: Iterable[AbstractSet[bool]], combine: Callable[[Iterable[bool]], bool]
) -> AbstractSet[bool]:
    """Return the lowest and the highest outcome of all parts together."""
    outcomes = list(parts)
    return {combine(map(min, outcomes)), combine(map(max, outcomes))}


def names(segment: Segment) -> frozenset[str]:
    """Return the slugs of all tags in the segment."""
    match segment:
        case Everyone():
            return frozenset()
        case Tagged(name):
            return frozenset({name})
        case Not(part):
            return names(part)
        case And(parts) | Or(parts):
            return frozenset().union(*(names(part) for part in parts))


def explain(segment: Segment, slugs: AbstractSet[str]) -> str:
    """Describe in one line which of the segment's tags a subscriber has."""
    tags = sorted(names(segment))
    present = [f'has "{name}"' for name in tags if name in slugs]
    missing = [f'lacks "{name}"' for name in tags if name not in slugs]
    return ", ".join(present + missing) or "the segment is everyone"


def _tokens(text: str) -> list[_SegmentToken]:
    found: list[_SegmentToken] = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        assert match is not None  # noqa: S101 - the four alternatives cover every character
        at = match.end()
        found.append(_token(match))
    return [*found, _SegmentToken("end", "the end", end + 1)]


def _token(match: re.Match[str]) -> _SegmentToken:
    kind = str(match.lastgroup)
    column = match.start(kind) + (0 if kind == "quoted" else 1)
    content = match[kind]
    if kind == "open":
        raise SegmentError(column, Phrase('the quotation mark is not closed; expected a second "'))
    if kind == "sign":
        return _SegmentToken(_SIGNS[content], content, column)
    if kind == "word" and content.lower() in _KEYWORDS:
        return _SegmentToken(content.lower(), content, column)
    return _SegmentToken(kind, content, column)


class _Parser:
    """A recursive descent over the tokens; `within` names the saved segments being parsed."""

    def __init__(self, text: str, saved: Mapping[str, str], within: tuple[str, ...]) -> None:
        if len(text) > MAX_LENGTH:
            raise SegmentError(
                MAX_LENGTH,
                Phrase(
                    "longer than {limit} characters; save parts as segments",
                    limit=MAX_LENGTH,
                ),
            )
        self.tokens = _tokens(text)
        self.saved = saved
        self.within = within
        self.at = 0
        self.depth = 0

    def read(self) -> Segment:
        if self.tokens[0].kind == "end":
            raise SegmentError(1, Phrase('expected a tag, "everyone", "not" or "("'))
        segment = self.disjunction()
        if (token := self.tokens[self.at]).kind != "end":
            raise SegmentError(
                token.column,
                Phrase('expected "and", "or" or the end, not "{text}"', text=token.text),
            )
        return segment

    def disjunction(self) -> Segment:
        parts = [self.conjunction()]
        while self.take("or"):
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def conjunction(self) -> Segment:
        parts = [self.term()]
        while self.take("and"):
            parts.append(self.term())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def term(self) -> Segment:
        token = self.tokens[self.at]
        self.depth += 1  # of parentheses and negations; each level is a recursive call
        if self.depth > MAX_DEPTH:
            raise SegmentError(
                token.column,
                Phrase("nested deeper than {limit}; save parts as segments", limit=MAX_DEPTH),
            )
        if self.take("not"):
            segment: Segment = Not(self.term())
        elif self.take("("):
            segment = self.disjunction()
            if not self.take(")"):
                last = self.tokens[self.at]
                raise SegmentError(
                    last.column, Phrase('expected ")", not "{text}"', text=last.text)
                )
        else:
            segment = self.name(token)
        self.depth -= 1
        return segment

    def name(self, token: _SegmentToken) -> Segment:
        if token.kind not in {"word", "quoted"}:
            raise SegmentError(
                token.column,
                Phrase('expected a tag, "everyone", "not" or "(", not "{text}"', text=token.text),
            )
        self.at += 1
        tag = slug(token.text)
        if not tag:
            raise SegmentError(
                token.column, Phrase('"{text}" contains no letter or digit', text=token.text)
            )
        if token.kind == "word" and tag == "everyone":
            return Everyone()
        if token.kind == "word" and tag in self.saved:
            return self.stored(tag, token.column)
        return Tagged(tag)

    def stored(self, tag: str, column: int) -> Segment:
        if tag in self.within or len(self.within) >= MAX_DEPTH:
            raise SegmentError(
                column, Phrase('the saved segment "{tag}" refers to itself', tag=tag)
            )
        try:
            return _Parser(self.saved[tag], self.saved, (*self.within, tag)).read()
        except SegmentError as error:
            raise SegmentError(
                column, Phrase('in the saved segment "{tag}": {error}', tag=tag, error=error)
            ) from error

    def take(self, kind: str) -> bool:
        if self.tokens[self.at].kind != kind:
            return False
        self.at += 1
        return True
