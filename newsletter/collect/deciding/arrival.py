"""Decide whether the page behind an entry is the article, or something shown instead. Pure."""

import re

from newsletter.collect.deciding.identity import body_text, letters
from newsletter.collect.deciding.walls import wall
from newsletter.collect.entry import Entry
from newsletter.model.article import Extracted

FEW_WORDS = 150
"""Most walls and error pages are shorter; a longer text is an article, unless its title names a wall."""
SHARED_TITLE, SHARED_TEXT = 0.3, 0.35
SHORTEST_CLAIM = 3
HEAD = 200_000
# Titles of pages that are shown instead of an article. They count only on short pages.
_INSTEAD = {
    "an error page (not found) instead of the article": (
        r"\b40[34]\b|\b410\b|not found|(?:page|article|story|content) (?:is )?(?:not|no longer|un)\s?available"
        r"|(?:could|can|can’t|can't|couldn’t|couldn't)(?: ?not)? (?:find|be found)|does(?: not|n't|n’t) exist"
        r"|nicht gefunden|non trouvée?|introuvable|no encontrad[ao]|non trovat[ao]|não encontrad[ao]"
        r"|niet gevonden|hittades inte|nie znaleziono|не найден[ао]?|bulunamadı|찾을 수 없|見つかりません"
        r"|未找到|找不到|غير موجودة"
    ),
    "a maintenance page instead of the article": (
        r"maintenance|under construction|be right back|back soon|temporarily (?:unavailable|down|offline)"
        r"|service unavailable|wartung|en mantenimiento|manutenção|manutenzione|점검|メンテナンス|维护"
    ),
    "a cookie or consent page instead of the article": (
        r"before you continue|we value your privacy|\bcookies?\b|your privacy|privacy settings"
        r"|datenschutz|bevor sie fortfahren|avant de continuer|antes de continuar|쿠키|クッキー"
    ),
    "a browser challenge instead of the article": (
        r"just a moment|attention required|access denied|forbidden|robot|captcha"
        r"|verify(?:ing)? (?:that )?you|security check|checking your browser|are you human|unusual traffic"
    ),
    "a login page instead of the article": (
        r"^(?:please )?(?:log|sign)[ -]?in\b|log in to|sign in to|^login|^anmelden|^einloggen"
        r"|se connecter|iniciar sesión|connexion|로그인|ログイン|登录"
    ),
    "a redirect instead of the article": r"redirecting|weiterleitung|you are being redirected",
    "a page that needs JavaScript": r"enable javascript|javascript (?:is )?(?:required|disabled)",
}
_TITLES = {reason: re.compile(pattern, re.IGNORECASE) for reason, pattern in _INSTEAD.items()}
_PROTECTED = re.compile(
    r"name=[\"']?post_password|action=postpass|this is a protected post|protected by a password"
    r"|content is password.protected",
    re.IGNORECASE,
)


def is_protected(entry: Entry) -> bool:
    """Return whether an entry is a post that needs a password."""
    return bool(_PROTECTED.search(entry.html) or _PROTECTED.search(entry.summary))


def instead_of_article(
    entry: Entry, page: Extracted, carried: Extracted | None, came: str, body: bytes
) -> str:
    """Return what the page is if it is not the article of the entry, or an empty string.

    `carried` is the article as the feed has it. `came` is the address after redirects.
    """
    if reason := wall(entry.url, came, body, page.words):
        return reason
    if _agrees(entry, page, carried):
        return ""
    shown = (reason for reason, pattern in _TITLES.items() if pattern.search(page.title))
    if page.words >= FEW_WORDS:
        # Consent pages and error pages with a list of other articles can be long, too.
        return next(shown, "") if _words(entry.title) >= SHORTEST_CLAIM else ""
    if _PROTECTED.search(body[:HEAD].decode("utf-8", "replace")):
        return "a page that asks for a password"
    other = not entry.untitled and _words(entry.title) >= SHORTEST_CLAIM
    usual = f"a page with another title (“{page.title[:60]}”) and little text" if other else ""
    return next(shown, usual)


def _agrees(entry: Entry, page: Extracted, carried: Extracted | None) -> bool:
    """Return whether the page repeats the title or the text that its entry announces."""
    if _share(entry.title, f"{page.title} {page.teaser}") >= SHARED_TITLE:
        return True
    claimed = entry.summary or (body_text(carried)[:600] if carried else "")
    return _words(claimed) >= SHORTEST_CLAIM and _share(claimed, body_text(page)) >= SHARED_TEXT


def _words(text: str) -> int:
    return len(_tokens(text))


def _share(claimed: str, text: str) -> float:
    """Return the share of the claimed words that the text contains."""
    wanted = _tokens(claimed)
    return len(wanted & _tokens(text)) / len(wanted) if wanted else 0.0


def _tokens(text: str) -> set[str]:
    """Return words of some length; in scripts without spaces, pairs of characters."""
    words = {letters(word) for word in text.split()}
    found = {word for word in words if len(word) > 3 and word.isascii()}  # noqa: PLR2004 - not "the"
    for word in words:
        if not word.isascii():
            found.update(word[at : at + 2] for at in range(max(1, len(word) - 1)))
    return found or words - {""}
