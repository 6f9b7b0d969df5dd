"""Recognize paragraphs of a page that address the reader's browser or purse, not the subject."""

import re
from collections.abc import Sequence

LONGEST, LONGEST_CHARACTERS = 60, 600
"""Words. A longer paragraph may mention these things as its subject."""
_NOTICE = re.compile(
    r"enable javascript|javascript (?:is|must be|has been|seems to be|appears to be) (?:disabled|enabled|required|not)"
    r"|turn on javascript|activate javascript|javascript aktivieren|activer javascript|habilit\w+ javascript"
    r"|your browser (?:is not supported|does not support|is out of date)|(?:upgrade|update) your browser"
    r"|(?:this|our) (?:web)?site uses cookies|we use cookies|accept (?:all )?cookies|cookie (?:policy|settings)"
    r"|already a (?:\w{2,12} )?(?:subscriber|member)|already have (?:a subscription|an account)"
    r"|subscribe (?:now )?to (?:continue|read)|(?:log|sign) in to (?:continue|read)|to (?:continue|keep) reading"
    r"|for (?:\w{2,12} )?subscribers only|this (?:article|content|story|post) is"
    r" (?:for|only|exclusive|reserved|available to)[^.]{0,40}(?:subscribers|members)|free articles? (?:left|remaining)"
    r"|^cancel (?:at )?any ?time|^unlimited (?:access|articles)|you(?: ha|[’'])ve reached your (?:article |monthly )?limit"
    r"|bereits (?:abonnent|ein abo)|jetzt abonnieren|nur für abonnent|déjà abonné|réservé aux abonnés"
    r"|ya eres suscriptor|solo para suscriptores|já é assinante|sei già abbonato|al abonnee|구독자 전용"
    r"|(?:유료|정기) ?(?:회원|구독자)(?:만|에게만| 전용)|会員限定|この記事は有料|付费(?:会员|用户)"
    r"|^by (?:signing up|subscribing|continuing|clicking)[^.]{0,60} you (?:agree|consent)"
    r"|^(?:get|join|sign up|subscribe|receive)[^.]{0,80} (?:in|to) your inbox"
    r"|^share (?:this )?(?:article |story |post )?(?:on|via) (?:facebook|x|twitter|linkedin|whatsapp|email)\b"
    r"|^follow (?:us|me|her|him|the author|[A-Z]\w+) on (?:facebook|x|twitter|instagram|linkedin|bluesky|mastodon)\b"
    r"|^(?:advertisement|anzeige|publicité|publicidad|pubblicità|광고|広告|广告)$"
    r"|\b(?:log|sign) in\b[^.]{0,30}\bto (?:post|leave|add) (?:a )?comments?"
    r"|^(?:copyright|©|저작권자)[^\n]{0,80}(?:all rights reserved|무단)|무단\s?전재[^.]{0,20}(?:금지|재배포)"
    r"|^thanks for reading [^.!]{2,60}[.!] subscribe\b"
    r"|^(?:skip to (?:main )?content|article continues below|story continues below|continue reading below)",
    re.IGNORECASE,
)


# Looking for these first is ten times as fast as trying every alternative at every place.
_HINTS = (
    "javascript", "browser", "cookie", "subscri", "already", "bereits", "sign in", "log in", "reading", "members",
    "cancel", "unlimited", "limit", "inbox", "you agree", "you consent", "share ", "follow ", "유료", "정기", "付费", "free article", "abonn", "suscri", "assinante", "구독", "会員", "有料",
    "copyright", "©", "저작권", "무단", "comment",
    "advertisement", "anzeige", "publici", "pubblicit", "광고", "広告", "广告", "skip to", "continues below",
)  # fmt: skip


def is_boilerplate(text: str) -> bool:
    """Return whether a paragraph is a notice, an offer or a placeholder."""
    low = text.lower()
    if len(text) > LONGEST_CHARACTERS or not any(hint in low for hint in _HINTS):
        return False
    return bool(_NOTICE.search(text)) and len(text.split()) <= LONGEST


_OFFER = re.compile(
    r"\b(?:subscri\w+|sign in|log in|unlimited|cancel|free trial|e-?paper|ad-free|abonn\w*"
    r"|kündbar|jetzt testen|gratis testen|weiterlesen mit|illimité\w*|suscri\w+|ilimitad\w+|cancela|assina\w*"
    r"|abbona\w+|disdici|opzegbaar)\b|구독|購読|订阅",
    re.IGNORECASE,
)
SHORT, SURE, AFTER = 10, 2, 2
"""Words of a line in an offer; how many lines must name it, unless a notice does; how many
paragraphs may follow it."""


def offered(texts: Sequence[str]) -> frozenset[int]:
    """Return the places of the lines that belong to a paywall's offer.

    An offer is a run of short lines that are not sentences. Only some of them say so: "Weekly e-paper"
    is one only beside "Already a subscriber?".
    """
    found: set[int] = set()
    run: list[int] = []
    paragraphs = 0
    # From the end: an article stops where its offer begins.
    for at in range(len(texts) - 1, -2, -1):
        if at >= 0 and _is_line(texts[at]):
            run.append(at)
            continue
        lines = [texts[place] for place in run]
        named = sum(bool(_OFFER.search(line)) for line in lines)
        if len(lines) > 1 and (named >= SURE or any(map(is_boilerplate, lines))):
            found.update(run)
        run.clear()
        paragraphs += 1
        if paragraphs > AFTER:
            break
    return frozenset(found)


def _is_line(text: str) -> bool:
    """Return whether a text is a short line without the end of a sentence, or a notice."""
    if is_boilerplate(text):
        return True
    return len(text.split()) <= SHORT and not text.endswith((".", "!", "。", "”", "다"))
