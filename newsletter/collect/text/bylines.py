"""Read author names, roles and organizations from the lines below a title."""

import re
from collections.abc import Sequence

from newsletter.collect.text.blocks import tidy
from newsletter.model.article import Author

_PREFIX = re.compile(
    r"^(?:(?:written|words|reported|posted|edited|story|article|text|analysis) )?(?:by|author|authors)\s*[:：]?\s+"
    r"|^(?:von|par|por|di|door|av|af|autor|autora|autorin|auteur|autore|redactor|text)\s*[:：]?\s+"
    r"|^(?:글쓴이|글|저자|필자|기고|작성자)\s*[:：=·]?\s*(?=\S)"
    r"|^(?:文|作者|著者|執筆者?|筆者|記者|撰文|автор|текст)\s*[:：/／|]\s*",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"\s*(?:기자|特派員|記者|특파원)$")
_BETWEEN = re.compile(
    r"\s*(?:,?\s+(?:and|und|et|y|e|en|och|og|と|및|and/or)\s+|\s*[;&、，|]\s*|\s·\s)\s*"
)
_ROLE = re.compile(
    r"\b(?:professor|fellow|director|researcher|editor|correspondent|reporter|analyst|scholar"
    r"|lecturer|president|chair|chairman|chairwoman|associate|assistant|senior|head|economist"
    r"|columnist|writer|journalist|ambassador|minister|adviser|advisor|manager|officer|founder"
    r"|partner|student|candidate|scientist|engineer|historian|staff|contributor|expert|dean|educators?"
    r"|professorin|direktor|direktorin|mitarbeiter|mitarbeiterin|redakteur|redakteurin|leiter"
    r"|leiterin|professeur|professeure|chercheur|chercheuse|directeur|directrice|rédacteur"
    r"|rédactrice|profesor|profesora|investigador|investigadora|editora|professora|ricercatore)\b"
    r"|(?:교수|연구원|연구위원|소장|기자|위원|센터장|원장|편집장|대표|박사|教授|研究員|研究员|編集長|記者|主任|所長|编辑|院長)$",
    re.IGNORECASE,
)
_ORG = re.compile(
    r"\b(?:university|institute|institution|center|centre|college|school|foundation|council"
    r"|department|ministry|agency|association|society|bank|times|post|herald|journal|news|press"
    r"|review|group|inc|llc|ltd|gmbh|universität|hochschule|institut|stiftung|université|école"
    r"|universidad|instituto|fundación|universidade|università|academy|corporation|laboratory)\b"
    r"|(?:대학교|대학|연구원|연구소|재단|센터|신문|일보|大学|大學|研究所|財団|新聞|学院|學院|研究院)$",
    re.IGNORECASE,
)
_BAD_NAME = re.compile(
    r"\d|@|https?:|\w*admin\b|\broot\b|\bago\b|\be-?mail\b|\bfollow\b|\bshare\b|\bcomments?\b|\bminutes?\b|\bread\b"
    r"|\bupdated\b|\bpublished\b|\bsubscribe\b|\bphoto\b|\bimage\b|\bnewsletter\b|[#*<>{}\[\]/\\=]",
    re.IGNORECASE,
)
_DEGREE = re.compile(r"^(?:[A-Z]\.?){2,6}$|^(?:Ph\.?D\.?|M\.?D\.?|Jr\.?|Sr\.?|Esq\.?|Dr\.?)$")
_TRAILING = re.compile(
    r"\s+(?:stand|updated|published|posted|last|on|am|january|february|march|july|august|september"
    r"|october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday)$",
    re.IGNORECASE,
)
LONGEST_NAME = 6
LONGEST_BYLINE = 25
PLACES_OF_BYLINE = re.compile(r"\s+(?:\||–|—|•)\s+|\s+-\s+")


def has_prefix(text: str) -> bool:
    """Return whether `text` starts like a byline ("By …", "Von …", "글 …")."""
    return bool(_PREFIX.match(text)) and len(text.split()) <= LONGEST_BYLINE


def is_name(text: str, site: str = "") -> bool:
    """Return whether `text` can be the name of a person or a desk."""
    words = text.split()
    if not words or len(words) > LONGEST_NAME or len(text) > 60 or _BAD_NAME.search(text):  # noqa: PLR2004
        return False
    if site and text.casefold() == site.casefold():
        return False
    if text[-1] in ".!?:" and len(words[-1]) > 3:  # noqa: PLR2004 - "Jr." does not end a sentence
        return False
    return not text[0].islower() or words[0].casefold() in {"de", "van", "von", "al", "el", "ter"}


def read_byline(text: str, site: str = "") -> tuple[Author, ...]:
    """Return the authors named in a byline, with roles and organizations if it has any."""
    line = _SUFFIX.sub("", _PREFIX.sub("", tidy(text), count=1)).strip(" ,;:")
    line = _TRAILING.sub("", PLACES_OF_BYLINE.split(line, maxsplit=1)[0])
    found: list[Author] = []
    for part in _BETWEEN.split(line):
        found.extend(_people(part, site))
    return tuple(dict.fromkeys(found))


def _people(text: str, site: str) -> list[Author]:
    """Read "Name", "Name, Role, Organization" or "Name, Name"."""
    found: list[Author] = []
    for piece in filter(None, (part.strip() for part in text.split(","))):
        if found and _DEGREE.match(piece):
            continue
        if found and (is_role(piece) or is_org(piece)):
            last = found.pop()
            role, org = read_position(piece)
            found.append(Author(last.name, last.role or role, last.org or org))
        elif is_name(piece, site):
            found.append(Author(piece))
    return found


def is_role(text: str) -> bool:
    """Return whether `text` is a job title."""
    return bool(_ROLE.search(text))


def is_org(text: str) -> bool:
    """Return whether `text` is an organization."""
    return bool(_ORG.search(text))


def is_position(text: str) -> bool:
    """Return whether a line below the byline is a role or an organization."""
    return (
        len(text.split()) <= LONGEST_BYLINE
        and text[-1:] not in ".!?"
        and (is_role(text) or is_org(text))
    )


def read_position(text: str) -> tuple[str, str]:
    """Split "Associate Professor, Kangwon National University" into role and organization."""
    line = tidy(text).strip(" ,;")
    head, comma, rest = line.partition(", ")
    if comma:
        return (rest.strip(), head) if is_org(head) and not is_role(head) else (head, rest.strip())
    role, at, org = line.partition(" at ")
    if at and is_role(role):
        return role, org.removeprefix("the ").strip()
    if not line.isascii() and " " in line and is_role(line):
        org, _, role = line.rpartition(" ")
        return role, org
    return (line, "") if is_role(line) else ("", line)


def with_positions(authors: Sequence[Author], lines: Sequence[str]) -> tuple[Author, ...]:
    """Assign the positions below a byline: one for each author, or one for all."""
    if not lines or not authors:
        return tuple(authors)
    positions = [read_position(line) for line in lines]
    if len(positions) == len(authors):
        pairs = list(zip(authors, positions, strict=True))
    else:
        role, org = positions[0]
        if len(positions) > 1 and not org and not positions[1][0]:
            org = positions[1][1]
        pairs = [(author, (role, org)) for author in authors]
    return tuple(
        Author(author.name, author.role or role, author.org or org) for author, (role, org) in pairs
    )
