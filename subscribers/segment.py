"""The language of segments: one parser, one evaluator. The compiler to SQL is in the store.

    weekly-plus and (south-korea or "US Foreign Policy") and not staff

`&`, `|` and `!` mean the same; `everyone` is all; tags match by slug. A bare name that is a saved
segment stands for it; in quotation marks it is always a tag.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from subscribers.errors import SegmentError
from subscribers.model import slug

LONGEST = 4000
DEEPEST = 40

_TOKEN = re.compile(
    r'\s*(?:(?P<sign>[()&|!])|"(?P<quoted>[^"]*)"|(?P<word>[^\s()&|!"]+)|(?P<open>"))'
)
_SIGNS = {"&": "and", "|": "or", "!": "not", "(": "(", ")": ")"}
_KEYWORDS = ("and", "or", "not")


@dataclass(frozen=True, slots=True)
class Everyone:
    """All who are subscribed."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """Those with this tag."""

    slug: str


@dataclass(frozen=True, slots=True)
class Not:
    """Those who are not in `part`."""

    part: "Segment"


@dataclass(frozen=True, slots=True)
class And:
    """Those who are in every part."""

    parts: tuple["Segment", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Those who are in any part."""

    parts: tuple["Segment", ...]


Segment = Everyone | Tagged | Not | And | Or


@dataclass(frozen=True, slots=True)
class _SegmentToken:
    kind: str
    text: str
    column: int


def parse(text: str, saved: Mapping[str, str] | None = None) -> Segment:
    """Read a segment; raise SegmentError with the column and what was expected there."""
    names = {slug(name): rule for name, rule in (saved or {}).items()}
    return _Parser(text, names, ()).read()


def evaluate(segment: Segment, slugs: AbstractSet[str]) -> bool:
    """Tell whether somebody with these tags is in the segment."""
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


def names(segment: Segment) -> frozenset[str]:
    """Return every tag that the segment asks about."""
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
    """Say in one line which tags decided for or against somebody."""
    asked = sorted(names(segment))
    having = [f'has "{name}"' for name in asked if name in slugs]
    lacking = [f'lacks "{name}"' for name in asked if name not in slugs]
    return ", ".join(having + lacking) or "the segment is everyone"


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
        raise SegmentError(column, 'the quotation mark is not closed; expected a second "')
    if kind == "sign":
        return _SegmentToken(_SIGNS[content], content, column)
    if kind == "word" and content.lower() in _KEYWORDS:
        return _SegmentToken(content.lower(), content, column)
    return _SegmentToken(kind, content, column)


class _Parser:
    """A recursive descent over the tokens; `within` names the saved segments being read."""

    def __init__(self, text: str, saved: Mapping[str, str], within: tuple[str, ...]) -> None:
        if len(text) > LONGEST:
            raise SegmentError(LONGEST, f"longer than {LONGEST} characters; save parts of it")
        self.tokens = _tokens(text)
        self.saved = saved
        self.within = within
        self.at = 0
        self.depth = 0

    def read(self) -> Segment:
        if self.tokens[0].kind == "end":
            raise SegmentError(1, 'expected a tag, "everyone", "not" or "("')
        segment = self.either()
        if (token := self.tokens[self.at]).kind != "end":
            raise SegmentError(token.column, f'expected "and", "or" or the end, not "{token.text}"')
        return segment

    def either(self) -> Segment:
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self) -> Segment:
        parts = [self.one()]
        while self.take("and"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def one(self) -> Segment:
        token = self.tokens[self.at]
        self.depth += 1
        if self.depth > DEEPEST:
            raise SegmentError(token.column, f"nested deeper than {DEEPEST}; save parts of it")
        if self.take("not"):
            segment: Segment = Not(self.one())
        elif self.take("("):
            segment = self.either()
            if not self.take(")"):
                last = self.tokens[self.at]
                raise SegmentError(last.column, f'expected ")", not "{last.text}"')
        else:
            segment = self.name(token)
        self.depth -= 1
        return segment

    def name(self, token: _SegmentToken) -> Segment:
        if token.kind not in {"word", "quoted"}:
            raise SegmentError(
                token.column, f'expected a tag, "everyone", "not" or "(", not "{token.text}"'
            )
        self.at += 1
        tag = slug(token.text)
        if not tag:
            raise SegmentError(token.column, f'"{token.text}" holds no letter or digit')
        if token.kind == "word" and tag == "everyone":
            return Everyone()
        if token.kind == "word" and tag in self.saved:
            return self.stored(tag, token.column)
        return Tagged(tag)

    def stored(self, tag: str, column: int) -> Segment:
        if tag in self.within or len(self.within) >= DEEPEST:
            raise SegmentError(column, f'the saved segment "{tag}" leads back to itself')
        try:
            return _Parser(self.saved[tag], self.saved, (*self.within, tag)).read()
        except SegmentError as error:
            raise SegmentError(column, f'in the saved segment "{tag}": {error}') from error

    def take(self, kind: str) -> bool:
        if self.tokens[self.at].kind != kind:
            return False
        self.at += 1
        return True
