"""Small pages with and without key points, in fifteen languages; written for these tests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """What a publisher in a language prints: labels, a title, a byline, points and a paragraph."""

    code: str
    labels: tuple[str, ...]
    title: str
    byline: str
    points: tuple[str, str, str]
    paragraph: str


LANGUAGES = (
    Language(
        "en", ("Key Takeaways", "What you need to know", "TL;DR"), "The Harbor Pays Twice", "By Ada Quell",
        ("The new pier cost twice what the council had planned.", "Two of three ferries now leave from the south bank.",
         "Rents near the old dock fell for the first time in years."),
        "The council of the harbor town met on Tuesday and argued for four hours about a wall that no one wanted to pay for.",
    ),
    Language(
        "de", ("Das Wichtigste in Kürze", "Auf einen Blick", "Kernpunkte"), "Der Hafen zahlt doppelt", "Von Jonas Brück",
        ("Der neue Anleger kostete doppelt so viel wie geplant.", "Zwei von drei Fähren legen jetzt am Südufer ab.",
         "Die Mieten am alten Dock sanken zum ersten Mal seit Jahren."),
        "Der Rat der Hafenstadt tagte am Dienstag und stritt vier Stunden lang über eine Mauer, die niemand bezahlen wollte.",
    ),
    Language(
        "fr", ("À retenir", "L’essentiel", "Points clés"), "Le port paie deux fois", "Par Élise Morin",
        ("Le nouveau quai a coûté deux fois plus que prévu.", "Deux ferries sur trois partent désormais de la rive sud.",
         "Les loyers près du vieux bassin ont baissé pour la première fois."),
        "Le conseil de la ville portuaire s’est réuni mardi et a débattu pendant quatre heures d’un mur que personne ne voulait payer.",
    ),
    Language(
        "es", ("Puntos clave", "Lo más importante", "Las claves"), "El puerto paga dos veces", "Por Lucía Marín",
        ("El nuevo muelle costó el doble de lo previsto.", "Dos de cada tres ferris salen ahora de la orilla sur.",
         "Los alquileres junto al viejo muelle bajaron por primera vez."),
        "El consejo de la ciudad portuaria se reunió el martes y discutió durante cuatro horas sobre un muro que nadie quería pagar.",
    ),
    Language(
        "it", ("Punti chiave", "In sintesi", "I punti salienti"), "Il porto paga due volte", "Di Marta Fonti",
        ("Il nuovo molo è costato il doppio del previsto.", "Due traghetti su tre partono ora dalla riva sud.",
         "Gli affitti vicino al vecchio molo sono scesi per la prima volta."),
        "Il consiglio della città portuale si è riunito martedì e ha discusso per quattro ore di un muro che nessuno voleva pagare.",
    ),
    Language(
        "pt", ("Pontos-chave", "Principais conclusões", "O essencial"), "O porto paga duas vezes", "Por Rui Salgado",
        ("O novo cais custou o dobro do que estava previsto.", "Dois em cada três barcos partem agora da margem sul.",
         "As rendas junto ao velho cais desceram pela primeira vez."),
        "O conselho da cidade portuária reuniu-se na terça-feira e discutiu durante quatro horas um muro que ninguém queria pagar.",
    ),
    Language(
        "nl", ("Belangrijkste punten", "In het kort", "Kernpunten"), "De haven betaalt dubbel", "Door Joost Kade",
        ("De nieuwe steiger kostte twee keer zoveel als gepland.", "Twee van de drie veren vertrekken nu van de zuidoever.",
         "De huren bij het oude dok daalden voor het eerst in jaren."),
        "De raad van de havenstad kwam dinsdag bijeen en sprak vier uur lang over een muur die niemand wilde betalen.",
    ),
    Language(
        "sv", ("Det viktigaste", "I korthet", "Viktiga punkter"), "Hamnen betalar dubbelt", "Av Karin Sjö",
        ("Den nya bryggan kostade dubbelt så mycket som planerat.", "Två av tre färjor går nu från den södra stranden.",
         "Hyrorna vid den gamla dockan sjönk för första gången."),
        "Rådet i hamnstaden möttes på tisdagen och talade i fyra timmar om en mur som ingen ville betala för.",
    ),
    Language(
        "pl", ("Najważniejsze informacje", "W skrócie", "Kluczowe wnioski"), "Port płaci podwójnie", "Autor: Jan Molo",
        ("Nowe molo kosztowało dwa razy więcej, niż planowano.", "Dwa z trzech promów odpływają teraz z południowego brzegu.",
         "Czynsze przy starym doku spadły po raz pierwszy od lat."),
        "Rada miasta portowego zebrała się we wtorek i przez cztery godziny spierała się o mur, za który nikt nie chciał płacić.",
    ),
    Language(
        "ru", ("Ключевые выводы", "Главное", "Коротко о главном"), "Порт платит дважды", "Автор: Анна Пристань",
        ("Новый причал обошёлся вдвое дороже, чем планировали.", "Два парома из трёх теперь отходят от южного берега.",
         "Аренда у старого дока подешевела впервые за многие годы."),
        "Совет портового города собрался во вторник и четыре часа спорил о стене, за которую никто не хотел платить.",
    ),
    Language(
        "tr", ("Öne çıkanlar", "Önemli noktalar", "Kısaca"), "Liman iki kez ödüyor", "Yazar: Deniz Kaya",
        ("Yeni iskele planlanandan iki kat daha pahalıya mal oldu.", "Üç feribottan ikisi artık güney kıyısından kalkıyor.",
         "Eski rıhtımın yanındaki kiralar yıllar sonra ilk kez düştü."),
        "Liman kentinin meclisi salı günü toplandı ve kimsenin ödemek istemediği bir duvarı dört saat boyunca tartıştı.",
    ),
    Language(
        "ko", ("핵심 요약", "주요 내용", "한눈에 보기"), "항구는 두 번 낸다", "글 김하늘",
        ("새 부두는 계획보다 두 배나 많은 비용이 들었다.", "이제 세 척 가운데 두 척이 남쪽 강변에서 출발한다.",
         "옛 선착장 근처의 임대료가 몇 년 만에 처음으로 내렸다."),
        "항구 도시의 의회는 화요일에 모여 아무도 비용을 내려 하지 않는 방파제를 두고 네 시간 동안 논쟁을 벌였다.",
    ),
    Language(
        "ja", ("この記事のポイント", "要点", "3行まとめ"), "港は二度支払う", "文：青木汐",
        ("新しい桟橋の費用は計画の二倍に膨らんだ。", "三隻のうち二隻の渡し船が南岸から出るようになった。",
         "古い船着き場の近くの家賃が数年ぶりに下がった。"),
        "港町の議会は火曜日に開かれ、誰も費用を払いたがらない防波堤について四時間にわたって議論を続けた。",
    ),
    Language(
        "zh", ("核心要点", "本文要点", "关键要点"), "港口付了两次钱", "作者：林海",
        ("新码头的花费是原计划的两倍。", "三艘渡轮中有两艘现在从南岸出发。", "老船坞附近的租金多年来首次下降。"),
        "港口城市的议会在星期二开会，为一道谁也不愿出钱的防波堤争论了四个小时，最后什么也没有决定下来。",
    ),
    Language(
        "ar", ("أهم النقاط", "النقاط الرئيسية", "أبرز النقاط"), "الميناء يدفع مرتين", "بقلم ليلى مرسى",
        ("كلف الرصيف الجديد ضعف ما خطط له المجلس من قبل.", "عبارتان من كل ثلاث تنطلقان الآن من الضفة الجنوبية.",
         "انخفضت الإيجارات قرب الحوض القديم للمرة الأولى منذ سنوات."),
        "اجتمع مجلس المدينة الساحلية يوم الثلاثاء وناقش طوال أربع ساعات جدارا لم يرغب أحد في دفع ثمنه على الإطلاق.",
    ),
)  # fmt: skip
ENGLISH = LANGUAGES[0]


def tags(name: str, texts: tuple[str, ...]) -> str:
    """Return each text in an element."""
    return "".join(f"<{name}>{text}</{name}>" for text in texts)


def _dl(label: str, points: tuple[str, ...]) -> str:
    return f"<h2>{label}</h2><dl>{tags('dd', points)}</dl>"


def _dl_with_label(label: str, points: tuple[str, ...]) -> str:
    return f"<dl><dt>{label}</dt>{tags('dd', points)}</dl>"


def _table(label: str, points: tuple[str, ...]) -> str:
    rows = "".join(f"<tr><td>{n}</td><td>{point}</td></tr>" for n, point in enumerate(points, 1))
    return f"<table><thead><tr><th colspan=2>{label}</th></tr></thead><tbody>{rows}</tbody></table>"


def _table_below(label: str, points: tuple[str, ...]) -> str:
    rows = "".join(f"<tr><td>{point}</td></tr>" for point in points)
    return f"<h3>{label}</h3><table>{rows}</table>"


def _roles(label: str, points: tuple[str, ...]) -> str:
    items = "".join(f'<div role="listitem">{point}</div>' for point in points)
    return f'<h2>{label}</h2><div role="list">{items}</div>'


def _details(label: str, points: tuple[str, ...]) -> str:
    return f"<details open><summary>{label}</summary>{tags('p', points)}</details>"


def _wide_numbers(label: str, points: tuple[str, ...]) -> str:
    wide = "１２３４５"
    return f"<h2>{label}</h2>" + "".join(f"<p>{wide[n]}．{p}</p>" for n, p in enumerate(points))


def _circled(label: str, points: tuple[str, ...]) -> str:
    return f"<h2>{label}</h2>" + "".join(
        f"<p>{chr(0x2460 + n)} {p}</p>" for n, p in enumerate(points)
    )


def _repeated(label: str, points: tuple[str, ...]) -> str:
    return "".join(f"<p><strong>{label}:</strong> {point}</p>" for point in points)


FORMS: dict[str, Callable[[str, tuple[str, ...]], str]] = {
    "heading and list": lambda label, points: f"<h2>{label}</h2><ul>{tags('li', points)}</ul>",
    "bold line and list": lambda label, points: (
        f"<p><b>{label}:</b></p><ol>{tags('li', points)}</ol>"
    ),
    "aside": lambda label, points: f"<aside><h4>{label}</h4>{tags('p', points)}</aside>",
    "box": lambda label, points: (
        f'<div class="summary-box"><div>{label}</div>{tags("p", points)}</div>'
    ),
    "lines in a paragraph": lambda label, points: (
        f"<p><strong>{label}</strong><br>{'<br>'.join(points)}</p>"
    ),
    "dashes": lambda label, points: f"<h3>{label}</h3>{''.join(f'<p>– {p}</p>' for p in points)}",
    "description list": _dl,
    "description list with its label": _dl_with_label,
    "table with its label": _table,
    "table": _table_below,
    "list by roles": _roles,
    "details with paragraphs": _details,
    "full-width numbers": _wide_numbers,
    "circled numbers": _circled,
    "repeated label": _repeated,
    "items with paragraphs": lambda label, points: (
        f"<h2>{label}</h2><ul>{tags('li', tuple(f'<p>{p}</p>' for p in points))}</ul>"
    ),
    "quotation": lambda label, points: (
        f"<blockquote><p>{label}</p><ul>{tags('li', points)}</ul></blockquote>"
    ),
    "figure": lambda label, points: (
        f"<section><header><h2>{label}</h2></header><div><ul>{tags('li', points)}</ul></div></section>"
    ),
}
REPEATABLE = frozenset({"repeated label"})


def page(language: Language, inner: str, *, title: str = "", after: str = "") -> str:
    """Return a page with `inner` between the byline and the text."""
    text = "".join(f"<p>{language.paragraph} ({n})</p>" for n in range(1, 6))
    direction = ' dir="rtl"' if language.code == "ar" else ""
    return (
        f'<!doctype html><html lang="{language.code}"{direction}><head><meta charset="utf-8">'
        f"<title>{title or language.title}</title></head><body><main><article>"
        f'<h1>{title or language.title}</h1><p class="byline">{language.byline}</p>'
        f'<p class="date"><time datetime="2026-10-05">5.10.2026</time></p>{inner}{text}{after}'
        "</article></main></body></html>"
    )


def marked_pages() -> Iterator[tuple[str, Language, str]]:
    """Yield name, language and page for every language, each in nine forms."""
    names = list(FORMS)
    for number, language in enumerate(LANGUAGES):
        for step in range(9):
            form = names[(number + 2 * step) % len(names)]
            label = language.labels[step % len(language.labels)]
            yield (
                f"{language.code}, {form}",
                language,
                page(language, FORMS[form](label, language.points)),
            )


_POINTS = f"<ul>{tags('li', ENGLISH.points)}</ul>"
_SHARE = "<ul><li>Share on Facebook</li><li>Tweet</li><li>Copy link</li></ul>"
LEFT_ALONE: dict[str, str] = {
    "share links below a heading": f"<h2>Key Takeaways</h2>{_SHARE}",
    "share links by class": f'<h2>Key Takeaways</h2><ul class="social-share"><li>{ENGLISH.points[0]}</li><li>{ENGLISH.points[1]}</li></ul>',
    "cookie banner": '<div class="cookie-banner"><h2>Highlights</h2><ul><li>We use cookies to measure our audience.</li>'
    "<li>We use cookies to show you personalized ads.</li></ul></div>",
    "cookie text without a class": "<h2>What you need to know</h2><ul><li>We use cookies and similar tools to run this site.</li>"
    "<li>You can withdraw your consent to cookies at any time.</li></ul>",
    "comments": f'<section id="comments"><h3>Key takeaways</h3>{_POINTS}</section>',
    "a comment's own list": f'<ol class="comment-list"><li><p>Key takeaways for me:</p>{_POINTS}</li></ol>',
    "specification table": "<h2>Key facts</h2><table><tr><th>Weight</th><td>3 kg</td></tr><tr><th>Length</th><td>40 cm</td></tr>"
    "<tr><th>Price</th><td>90 euros</td></tr></table>",
    "specification box": f'<div class="product-specs"><h3>Highlights</h3>{_POINTS}</div>',
    "table of contents": '<div class="toc"><h2>Summary</h2><ul><li><a href="#a">The pier and its builders</a></li>'
    '<li><a href="#b">Who pays for the wall</a></li></ul></div>',
    "table of contents without links": '<div id="ez-toc-container"><p>Overview</p><ul><li>The pier and all of its many builders</li>'
    "<li>The wall and those who pay for it</li></ul></div>",
    "questions and answers": "<h2>What you need to know</h2><ul><li>Who pays for the new pier?</li><li>When does the ferry leave?</li>"
    "<li>Why did rents fall near the dock?</li></ul>",
    "frequently asked questions": f'<section class="faq"><h2>Key points</h2>{_POINTS}</section>',
    "offer": "<h2>What you need to know</h2><ul><li>Unlimited articles from four dollars per month.</li>"
    "<li>Cancel your subscription at any time.</li></ul>",
    "offer by class": f'<div class="paywall"><h3>Highlights</h3>{_POINTS}</div>',
    "call to subscribe": "<h3>The essentials</h3><p>- Subscribe to our free newsletter every week.</p><p>- Sign up in one minute.</p>",
    "other articles": "<h2>Highlights</h2><ul>"
    + "".join(f'<li><a href="/{n}">Another long headline of this site, number {n}</a></li>' for n in range(4)) + "</ul>",
    "related articles by class": f'<div class="related"><h3>Key points</h3>{_POINTS}</div>',
    "navigation": f'<div role="navigation"><h3>Highlights</h3>{_POINTS}</div>',
    "sponsor": f'<div class="sponsored"><h3>Key points</h3>{_POINTS}</div>',
    "an ordinary section": "<h2>Key Takeaways</h2><p>The council met again in the evening and decided nothing at all about it.</p>"
    "<p>It will meet again in spring, when the ferry company has answered its letter.</p>",
    "a sentence": f"<p>There are three key takeaways from the vote in the council.</p>{_POINTS}",
    "a sentence with a colon": f"<p>Here is what the harbor master said about the vote:</p>{_POINTS}",
    "an ordinary list": f"<h2>What the council decided</h2>{_POINTS}",
    "short facts": "<h3>At a glance</h3><ul><li>Harbor</li><li>1926</li><li>4 piers</li></ul>",
    "dates": "<h2>Key points</h2><ul><li>5 October 2026</li><li>6 October 2026</li></ul>",
    "a byline": "<h2>Takeaways</h2><ul><li>By Ada Quell</li><li>Staff writer of the harbor desk</li></ul>",
    "the same box three times": "".join(f"<h4>Highlights</h4>{_POINTS}<p>Next.</p>" for _ in range(3)),
    "footer": f"</article><footer><h3>Key points</h3>{_POINTS}</footer><article>",
    "a linked label": f'<p><a href="/x">Key Takeaways</a></p>{_POINTS}',
    "a German offer": "<h2>Auf einen Blick</h2><ul><li>Jetzt testen und einen Monat gratis lesen.</li><li>Abonnement monatlich kündbar.</li></ul>",
    "a Korean offer": "<h2>주요 내용</h2><ul><li>지금 구독하고 모든 기사를 읽으세요.</li><li>구독은 언제든지 해지할 수 있습니다.</li></ul>",
}  # fmt: skip
TITLES = (
    "Seven Takeaways from the Quay Vote", "Key Takeaways from the Harbor Summit", "5 Lessons from the Ferry Strike",
    "Three Key Points on the New Pier", "The Key Findings of the Harbor Report", "Key Takeaways",
)  # fmt: skip
UNDER_TITLES = {
    "byline, role and date": '<ul class="meta"><li>Ada Quell, harbor correspondent of the paper</li><li>5 October 2026</li></ul>',
    "byline as lines": "<p>By Ada Quell<br>Harbor correspondent of the Morning Paper<br>5 October 2026</p>",
    "share links": _SHARE,
    "share links with long names": "<ul><li>Share this article on Facebook</li><li>Share this article on LinkedIn</li></ul>",
    "topics": '<ul class="tags"><li><a href="/t/1">Harbor and shipping policy</a></li><li><a href="/t/2">Town council of the harbor</a></li></ul>',
}
