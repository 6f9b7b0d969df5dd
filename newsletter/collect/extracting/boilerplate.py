"""Recognize paragraphs of a page that address the reader's browser or purse, not the subject."""

import re

LONGEST, LONGEST_CHARACTERS = 60, 600
"""Words. A longer paragraph may mention these things as its subject."""
_NOTICE = re.compile(
    r"enable javascript|javascript (?:is|must be|has been|seems to be|appears to be) (?:disabled|enabled|required|not)"
    r"|turn on javascript|activate javascript|javascript aktivieren|activer javascript|habilit\w+ javascript"
    r"|your browser (?:is not supported|does not support|is out of date)|(?:upgrade|update) your browser"
    r"|(?:this|our) (?:web)?site uses cookies|we use cookies|accept (?:all )?cookies|cookie (?:policy|settings)"
    r"|already a (?:subscriber|member)|already have (?:a subscription|an account)|subscribe (?:now )?to (?:continue|read)"
    r"|(?:log|sign) in to (?:continue|read)|to continue reading|for subscribers only|this (?:article|content|story) is"
    r" (?:for|only|exclusive|reserved|available to)[^.]{0,40}(?:subscribers|members)|free articles? (?:left|remaining)"
    r"|^cancel (?:at )?any ?time|^unlimited (?:access|articles)|you have reached your (?:article )?limit"
    r"|bereits abonnent|jetzt abonnieren|déjà abonné|réservé aux abonnés|ya eres suscriptor|solo para suscriptores"
    r"|já é assinante|sei già abbonato|al abonnee|구독자 전용|会員限定|この記事は有料"
    r"|^(?:advertisement|anzeige|publicité|publicidad|pubblicità|광고|広告|广告)$"
    r"|^(?:skip to (?:main )?content|article continues below|story continues below|continue reading below)",
    re.IGNORECASE,
)


# Looking for these first is ten times as fast as trying every alternative at every place.
_HINTS = (
    "javascript", "browser", "cookie", "subscri", "already", "sign in", "log in", "reading", "members",
    "cancel", "unlimited", "limit", "free article", "abonn", "suscri", "assinante", "구독", "会員", "有料",
    "advertisement", "anzeige", "publici", "pubblicit", "광고", "広告", "广告", "skip to", "continues below",
)  # fmt: skip


def is_boilerplate(text: str) -> bool:
    """Return whether a paragraph is a notice, an offer or a placeholder."""
    low = text.lower()
    if len(text) > LONGEST_CHARACTERS or not any(hint in low for hint in _HINTS):
        return False
    return bool(_NOTICE.search(text)) and len(text.split()) <= LONGEST
