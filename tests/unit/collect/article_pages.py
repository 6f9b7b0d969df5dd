"""Small pages of the kinds that content management systems write, and what is right for each."""

from dataclasses import dataclass, field
from datetime import date

TEXT = {
    "en": (
        "The council of the harbor met on Tuesday and settled nothing for the second breakwater.",
        "Its members spoke for four hours, and the pilots who had come to listen left early.",
        "No one in the room wanted to pay for the stones before the surveyors had measured the mud.",
    ),
    "fr": (
        "Le conseil du port s’est réuni mardi sans rien décider pour la seconde digue du bassin.",
        "Les membres ont parlé quatre heures, et les pilotes venus écouter sont partis très tôt.",
        "Personne ne voulait payer les pierres avant que les géomètres aient mesuré la vase.",
    ),
    "de": (
        "Der Hafenrat tagte am Dienstag und entschied über den zweiten Wellenbrecher gar nichts.",
        "Die Mitglieder sprachen vier Stunden lang, und die Lotsen auf den Bänken gingen früh.",
        "Niemand wollte die Steine bezahlen, bevor die Vermesser den Schlick gemessen hatten.",
    ),
    "es": (
        "El consejo del puerto se reunió el martes y no decidió nada sobre el segundo espigón.",
        "Sus miembros hablaron durante cuatro horas, y los prácticos del puerto se fueron pronto.",
        "Nadie quería pagar las piedras antes de que los topógrafos midieran el fondo de lodo.",
    ),
    "pl": (
        "Rada portu zebrała się we wtorek i nie rozstrzygnęła niczego w sprawie drugiego falochronu.",
        "Jej członkowie mówili przez cztery godziny, a piloci, którzy przyszli słuchać, wyszli.",
        "Nikt nie chciał płacić za kamienie, zanim geodeci nie zmierzyli mułu na dnie basenu.",
    ),
    "ru": (
        "Совет порта собрался во вторник и ничего не решил о втором волноломе у входа в гавань.",
        "Его члены говорили четыре часа, и лоцманы, которые пришли послушать, ушли очень рано.",
        "Никто не хотел платить за камни, пока геодезисты не измерят толщину ила на дне.",
    ),
    "ko": (
        "항만위원회는 화요일에 모였지만 두 번째 방파제에 대해 아무것도 정하지 못했다.",
        "위원들은 네 시간 동안 발언했고, 들으러 온 도선사들은 일찍 자리를 떴다.",
        "측량사가 개펄의 깊이를 재기 전에는 누구도 돌값을 내려 하지 않았다.",
    ),
    "ja": (
        "港の評議会は火曜日に開かれたが、二つ目の防波堤については何も決まらなかった。",
        "委員たちは四時間にわたって話し、傍聴に来た水先案内人は早々に席を立った。",
        "測量士が泥の深さを測るまで、石の代金を払おうとする者は誰もいなかった。",
    ),
    "zh": (
        "港口委员会星期二开会，但对第二道防波堤没有作出任何决定，会议开了很久。",
        "委员们讲了四个小时，前来旁听的引航员早早离开了会场，没有人留下来。",
        "在测量员量出淤泥的深度之前，没有人愿意支付石料的费用，事情就这样搁置了。",
    ),
    "ar": (
        "اجتمع مجلس الميناء يوم الثلاثاء ولم يحسم شيئا بشأن حاجز الأمواج الثاني في المدخل.",
        "تحدث الأعضاء أربع ساعات كاملة، وغادر المرشدون الذين جاؤوا للاستماع في وقت مبكر.",
        "لم يرغب أحد في دفع ثمن الحجارة قبل أن يقيس المساحون عمق الطين في القاع.",
    ),
}
POINTS = {
    "en": ("The council postponed its vote.", "Pilots want the stones first.", "Mud decides the price."),
    "fr": ("Le conseil a reporté son vote.", "Les pilotes veulent d’abord les pierres.", "La vase fixe le prix."),
    "de": ("Der Rat hat seine Abstimmung vertagt.", "Die Lotsen wollen zuerst Steine.", "Der Schlick bestimmt den Preis."),
    "ko": ("위원회는 표결을 미루었다.", "도선사들은 돌을 먼저 원한다.", "개펄이 값을 정한다."),
    "ja": ("評議会は採決を延期した。", "水先案内人は石を先に求める。", "泥が価格を決める。"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """A page and what must be found in it; `without` must not be printed anywhere."""

    name: str
    html: str
    title: str = "The second breakwater"
    lang: str = "en"
    authors: tuple[str, ...] = ()
    published: date | None = None
    takeaways: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    image: str | None = None
    extra: tuple[str, ...] = ()
    url: str = "https://www.example.org/notes/second-breakwater"
    body: tuple[str, ...] = field(default=())


def prose(lang: str = "en", tag: str = "p") -> str:
    """Return the paragraphs of the text in a language."""
    return "".join(f"<{tag}>{line}</{tag}>" for line in TEXT[lang])


def listed(lang: str = "en", tag: str = "ul", item: str = "li") -> str:
    """Return the points in a language as a list."""
    items = "".join(f"<{item}>{point}</{item}>" for point in POINTS[lang])
    return f"<{tag}>{items}</{tag}>"


def document(
    body: str, *, head: str = "", lang: str = "en", title: str = "The second breakwater"
) -> str:
    """Return a whole page."""
    return f"<!DOCTYPE html><html lang='{lang}'><head><title>{title} | Harbor Notes</title>{head}</head><body>{body}</body></html>"


H1 = "<h1>The second breakwater</h1>"
DAY = date(2026, 11, 26)
OTHER = "".join(
    f"<article class='card'><h2><a href='/n/{n}'>Another story number {n}</a></h2>"
    f"<p>A short line about story number {n}, with a link to read it.</p></article>"
    for n in range(1, 5)
)
PAGES = (
    ArticlePage(
        "ghost",
        document(
            f"<main><article class='gh-article post'><header class='gh-article-header'><a class='gh-article-tag' href='/tag/ports/'>Ports</a>{H1}"
            "<p class='gh-article-excerpt'>Four hours, no stones.</p><div class='gh-article-meta'><h4 class='gh-article-author-name'><a href='/author/ada/'>Ada Quell</a></h4>"
            "<time class='gh-article-meta-date' datetime='2026-11-26'>Nov 26, 2026</time><span>5 min read</span></div></header>"
            f"<section class='gh-content'>{prose()}</section></article></main><section class='gh-cta'><h4>Sign up for more like this.</h4><a href='#/portal'>Enter your email</a></section>"
        ),
        authors=("Ada Quell",),
        published=DAY,
        without=("Sign up for more", "5 min read"),
    ),
    ArticlePage(
        "drupal",
        document(
            f"<div class='region-content'><article class='node node--type-article'><h1 class='page-title'><span class='field--name-title'>The second breakwater</span></h1>"
            "<div class='node__meta'>Submitted by <span>Bo Crane</span> on <span>Thu, 11/26/2026 - 08:00</span></div>"
            f"<div class='field--name-body'>{prose()}</div><ul class='links inline'><li><a href='/user/login'>Log in</a> to post comments</li></ul></article></div>"
        ),
        authors=("Bo Crane",),
        published=DAY,
        without=("Log in", "Submitted by"),
    ),
    ArticlePage(
        "joomla, dt and dd",
        document(
            f"<div class='item-page'><h1 itemprop='headline'>The second breakwater</h1><dl class='article-info'><dt class='article-info-term'>Details</dt>"
            "<dd class='createdby'>Written by: <span itemprop='name'>Ada Quell</span></dd><dd class='published'><time datetime='2026-11-26T08:00:00+00:00'>Published: 26 November 2026</time></dd>"
            f"<dd class='hits'>Hits: 302</dd></dl><div itemprop='articleBody'>{prose()}</div></div>"
        ),
        authors=("Ada Quell",),
        published=DAY,
        without=("Hits: 302",),
    ),
    ArticlePage(
        "typo3, German",
        document(
            f"<div class='news news-single'><div class='article'><h1>Der zweite Wellenbrecher</h1><div class='news-list-date'><time datetime='2026-11-26'>26.11.2026</time></div>"
            f"<p class='author'>Von Ada Quell</p><h3>Das Wichtigste in Kürze</h3>{listed('de')}{prose('de')}</div></div>",
            lang="de",
            title="Der zweite Wellenbrecher",
        ),
        title="Der zweite Wellenbrecher",
        lang="de",
        authors=("Ada Quell",),
        published=DAY,
        takeaways=POINTS["de"],
    ),
    ArticlePage(
        "blogger",
        document(
            f"<div class='post hentry'><h3 class='post-title entry-title'>The second breakwater</h3><div class='post-body entry-content'>{prose()}</div>"
            "<div class='post-footer'><span class='post-author vcard'>Posted by <span class='fn'>Ada Quell</span></span> at <abbr class='published' title='2026-11-26T08:00:00Z'>8:00 AM</abbr></div></div><h2>Blog archive</h2><ul><li><a href='/2025/'>2025 (12)</a></li></ul>"
        ),
        authors=("Ada Quell",),
        published=DAY,
        without=("Blog archive", "2025 (12)"),
    ),
    ArticlePage(
        "several articles, the first is meant",
        document(
            f"<article class='main'>{H1}<p class='byline'>By Ada Quell</p>{prose()}</article>{OTHER}"
        ),
        authors=("Ada Quell",),
        without=("Another story", "A short line about"),
    ),
    ArticlePage(
        "several whole articles below each other",
        document(
            f"<article id='a'>{H1}<p class='byline'>By Ada Quell</p>{prose()}</article>"
            f"<article id='b'><h1>A pier in the north</h1><p class='byline'>By Bo Crane</p><p>{'Planks rot from below, and the town that owns them looks away. ' * 3}</p><p>{'Its budget has a line for paint and none for wood, every year. ' * 3}</p></article>"
        ),
        authors=("Ada Quell",),
        without=("Planks rot", "A pier in the north", "Bo Crane"),
    ),
    ArticlePage(
        "infinite scroll, the canonical one is second",
        document(
            f"<article><h1>A pier in the north</h1><p class='byline'>By Bo Crane</p><p>{'Planks rot from below, and the town that owns them looks away. ' * 3}</p></article>"
            f"<article><h1>The second breakwater</h1><p class='byline'>By Ada Quell</p>{prose()}</article>",
            head="<meta property='og:title' content='The second breakwater'>",
        ),
        authors=("Ada Quell",),
        without=("Planks rot",),
    ),
    ArticlePage(
        "key points in a short article",
        document(f"<article>{H1}<h2>Key points</h2>{listed()}<p>{TEXT['en'][0]}</p></article>"),
        takeaways=POINTS["en"],
        body=TEXT["en"][:1],
    ),
    ArticlePage(
        "nothing but key points",
        document(f"<article>{H1}<h2>Key takeaways</h2>{listed()}</article>"),
        takeaways=POINTS["en"],
        body=(),
        extra=("no text",),
    ),
    ArticlePage(
        "points above the byline",
        document(
            f"<main>{H1}<div class='key-points'><p>Key points</p>{listed()}</div><p class='byline'>By Ada Quell</p><time datetime='2026-11-26'>26 November 2026</time>{prose()}</main>"
        ),
        authors=("Ada Quell",),
        published=DAY,
        takeaways=POINTS["en"],
    ),
    ArticlePage(
        "French, with à retenir",
        document(
            f"<article><h1>La seconde digue</h1><p class='auteur'>Par Ada Quell, chercheuse</p><p class='date'>Publié le 26 novembre 2026 à 08h00</p><aside><h2>À retenir</h2>{listed('fr')}</aside>{prose('fr')}"
            "<p class='abo'>Déjà abonné ? Connectez-vous.</p></article>",
            lang="fr",
            title="La seconde digue",
        ),
        title="La seconde digue",
        lang="fr",
        authors=("Ada Quell",),
        published=DAY,
        takeaways=POINTS["fr"],
        without=("Déjà abonné",),
    ),
    ArticlePage(
        "Polish date",
        document(
            f"<article><h1>Drugi falochron</h1><div class='meta'><span class='author'>Autor: Ada Quell</span> <span class='date'>26 listopada 2026 r.</span></div>{prose('pl')}</article>",
            lang="pl",
            title="Drugi falochron",
        ),
        title="Drugi falochron",
        lang="pl",
        authors=("Ada Quell",),
        published=DAY,
    ),
    ArticlePage(
        "Russian, updated first",
        document(
            f"<article><h1>Второй волнолом</h1><p class='date'>Обновлено: 27 ноября 2026</p><p class='date'>Опубликовано: 26 ноября 2026 г.</p><p class='author'>Автор: Ада Квелл</p>{prose('ru')}</article>",
            lang="ru",
            title="Второй волнолом",
        ),
        title="Второй волнолом",
        lang="ru",
        authors=("Ада Квелл",),
        published=DAY,
    ),
    ArticlePage(
        "Korean news",
        document(
            f"<div id='article-view'><h3 class='heading'>두 번째 방파제</h3><ul class='infomation'><li>기자명 김하늘 기자</li><li>입력 2026.11.26 08:00</li><li>수정 2026.11.27 09:00</li></ul><div class='box'><strong>핵심 요약</strong>{listed('ko')}</div><div id='article-body'>{prose('ko')}</div><p>저작권자 © 항만일보 무단전재 및 재배포 금지</p></div>",
            lang="ko",
            title="두 번째 방파제",
            head="<meta property='og:title' content='두 번째 방파제'>",
        ),
        title="두 번째 방파제",
        lang="ko",
        authors=("김하늘",),
        published=DAY,
        takeaways=POINTS["ko"],
        without=("무단전재",),
    ),
    ArticlePage(
        "Japanese, declared as English",
        document(
            f"<article><h1>二つ目の防波堤</h1><p class='date'>公開日：2026年11月26日</p><div><p>この記事のポイント</p>{listed('ja')}</div>{prose('ja')}</article>",
            title="二つ目の防波堤",
        ),
        title="二つ目の防波堤",
        lang="ja",
        published=DAY,
        takeaways=POINTS["ja"],
    ),
    ArticlePage(
        "Chinese",
        document(
            f"<div class='article'><h1>第二道防波堤</h1><div class='info'>来源：港口日报　作者：林海　发布时间：2026-11-26 08:00</div>{prose('zh')}</div>",
            lang="zh-CN",
            title="第二道防波堤",
        ),
        title="第二道防波堤",
        lang="zh-CN",
        authors=("林海",),
        published=DAY,
    ),
    ArticlePage(
        "Arabic",
        document(
            f"<article dir='rtl'><h1>حاجز الأمواج الثاني</h1><p class='byline'>بقلم: ليلى حداد</p><time datetime='2026-11-26'>26 نوفمبر 2026</time>{prose('ar')}</article>",
            lang="ar",
            title="حاجز الأمواج الثاني",
        ),
        title="حاجز الأمواج الثاني",
        lang="ar",
        authors=("ليلى حداد",),
        published=DAY,
    ),
    ArticlePage(
        "Spanish, reservado a suscriptores",
        document(
            f"<article><h1>El segundo espigón</h1><p class='firma'>Por Ada Quell</p><p class='fecha'>26 de noviembre de 2026</p>{prose('es')}<div><p>¿Ya eres suscriptor? Inicia sesión</p><ul><li>Acceso ilimitado</li><li>Cancela cuando quieras</li></ul></div></article>",
            lang="es",
            title="El segundo espigón",
        ),
        title="El segundo espigón",
        lang="es",
        authors=("Ada Quell",),
        published=DAY,
        without=("Ya eres suscriptor", "Acceso ilimitado", "Cancela cuando"),
    ),
    ArticlePage(
        "paywall with offers",
        document(
            f"<article>{H1}{prose()}<div><p>Already a subscriber? Sign in</p><ul><li>Unlimited articles</li><li>Weekly e-paper</li><li>Cancel anytime</li></ul><p>From 3 € a month</p></div></article>"
        ),
        without=("Already a subscriber", "e-paper", "Unlimited", "Cancel anytime", "3 € a month"),
    ),
    ArticlePage(
        "paywall, German",
        document(
            f"<article><h1>Der zweite Wellenbrecher</h1>{prose('de')}<section><h3>Weiterlesen mit H+</h3><ul><li>Alle Artikel frei</li><li>Digitale Wochenzeitung</li><li>Jederzeit kündbar</li></ul><p>Jetzt testen</p></section></article>",
            lang="de",
            title="Der zweite Wellenbrecher",
        ),
        title="Der zweite Wellenbrecher",
        lang="de",
        without=(
            "Jederzeit kündbar",
            "Digitale Wochenzeitung",
            "Alle Artikel frei",
            "Jetzt testen",
        ),
    ),
    ArticlePage(
        "photographer and editor",
        document(
            f"<article>{H1}<div class='credits'>Text: Ada Quell | Photos: Bo Crane | Edited by Cy Dorn</div><p class='date'>November 26, 2026</p>{prose()}<figure><img src='/img/pier.jpg' width='1200' height='800' alt='The pier at low water'><figcaption>Photo: Bo Crane</figcaption></figure></article>"
        ),
        authors=("Ada Quell",),
        published=DAY,
        without=("Cy Dorn",),
        image="https://www.example.org/img/pier.jpg",
    ),
    ArticlePage(
        "commenters and sidebar authors",
        document(
            f"<article>{H1}<time datetime='2026-11-26T08:00Z'></time>{prose()}</article><section id='comments'><h3>2 comments</h3><div class='comment'><span class='author'>Eve Frost</span><p>Stones are cheap in the spring, as everyone in this town has known for years.</p></div></section><aside><h4>Our authors</h4><p class='author'>Gil Hart</p></aside>"
        ),
        published=DAY,
        without=("Eve Frost", "Stones are cheap", "Gil Hart"),
    ),
    ArticlePage(
        "organization as author",
        document(
            f"<article>{H1}{prose()}</article>",
            head='<script type="application/ld+json">{"@context":"https://schema.org","@type":"NewsArticle","headline":"The second breakwater","datePublished":"2026-11-26T08:00:00+09:00","author":{"@type":"Organization","name":"Harbor Notes"}}</script>',
        ),
        published=DAY,
    ),
    ArticlePage(
        "JSON-LD graph with ids",
        document(
            f"<article>{H1}{prose()}</article>",
            head='<script type="application/ld+json">{"@graph":[{"@type":"Person","@id":"#p1","name":"Ada Quell"},{"@type":"Person","@id":"#p2","name":"Bo Crane"},{"@type":["Article","OpinionNewsArticle"],"headline":"The second breakwater","datePublished":"2026-11-26","dateModified":"2026-11-28","author":[{"@id":"#p1"},{"@id":"#p2"}]}]}</script>',
        ),
        authors=("Ada Quell", "Bo Crane"),
        published=DAY,
    ),
    ArticlePage(
        "no date at all, but one in the text",
        document(
            f"<article>{H1}<p class='byline'>By Ada Quell</p>{prose()}<p>The first breakwater was opened on 3 March 1987 with a brass band and two ferries.</p></article><footer>© 2026 Harbor Notes. Last updated 1 November 2026</footer>"
        ),
        authors=("Ada Quell",),
    ),
    ArticlePage(
        "date only of the change",
        document(
            f"<article>{H1}<p class='meta'>By Ada Quell · Last updated: 27 November 2026</p>{prose()}</article>"
        ),
        authors=("Ada Quell",),
    ),
    ArticlePage(
        "date of an event in the title block",
        document(
            f"<article>{H1}<p class='event'>Event: 3 December 2026, 18:30, Harbor Hall</p><p class='posted'>Posted on 26 November 2026 by Ada Quell</p>{prose()}</article>"
        ),
        authors=("Ada Quell",),
        published=DAY,
    ),
    ArticlePage(
        "two names and roles on lines",
        document(
            f"<article>{H1}<div class='authors'><p>Ada Quell<br>Senior Fellow, Harbor Institute</p><p>Bo Crane<br>Research Assistant</p></div><p class='date'>26 Nov 2026</p>{prose()}</article>"
        ),
        authors=("Ada Quell", "Bo Crane"),
        published=DAY,
    ),
    ArticlePage(
        "base and protocol-relative picture",
        document(
            f"<article>{H1}<img src='//cdn.example.org/a/avatar-ada.png' width='60' height='60'><img data-src='img/pier.jpg' src='data:image/gif;base64,R0lGOD' width='900' height='600' alt=''>{prose()}</article>",
            head="<base href='https://static.example.org/2026/'>",
        ),
        image="https://static.example.org/2026/img/pier.jpg",
    ),
    ArticlePage(
        "logo as og:image",
        document(
            f"<article>{H1}<figure><img src='https://www.example.org/img/quay.jpg' width='1000' height='700' alt='Quay'></figure>{prose()}</article>",
            head="<meta property='og:image' content='https://www.example.org/static/logo-512.png'>",
        ),
        image="https://www.example.org/img/quay.jpg",
    ),
    ArticlePage(
        "soft hyphens and decomposed accents",
        document(
            "<article><h1>The sec\u00adond break\u00adwater</h1>"
            + prose()
            + "<p>The cafe\u0301 on the pier is open all win\u00adter, and its owner counts the ships.</p></article>",
            title="The second breakwater",
        ),
        extra=("The café on the pier is open all winter, and its owner counts the ships.",),
    ),
    ArticlePage(
        "unclosed nav swallows main",
        document(f"<nav><ul><li><a href='/'>Home</a><main><article>{H1}{prose()}</article></main>"),
        without=("Home",),
    ),
    ArticlePage(
        "Next.js streaming",
        document(
            f"<div><!--$?--><template id='B:0'></template></div><div hidden id='S:0'><main>{H1}<p class='byline'>By Ada Quell</p>{prose()}</main></div><script>$RC('B:0','S:0')</script>"
        ),
        authors=("Ada Quell",),
    ),
    ArticlePage(
        "table of contents and FAQ",
        document(
            f"<article>{H1}<div class='toc'><p>Table of contents</p><ul><li><a href='#a'>What the council said about it</a></li><li><a href='#b'>What the pilots want from it</a></li></ul></div>{prose()}<h2>FAQ</h2><h3>Who pays for the stones?</h3><p>No one does, until the surveyors have measured all of the mud.</p></article>"
        ),
        without=("What the pilots want from it",),
    ),
    ArticlePage(
        "title that looks like a label",
        document(
            "<article><h1>Seven takeaways from the quay vote</h1><ul class='byline'><li>By Ada Quell</li><li>Harbor correspondent</li><li>26 November 2026</li></ul>"
            + prose()
            + "</article>",
            title="Seven takeaways from the quay vote",
        ),
        title="Seven takeaways from the quay vote",
        authors=("Ada Quell",),
        published=DAY,
    ),
    ArticlePage(
        "details and summary",
        document(
            f"<article>{H1}<p>By Ada Quell</p><details open><summary>Key Takeaways</summary>{''.join(f'<p>{point}</p>' for point in POINTS['en'])}</details>{prose()}</article>"
        ),
        authors=("Ada Quell",),
        takeaways=POINTS["en"],
    ),
    ArticlePage(
        "a table of points",
        document(
            f"<article>{H1}<table><tr><th>Key takeaways</th></tr>{''.join(f'<tr><td>{point}</td></tr>' for point in POINTS['en'])}</table>{prose()}</article>"
        ),
        takeaways=POINTS["en"],
    ),
    ArticlePage(
        "role list",
        document(
            f"<article>{H1}<div class='summary'><span class='h'>Key points</span><div role='list'>{''.join(f'<div role=listitem>{point}</div>' for point in POINTS['en'])}</div></div>{prose()}</article>"
        ),
        takeaways=POINTS["en"],
    ),
    ArticlePage(
        "specification box and cookie banner",
        document(
            f"<div class='cookie-banner'><h2>Summary</h2><ul><li>We use cookies to make the site work for you.</li><li>You can change your settings at any time.</li></ul></div><article>{H1}<div class='product-specs'><h3>Highlights</h3><ul><li>Weight: 12 kg with the battery</li><li>Range: 40 km on one charge</li></ul></div>{prose()}</article>"
        ),
        without=("We use cookies", "change your settings"),
    ),
    ArticlePage(
        "MediaWiki",
        document(
            f"<h1 id='firstHeading'>The second breakwater</h1><div id='siteSub'>From Harbor Wiki</div><div id='mw-content-text'><div class='mw-parser-output'>{prose()}<div id='toc' class='toc'><h2>Contents</h2><ul><li><a href='#x'>1 History</a></li></ul></div><h2>History<span class='mw-editsection'>[<a href='/e'>edit</a>]</span></h2><p>It was first proposed in 1987 by a retired pilot with a map and a pencil.</p></div></div><div id='footer'>This page was last edited on 26 November 2026.</div>"
        ),
        without=("last edited",),
    ),
    ArticlePage(
        "AMP",
        document(
            f"<main><article class='amp-wp-article'><header><h1 class='amp-wp-title'>The second breakwater</h1><div class='amp-wp-meta amp-wp-byline'><amp-img src='/a.png' width='24' height='24'></amp-img><span class='amp-wp-author author vcard'>Ada Quell</span></div><div class='amp-wp-meta amp-wp-posted-on'><time datetime='2026-11-26T08:00:00+00:00'>2 days ago</time></div></header><div class='amp-wp-article-content'>{prose()}</div></article></main>"
        ),
        authors=("Ada Quell",),
        published=DAY,
    ),
    ArticlePage(
        "role glued to the name",
        document(
            f"<article>{H1}<div class='byline'><span class='name'>Ada Quell</span><span class='role'>Fellow</span></div><span class='date'>26 November 2026</span>{prose()}</article>"
        ),
        authors=("Ada Quell",),
        published=DAY,
    ),
    ArticlePage(
        "Dutch, twee auteurs",
        document(
            f"<article>{H1}<p class='author'>Door Ada Quell en Bo Crane</p><p class='date'>Gepubliceerd op 26 november 2026</p>{prose()}</article>"
        ),
        authors=("Ada Quell", "Bo Crane"),
        published=DAY,
    ),
    ArticlePage(
        "Turkish date line",
        document(
            f"<article>{H1}<div class='meta'><span class='author'>Yazan: Ada Quell</span><span class='date'>26 Kasım 2026</span></div>{prose()}</article>"
        ),
        authors=("Ada Quell",),
        published=DAY,
    ),
    ArticlePage(
        "Substack",
        document(
            f"<div class='single-post'><article class='newsletter-post post'><div class='post-header'><h1 class='post-title'>The second breakwater</h1><h3 class='subtitle'>Four hours, no stones</h3><div class='pencraft'><a href='https://substack.com/@ada'>Ada Quell</a></div><div class='pencraft'>Nov 26, 2026</div><div>12</div><div>Share</div></div><div class='available-content'><div class='body markup'>{prose()}<div class='subscription-widget'><p>Thanks for reading Harbor Notes! Subscribe for free to receive new posts.</p><button>Subscribe</button></div></div></div></article></div>",
            head='<meta name="author" content="Ada Quell">',
        ),
        authors=("Ada Quell",),
        published=DAY,
        without=("Thanks for reading",),
    ),
)
