"""Read author names, roles and organizations from the lines below a title."""

import re
from collections.abc import Sequence

from newsletter.collect.text.blocks import tidy
from newsletter.collect.text.names import is_name, is_org, is_role, unglued
from newsletter.model.article import Author

__all__ = ["has_prefix", "is_name", "is_position", "read_byline", "with_positions"]

_PREFIX = re.compile(
    r"^(?:an? )?(?:(?:written|words|reported|submitted|posted|published|story|article|text|analysis|opinion|essay"
    r"|guest (?:post|article|column|essay|commentary|contribution)|interview|commentary|contributed|authored) )?"
    r"(?:by|author|authors)(?:\s*[:：]\s*|\s+)(?=\S)"
    r"|^(?:von|par|por|di|door|av|af|autor|autora|autorin|autoren|auteur|auteurs|autore|autori|redactor|text"
    r"|texto|texte|testo|tekst|teksti|words(?=\s*:)|oleh|penulis|írta|szerző|γράφει (?:ο|η)|écrit par"
    r"|escrito por|scritto da|geschrieben von|ein gastbeitrag von|yazar|yazan"
    r"|بقلم|מאת|bài)\s*[:：]?\s+"
    r"|^(?:글쓴이|기자명|글|저자|필자|기고|작성자)\s*[:：=·./]?\s*(?=\S)"
    r"|^(?:文|作者|著者|執筆者?|筆者|記者|撰文|автор|авторы|текст)\s*[:：/／|]\s*",
    re.IGNORECASE,
)
_POSTED = re.compile(
    r"^(?:posted|published|written|erschienen|publié|publicado)\s+(?:on|at|am|le|el)\s+[^|]{4,40}?\s+(?=by\s|von\s|par\s|por\s)",
    re.IGNORECASE,
)
# Others who worked on the article. Their names follow up to the next divider or sentence.
_CREDIT = re.compile(
    r"(?:^|(?<=[\s.,;|·•–—(]))(?:with )?(?:photo(?:graph)?(?:s|y|er)?|pictures?|images?|illustrat(?:ions?|ed|or)|graphics?"
    r"|videos?|edit(?:ed|ing|or)|translat(?:ed|ion|or)|review(?:ed)?|fact[- ]check(?:ed)?|produced|narrated"
    r"|additional reporting|fotos?|fotografías?|fotografie|bild(?:er)?|illustrationen|übersetzt|übersetzung|redaktion"
    r"|traduction|traducción|traduzione|photographies|medically reviewed)"
    r"\s*(?:by|von|par|por|di|:|：)\s*[^|·•;.]{1,80}"
    r"|(?:사진|번역|편집|감수|写真|翻訳|編集|監修|摄影|翻译|编辑)\s*[:：=/／]\s*[^|·•;.。\s]{1,30}",
    re.IGNORECASE,
)
_ON_DATE = re.compile(
    r"\s+(?:on|am|le|el|il|op|em|den)\s+(?=(?:[^\W\d]{2,12}\.?,\s)?[^,]{0,20}\d).*$", re.IGNORECASE
)
_SUFFIX = re.compile(r"\s*(?:기자|特派員|記者|특파원)$")
_BETWEEN = re.compile(
    r"\s*(?:,?\s+(?:and|AND|UND|und|et|y|e|en|och|og|と|및|and/or|with|mit|avec|con)\s+|\s*[;&、，|]\s*|\s·\s)\s*"
)
_DEGREE = re.compile(r"^(?:[A-Z]\.?){2,6}$|^(?:Ph\.?D\.?|M\.?D\.?|Jr\.?|Sr\.?|Esq\.?|Dr\.?)$")
# For whom or where someone writes: "Ada Quell for Harbor Notes", "Ada Quell in Rotterdam".
_ELSEWHERE = re.compile(
    r"\s(?:for|in|from|at|as told to|für|aus|pour|para|à|dans)\s+\S.*", re.DOTALL
)
_EMAIL = re.compile(r"[(<（]?[^\s@()<>（）]{1,64}@[^\s@()<>（）]{1,190}[)>）]?")
_TRAILING = re.compile(
    r"\s+(?:stand|updated|published|posted|last|on|am|january|february|march|july|august|september"
    r"|october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday)$",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\s*[(（\[]([^()（）\[\]]{2,80})[)）\]]\s*")
# "来源：港口日报 作者：林海 发布时间：…": a line with several labels.
_LABELED = re.compile(r"(?:^|\s)(?:作者|记者|記者|撰文|기자명)\s*[:：]\s*([^\s:：]{2,12})(?=\s|$)")
_SENTENCE = re.compile(r"(?<=[a-z]{3})\.\s+")
LABELS = frozenset(
    "by|author|authors|written by|words by|posted by|von|autor|autorin|autoren|auteur|auteurs|par|por|autora|autore"
    "|di|door|av|글쓴이|저자|필자|작성자|作者|著者|執筆者|文|автор|yazar|بقلم".split("|")
)
LONGEST_BYLINE, LONGEST_LABEL, LONGEST_ABBREVIATION = 25, 20, 4
PLACES_OF_BYLINE = re.compile(r"\s+(?:\||–|—|•|·)\s+|\s+-\s+|\s*\|\s*")


def has_prefix(text: str) -> bool:
    """Return whether `text` starts like a byline ("By …", "Von …", "글 …")."""
    if len(text.split()) > LONGEST_BYLINE:
        return False
    return bool(_PREFIX.match(text) or _POSTED.match(text) or _LABELED.search(text))


def is_label(text: str) -> bool:
    """Return whether `text` only announces a name, as a term in a list does ("Auteur:")."""
    return len(text) <= LONGEST_LABEL and text.strip(" :：").casefold() in LABELS


def is_signature(text: str) -> bool:
    """Return whether a line has a name, then a role ("Ada Quell | Senior Writer | 5 October 2026")."""
    name, *others = PLACES_OF_BYLINE.split(tidy(text))
    return bool(others) and " " in name and is_name(name) and is_role(others[0])


def read_byline(text: str, site: str = "") -> tuple[Author, ...]:
    """Return the authors named in a byline, with roles and organizations if it has any."""
    if labeled := _LABELED.search(text):
        text = labeled[1]
    plain = tidy(_EMAIL.sub(" ", text)) if "@" in text else tidy(text)
    line = _CREDIT.sub(" ", _POSTED.sub("", plain, count=1)).strip(" ,;:|·•–—(")
    line = _SUFFIX.sub("", _PREFIX.sub("", line, count=1)).strip(" ,;:")
    line = _SENTENCE.split(PLACES_OF_BYLINE.split(line, maxsplit=1)[0], maxsplit=1)[0]
    line = _SUFFIX.sub("", line)
    line = _TRAILING.sub("", _ON_DATE.sub("", line))
    if line.endswith(".") and len(line.split()[-1]) > LONGEST_ABBREVIATION:
        line = line[:-1]
    found: list[Author] = []
    for part in _BETWEEN.split(line):
        found.extend(_people(part, site))
    return tuple(dict.fromkeys(_with_surnames(found)))


def _with_surnames(found: list[Author]) -> list[Author]:
    """Give the first of "Ada and Bo Quell" the surname of the second."""
    if len(found) != 2 or " " in found[0].name or " " not in found[1].name:  # noqa: PLR2004 - a couple
        return found
    if not found[0].name.isascii() or found[0].role:
        return found
    surname = found[1].name.split()[-1]
    return [Author(f"{found[0].name} {surname}", "", found[0].org), found[1]]


def _people(text: str, site: str) -> list[Author]:
    """Read "Name", "Name, Role, Organization" or "Name, Name"."""
    found: list[Author] = []
    pieces = _BRACKETS.sub(r", \1, ", unglued(text)).split(",")
    for piece in filter(None, (part.strip() for part in pieces)):
        if found and _DEGREE.match(piece):
            found.append(_without_degree(found.pop()))
            continue
        if found and (is_role(piece) or is_org(piece)):
            last = found.pop()
            role, org = read_position(piece)
            found.append(Author(last.name, last.role or role, last.org or org))
        elif found and " " in found[-1].name and " " not in piece:
            continue  # a place: "Ada Quell, Rotterdam"
        elif is_name(name := _ELSEWHERE.sub("", piece).rstrip(), site):
            found.append(Author(name))
    return found


def _without_degree(author: Author) -> Author:
    """Drop the first of several degrees, which has no comma before it: "Ada Quell CPP, PSP"."""
    name, _, last = author.name.rpartition(" ")
    is_degree = " " in name and len(last) <= LONGEST_ABBREVIATION and _DEGREE.match(last)
    return Author(name, author.role, author.org) if is_degree else author


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
    """Assign the positions below a byline: one for each author, or one for all.

    The credit of a photo is not a position.
    """
    lines = [line for line in lines if not _CREDIT.match(line.strip())]
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
