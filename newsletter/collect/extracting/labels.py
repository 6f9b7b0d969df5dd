"""The words that label parts of a document, in many languages.

A label is a whole block ("Key Takeaways:"), never part of a sentence.
"""

import re
import unicodedata
from functools import lru_cache

_TRIM = " \t:：.!*#-–—_•|·[]()【】「」『』《》<>«»\"'“”’"

# These appear only above an article's own key points.
CERTAIN = """
takeaway | takeaways | take-aways | tl;dr | tldr | tl dr | tl,dr | bluf | bottom line up front
in a nutshell | what you need to know | what you should know | what to know | need to know
the gist | the essentials | the big picture in brief | story highlights | article highlights
article summary | report highlights | summary points | points to remember | things to know
five things to know | three things to know | key things to know | key things to remember
things to remember | article at a glance | report at a glance | at-a-glance | quick take
quick takes | the short version | what we learned | summary of key points | overview of key points
the takeaway | the lowdown | quick hits | need-to-know | summary bullets | key points to remember
points to note | the key facts | research highlights | the short of it | les points à retenir
points clés à retenir | das wichtigste zusammengefasst | das wichtigste vorab | die kernpunkte
las ideas clave | los puntos principales | le idee chiave | cosa c'è da sapere | o que importa
de kern | de hoofdpunten | det viktigaste i korthet | 핵심만 콕 | 핵심 키워드 요약 | 이 글의 핵심
기사 요약 | 기사 핵심 | 本記事のポイント | 記事のまとめ | 文章要点 | 文章要點 | 要点速览 | 一文读懂
ملخص النقاط | خلاصة النقاط | tl;dr summary | tldr summary | in a few words | in a few lines | the main idea | the main ideas
das wichtigste in kürze | das wichtigste auf einen blick | das wichtigste im überblick
das wichtigste | auf einen blick | kurz und knapp | kurz & knapp | kurz gesagt | in aller kürze
die wichtigsten punkte | die wichtigsten erkenntnisse | wichtigste erkenntnisse
wichtige erkenntnisse | die wichtigsten fakten | wichtigste punkte | kernpunkte | kernaussagen
kernbotschaften | zentrale erkenntnisse | zentrale punkte | das musst du wissen
das sollten sie wissen | das müssen sie wissen | darum geht's | darum geht’s | worum geht es
à retenir | a retenir | ce qu'il faut retenir | ce qu’il faut retenir | l'essentiel | l’essentiel
l'essentiel à retenir | l’essentiel à retenir | en bref | points clés | les points clés
points-clés | points essentiels | les points essentiels | idées clés | les idées clés
points à retenir | les points à retenir | messages clés | ce qu'il faut savoir
ce qu’il faut savoir | en un coup d'œil | en un coup d’œil | principales conclusions
puntos clave | los puntos clave | ideas clave | las claves | claves | lo más importante
lo esencial | puntos principales | lo que debes saber | lo que hay que saber | de un vistazo
mensajes clave | conclusiones clave | aspectos clave
pontos-chave | pontos chave | principais pontos | principais conclusões | o essencial
o que você precisa saber | ideias-chave | o que precisa de saber
punti chiave | i punti chiave | punti principali | in sintesi | i punti salienti | punti salienti
cosa sapere | da sapere
kernpunten | belangrijkste punten | de belangrijkste punten | in het kort | hoofdpunten
het belangrijkste | belangrijkste inzichten | belangrijkste bevindingen
viktigaste punkterna | i korthet | det viktigaste | hovedpunkter | nøkkelpunkter | kort fortalt
kort sagt | det viktigste | viktiga punkter | vigtigste pointer | tärkeimmät kohdat | lyhyesti
najważniejsze informacje | kluczowe wnioski | najważniejsze wnioski | w skrócie | najważniejsze
kluczowe punkty | klíčové body | to nejdůležitější | stručně | puncte cheie | pe scurt
legfontosabb pontok | röviden
ключевые выводы | основные выводы | главное | ключевые моменты | основные тезисы | ключевые тезисы
коротко о главном | самое главное | головне | ключові висновки | основні тези
önemli noktalar | öne çıkanlar | kısaca | temel çıkarımlar | ana noktalar
핵심 요약 | 핵심요약 | 핵심 내용 | 핵심 포인트 | 핵심포인트 | 핵심 메시지 | 핵심 시사점 | 핵심 사항
주요 내용 | 주요 포인트 | 주요 요점 | 주요 시사점 | 주요 메시지 | 핵심 정리 | 요점 | 요점 정리
한눈에 보기 | 한눈에 보는 요약 | 세 줄 요약 | 세줄 요약 | 3줄 요약 | 세줄요약 | 3줄요약 | 핵심 쟁점
要点 | 要點 | 要点まとめ | この記事の要点 | この記事のポイント | 記事のポイント | 記事の要点
重要ポイント | 重要なポイント | 主なポイント | 3行まとめ | 三行まとめ | 要旨 | この記事でわかること
核心要点 | 核心要點 | 本文要点 | 本文要點 | 关键要点 | 關鍵要點 | 核心观点 | 核心觀點 | 主要观点
主要觀點 | 要点总结 | 重点摘要 | 重點摘要 | 内容提要 | 內容提要 | 核心提示 | 关键点 | 重點整理
النقاط الرئيسية | أهم النقاط | أبرز النقاط | النقاط الأساسية | עיקרי הדברים
נקודות עיקריות | בקצרה | मुख्य बातें | मुख्य बिंदु | điểm chính | những điểm chính
điểm chính cần nhớ | poin penting | poin-poin penting | poin utama | intisari | ประเด็นสำคัญ
βασικά σημεία | με μια ματιά | κύρια σημεία
"""

# These also appear above ordinary sections and boxes, so a list of sentences must follow early on.
POSSIBLE = """
summary | executive summary | quick summary | highlights | the highlights | key highlights
at a glance | in brief | in short | overview | snapshot | in summary | to sum up | the summary | the bottom line up front | quick facts | key facts | fast facts | key stats
bottom line | the bottom line | main points | quick read | quick overview | abstract
zusammenfassung | in kürze | im überblick | überblick | fazit in kürze | die fakten
résumé | en résumé | synthèse | le résumé | resumen | en resumen | resumen ejecutivo | en breve
destacados | aspectos destacados | resumo | em resumo | destaques | em destaque | in breve
riepilogo | sommario | samenvatting | sammanfattning | sammendrag | resumé | yhteenveto
podsumowanie | streszczenie | кратко | коротко | резюме | стисло | коротко | özet
요약 | 주요 사항 | 개요 | 시사점 | 하이라이트 | ポイント | まとめ | 要約 | 概要 | ハイライト
摘要 | 重点 | 重點 | 概述 | 亮点 | 亮點 | الخلاصة | ملخص | תקציר | ringkasan | tóm tắt | περίληψη
"""

_ENGLISH = re.compile(
    r"^(?:(?:the|our|my|your|some|a few|article|report|quick|fast|top|\d{1,2}|three|four|five|six|seven|ten)"
    r" ){0,2}"
    r"(?:(?:key|main|quick|top|major|core|critical|essential|important|biggest|big|primary|central|practical"
    r"|editor's|editor’s)"
    r"(?: (?:policy|research|industry|market|legal|investor|business))?"
    r" (?:take-?aways?|take aways?|points?|findings?|insights?|messages?|learnings?|lessons?(?: learned)?"
    r"|ideas|conclusions|judge?ments|highlights)|take-?aways|take aways)"
    r"(?P<tail> (?:from|of|for|on|in|about|at) [^.!?]{1,50})?(?: (?:at a glance|in brief))?$"
)
STOPS = """
related articles | related article | related posts | related stories | related content | related
related reading | related news | more from | more on this topic | more stories | read next
read more | recommended | recommended for you | recommended reading | you may also like
you might also like | further reading on this site | latest articles | latest news | most read
most popular | trending | up next | don't miss | don’t miss | share this | share this article
share this:  | sign up | subscribe | comments | leave a comment | leave a reply
mehr zum thema | das könnte sie auch interessieren | ähnliche artikel | weitere artikel
verwandte artikel | lesen sie auch | articles liés | à lire aussi | sur le même sujet
articles similaires | lire aussi | artículos relacionados | noticias relacionadas
te puede interesar | artigos relacionados | leia também | articoli correlati | leggi anche
gerelateerde artikelen | lees ook | 관련 기사 | 관련기사 | 관련 글 | 관련 뉴스 | 추천 기사
함께 보면 좋은 기사 | 많이 본 뉴스 | 関連記事 | 関連ニュース | あわせて読みたい | おすすめ記事 | 相关文章
相关阅读 | 相關文章 | 延伸閱讀 | 推荐阅读 | похожие статьи | читайте также | по теме
"""
NOTES = """
notes | note | footnotes | footnote | endnotes | references | sources | citations | bibliography
fußnoten | anmerkungen | quellen | einzelnachweise | literatur | notes de bas de page | références
sources et références | notas | referencias | fuentes | notas al pie | referências | fontes | note a piè di pagina
fonti | riferimenti | voetnoten | bronnen | 각주 | 주석 | 미주 | 참고문헌 | 주 | 참고 문헌 | 脚注 | 注 | 注釈
参考文献 | 注释 | 註釋 | 参考资料 | примечания | źródła | przypisy
"""
BIOGRAPHIES = """
about the author | about the authors | author bio | author biography | about the writer
the author | the authors | author | authors | contributor | about the contributor | biography
über den autor | über die autorin | zum autor | zur autorin | zur person | à propos de l'auteur
à propos de l’auteur | l'auteur | sobre el autor | sobre la autora | acerca del autor
sobre o autor | sobre a autora | sull'autore | l'autore | over de auteur | 저자 소개 | 저자소개
필자 소개 | 필자소개 | 글쓴이 | 저자 | 필자 | 著者について | 著者紹介 | 筆者紹介 | 執筆者 | 作者简介 | 作者簡介
об авторе
"""


_LETTERS_END = "\u2000"
_ORNAMENTS = frozenset({"So", "Sk", "Cf", "Cn", "Mn"})


_BESIDE = frozenset(
    "insights highlights summary facts findings conclusions lessons points overview recommendations"
    " statistics stats figures messages implications".split()
)
_JOINED = re.compile(r"\s*(?:[:&|/()+–—]|\s-\s|\band\b|\bund\b|\bet\b|\by\b)\s*")


def _words(table: str) -> frozenset[str]:
    return frozenset(
        plain(word) for line in table.splitlines() for word in line.split(" | ") if word.strip()
    )


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """Fold case and drop emoji, colons and ornaments around a label."""
    kept = text if text.isascii() else "".join(map(_kept, unicodedata.normalize("NFC", text)))
    return " ".join(kept.split()).strip(_TRIM).casefold()


def _kept(char: str) -> str:
    """Return a letter or mark unchanged, and a space for an ornament, emoji or selector."""
    ornament = char > _LETTERS_END and unicodedata.category(char) in _ORNAMENTS
    return " " if ornament else char


_CERTAIN = _words(CERTAIN)
_POSSIBLE = _words(POSSIBLE)
_STOPS, _NOTES, _BIOGRAPHIES = _words(STOPS), _words(NOTES), _words(BIOGRAPHIES)
_LONGEST = 80


def names_takeaways(text: str) -> str:
    """Return "certain" or "possible" if `text` labels key points, otherwise an empty string."""
    if len(text) > _LONGEST:
        return ""
    word = plain(text)
    if word in _CERTAIN or _ENGLISH.match(word) or _joins_labels(word):
        return "certain"
    return "possible" if word in _POSSIBLE else ""


def has_tail(text: str) -> bool:
    """Return whether a label goes on as a title may: "Seven takeaways from the vote"."""
    found = _ENGLISH.match(plain(text))
    return bool(found and found["tail"])


def _joins_labels(word: str) -> bool:
    """Return whether labels are joined: "TL;DR – Key takeaways", "Key points and insights"."""
    parts = [part for part in _JOINED.split(word) if part]
    if not 2 <= len(parts) <= 3:  # noqa: PLR2004 - a label, not a sentence
        return False
    sure = [part in _CERTAIN or bool(_ENGLISH.match(part)) for part in parts]
    return any(sure) and all(
        known or part in _POSSIBLE or part in _BESIDE
        for known, part in zip(sure, parts, strict=True)
    )


def names_stop(text: str) -> bool:
    """Return whether `text` labels content after the article, such as related links."""
    return len(text) <= _LONGEST and plain(text) in _STOPS


def names_notes(text: str) -> bool:
    """Return whether `text` labels footnotes or sources."""
    return len(text) <= _LONGEST and plain(text) in _NOTES


def names_biography(text: str) -> bool:
    """Return whether `text` labels the author's biography."""
    return len(text) <= _LONGEST and plain(text) in _BIOGRAPHIES
