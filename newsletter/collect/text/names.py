"""Tell names of people from roles, organizations and the words around them."""

import re

ROLE = re.compile(
    r"\b(?:professor|fellow|director|researcher|editor|correspondent|reporter|analyst|scholar"
    r"|lecturer|president|chair|chairman|chairwoman|associate|assistant|senior|head|economist"
    r"|columnist|writer|journalist|ambassador|minister|adviser|advisor|manager|officer|founder"
    r"|partner|student|candidate|scientist|engineer|historian|staff|contributor|expert|dean|educators?"
    r"|professorin|direktor|direktorin|mitarbeiter|mitarbeiterin|redakteur|redakteurin|leiter"
    r"|leiterin|korrespondent|korrespondentin|professeur|professeure|chercheur|chercheuse|directeur"
    r"|directrice|rédacteur|rédactrice|profesor|profesora|investigador|investigadora|editora|professora"
    r"|ricercatore)\b"
    r"|(?:교수|연구원|연구위원|소장|기자|위원|센터장|원장|편집장|대표|박사|教授|研究員|研究员|編集長|記者|主任|所長|编辑|院長)$",
    re.IGNORECASE,
)
ORG = re.compile(
    r"\b(?:university|institute|institution|center|centre|college|school|foundation|council"
    r"|department|ministry|agency|association|society|bank|times|post|herald|journal|news|press"
    r"|review|group|inc|llc|ltd|gmbh|universität|hochschule|institut|stiftung|université|école"
    r"|universidad|instituto|fundación|universidade|università|academy|corporation|laboratory)\b"
    r"|(?:대학교|대학|연구원|연구소|재단|센터|신문|일보|大学|大學|研究所|財団|新聞|学院|學院|研究院)$",
    re.IGNORECASE,
)
# Words that no person is called. A surname such as Post or Banks is not among them.
_COLLECTIVE = re.compile(
    r"\b(?:university|institute|institution|foundation|department|ministry|agency|association"
    r"|society|inc|llc|ltd|gmbh|corp|redaktion|rédaction|redacción|redazione|redação|redactie"
    r"|staff|team|desk|editors|editorial|newsroom|bureau|board|network|magazine|newspaper|publishing"
    r"|communications|media|wire|newswire|agencies|correspondents?|contributors?|reporters?|writers?"
    r"|universität|hochschule|stiftung|université|universidad|universidade|università|corporation)\b"
    r"|(?:편집부|취재팀|뉴스팀|編集部|取材班|编辑部|編輯部)$",
    re.IGNORECASE,
)
_BAD_NAME = re.compile(
    r"\d|@|https?:|www\.|\w*admin\b|\broot\b|\bago\b|\be-?mail\b|\bfollow\b|\bshare\b|\bcomments?\b|\bminutes?\b|\bread\b"
    r"|\bupdated\b|\bpublished\b|\bsubscribe\b|\bphotos?\b|\bimages?\b|\bnewsletter\b|\bcookies?\b|\blogin\b|\blog ?in\b"
    r"|\bsign (?:in|up)\b|\bmenu\b|\bview (?:all|more)\b|\blearn more\b|\bby\b|\bprofile\b|[#*<>{}\[\]/\\=|•]",
    re.IGNORECASE,
)
_NOT_NAMES = frozenset(
    "by|written by|posted by|author|authors|the author|about the author|editor|admin|administrator|user"
    "|guest|guest author|guest post|guest writer|anonymous|unknown|contributor|staff|team|home|search|more"
    "|none|null|n/a|von|par|por|autor|auteur|autora|posted|posted on|published|date|share|print|advertisement"
    "|sponsored|opinion|news|world|politics|business|culture|sports|video|archive|about|contact|privacy"
    "|관리자|운영자|管理者|管理员|админ".split("|")
)
_PARTICLES = frozenset(
    "de da di do dos du des del della der den van von vom zu zur af av al el bin ibn la le ter ten".split()
)
LONGEST_NAME, LONGEST_CHARACTERS = 6, 60
_GLUED = re.compile(r"(?<=[a-zà-ÿ])(?=[A-Z][a-z])")


def is_name(text: str, site: str = "") -> bool:
    """Return whether `text` can be the name of a person."""
    words = text.split()
    if not words or len(words) > LONGEST_NAME or len(text) > LONGEST_CHARACTERS:
        return False
    if _BAD_NAME.search(text) or text.casefold().strip(" .:") in _NOT_NAMES:
        return False
    if is_collective(text) or (site and text.casefold() == site.casefold()):
        return False
    if text[-1] in ".!?:" and len(words[-1]) > 3:  # noqa: PLR2004 - "Jr." does not end a sentence
        return False
    return _is_capitalized(words)


def _is_capitalized(words: list[str]) -> bool:
    """Return whether a name starts with a capital, or with a particle before one."""
    if words[0][0].islower() and words[0].casefold() not in _PARTICLES:
        return False
    small = [word for word in words if word[0].islower() and word.casefold() not in _PARTICLES]
    return len(small) < max(1, len(words) / 2)


def is_collective(text: str) -> bool:
    """Return whether `text` names an organization, a desk or a team."""
    if _COLLECTIVE.search(text):
        return True
    return bool(ORG.search(text)) and (len(text.split()) > 2 or text.startswith("The "))  # noqa: PLR2004 - not "Emily Post"


def is_role(text: str) -> bool:
    """Return whether `text` is a job title."""
    return bool(ROLE.search(text))


def is_org(text: str) -> bool:
    """Return whether `text` is an organization."""
    return bool(ORG.search(text))


def unglued(text: str) -> str:
    """Separate a role that lost the space before it: "Ada QuellFellow" becomes two parts."""
    for place in _GLUED.finditer(text):
        if ROLE.match(text[place.start() :]):
            return f"{text[: place.start()]}, {text[place.start() :]}"
    return text
