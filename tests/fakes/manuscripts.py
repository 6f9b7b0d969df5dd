"""Issues to render without a database: a typical issue, and the hardest possible one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.model.actor import Actor
from newsletter.model.article import Author, Extracted, Footnote, Image, Section
from newsletter.model.article_address import ArticleSigner
from newsletter.model.cadence import Cadence
from newsletter.model.edition import Contents
from newsletter.model.issue import Block, Issue, IssueKind, Item, Takeaways, Text
from newsletter.model.publication import Brand, Mailbox, Newsletter, Publication, Topic
from newsletter.model.states import IssueState
from newsletter.render.templates import Templates, open_templates
from newsletter.render.view import RenderContext

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")
ARTICLES = ArticleSigner([b"k" * 32])


PORTS = (
    "Ports along the eastern coast have begun to publish their waiting times every morning.",
    "This article asks what the new figures mean for shipping lines and their customers.",
    "Shipping lines answered within a week by moving two of their services to the south.",
    "However, the insurers of the eastern ports asked for the same figures in writing.",
    "The waiting times of the ports decide where shipping lines send their largest vessels.",
    "Will the ports publish waiting times for the winter months as well as for the summer?",
    "Customers who read the waiting times every morning have moved their orders to smaller ports.",
    "He said so.",
    "Insurers expect that published waiting times will lower the price of cover within two years.",
    "Waiting times that are published every morning let shipping lines plan a week ahead.",
    "The ministry has not decided whether the figures of the ports will become law next spring.",
    "Smaller ports in the south hired forty people to handle the services that shipping lines moved.",
)


def newsletter(**changes: Any) -> Newsletter:  # noqa: ANN401 - the fields of the value
    """Return a weekly newsletter with these changes."""
    weekly = Newsletter(
        key="weekly",
        title="The Weekly Brief",
        language="en",
        timezone=SEOUL,
        cadence=Cadence.parse("mon 08:00"),
    )
    return replace(weekly, **changes)


def publication(**changes: Any) -> Publication:  # noqa: ANN401 - the fields of the value
    """Return a publication with a few topics and these changes."""
    house = Publication(
        name="Peninsula Review",
        url="https://news.example.org",
        timezone=SEOUL,
        language="en",
        sender=Mailbox("Peninsula Review", "brief@example.org"),
        reply_to=None,
        postal_address="1 Example Street, Seoul 03045",
        provider="memory",
        topics=(
            Topic("us-rok-alliance", (("en", "US–ROK Alliance"), ("ko", "한미동맹"))),
            Topic("trade", (("en", "Trade"), ("ko", "통상"))),
            Topic("arctic", (("en", "Arctic"), ("ko", "북극"))),
        ),
        newsletters=(newsletter(),),
    )
    return replace(house, **changes)


def issue(**changes: Any) -> Issue:  # noqa: ANN401 - the fields of the value
    """Return a draft of Monday 30 November 2026."""
    draft = Issue(
        id=1,
        newsletter="weekly",
        number=42,
        kind=IssueKind.REGULAR,
        state=IssueState.DRAFT,
        reason="",
        nominal="2026-11-30T08:00",
        due_at=datetime(2026, 11, 29, 23, 0, tzinfo=UTC),
        subject="",
        preheader="",
        note="Good morning{name}. A quiet week in the headlines and a loud one in the ministries.",
        blocks=(),
        approved_hash="",
        approved_by=None,
        approved_at=None,
        leaves_at=None,
        corrects_issue_id=None,
        drafted_at=NOW,
        submitted_at=None,
        created_by=Actor.person("test"),
    )
    return replace(draft, **changes)


def item(article_id: int, **changes: Any) -> Item:  # noqa: ANN401 - the fields of the value
    """Return an included item with these changes."""
    plain = Item(
        article_id=article_id,
        position=article_id,
        included=True,
        reason="published 2026-11-24",
        title="Why shipyards became diplomacy",
        url=f"https://www.example.org/articles/{article_id}",
        kicker="",
        authors=(Author("Jordan Reyes"),),
        published="2026-11-24",
        topics=("Trade", "Supply Chains"),
        lang="en",
        direction="ltr",
        minutes=4,
        teaser=Text(
            "Orders once decided on price are now decided in ministries. What that means for"
            " yards, insurers, and the crews between them.",
            "description",
        ),
        takeaways=Takeaways(),
        tags=("trade", "supply-chains"),
    )
    return replace(plain, **changes)


SUMMIT = item(
    1,
    title="What the summit settled, what it left open, and what Seoul can do about the rest",
    kicker="Summit notes",
    authors=(Author("Mina Okafor", "Associate Professor", "Harbour University"),),
    published="2026-11-25",
    topics=("US–ROK Alliance", "Trade"),
    minutes=6,
    teaser=Text(
        "The first meeting of the two presidents went better than either side had feared, which is"
        " not the same as going well.",
        "body",
    ),
    takeaways=Takeaways(
        (
            (
                "The meeting avoided a rupture but settled little: trade, basing and the North all"
                " return to the working level."
            ),
            (
                "Supply chains are Seoul’s best card — and one that loses value every month it is not"
                " played."
            ),
            (
                "A written plan for the next six months would bind both capitals more than another"
                " photograph."
            ),
        ),
        "author",
    ),
    tags=("us-rok-alliance", "trade"),
)
ARCTIC = item(
    3,
    title="북극항로, 누가 먼저 여는가",
    kicker="북극",
    authors=(Author("이서연"),),
    published="2026-11-23",
    topics=("북극",),
    lang="ko",
    minutes=5,
    teaser=Text(
        "얼음이 물러난 자리에 규칙이 먼저 들어선다. 항만과 보험, 그리고 쇄빙선의 셈법을 짚는다.",
        "body",
    ),
    tags=("arctic",),
)
GOOD = (
    SUMMIT,
    item(2),
    ARCTIC,
    item(
        4,
        title="The quiet return of the hotline",
        authors=(Author("Ada Lind"),),
        topics=("Security",),
        tags=("security",),
    ),
    item(
        5,
        title="Reading the budget for what it does not say",
        authors=(Author("Tomás Lind"),),
        topics=("Economy",),
        tags=("economy",),
    ),
)
GOOD_CONTENTS = Contents((1, 2, 3), (4, 5))
EVENT = Block(
    "An evening on the Arctic",
    "Three of our authors talk about the northern route. Thursday 10 December, 18:30, Seoul.",
    "https://events.example.org/arctic",
    "Reserve a seat for the evening on the Arctic",
)
NOTE = """Good morning{name}. A quiet week in the **headlines** and a loud one in the *ministries*, as our
[harbor log](https://www.example.org/log?a=1&b=2) shows.

- The ports answered within a week.
- Insurers **asked again**, at https://insurers.example.org/letter.

1. First we read.
2. Then we wrote.

![Cranes over dark water](https://www.example.org/cranes.jpg)

--
Ada Quell
*Editor*"""
JOBS = Block(
    "Jobs",
    "We are looking for an **editor**.\n\n- Seoul, [Harbor Hall](https://hall.example.org)\n- from March",
)
SPONSOR = Block(
    "Marine cover for small ports",
    "**Harbor Insurance** supports this issue.",
    "https://insurance.example.org/",
    "Read about marine cover",
    sponsor=True,
    after=1,
)
LETTER = Extracted(
    title=SUMMIT.title,
    lang="en",
    sections=(
        Section(
            None,
            (
                (
                    "The first meeting of the two presidents went better than either side had feared,"
                    " which is not the same as going well.[1] Nobody walked out, and nobody signed."
                ),
                "Four questions remain, and each of them has a date.",
            ),
        ),
        Section(
            "Trade without a treaty",
            (
                (
                    "Tariffs were suspended “until further notice”, a phrase that lawyers dislike and"
                    " shipowners price.[2] Yards plan in decades; notices run for weeks."
                ),
            ),
        ),
    ),
    footnotes=(
        Footnote(1, "Joint press release, 20 November.", "https://www.example.org/release"),
        Footnote(2, "Interview with the author."),
    ),
    author_bio="Mina Okafor teaches at Harbour University and writes about alliances.",
)
SLATE = Brand(accent="#0b4f6c", paper="#ffffff", footer="Published by the Example Foundation.")


def hard_items(count: int = 40) -> tuple[Item, ...]:
    """Return items in many scripts, with very long words, and with nothing to lean on."""
    return tuple(_hard(place) for place in range(1, count + 1))


def _hard(place: int) -> Item:
    return replace(_HARD[place % len(_HARD)], article_id=place, position=place)


_HARD = (
    item(
        0,
        lang="ja",
        title="港の夜、船の朝：物流をめぐる十年",
        authors=(Author("佐藤 海"), Author("Lee Min"), Author("王 明")),
        topics=("物流",),
        teaser=Text("夜の港は静かだ。だが、契約書は眠らない。", "body"),
        takeaways=Takeaways(("約束は港で始まり、倉庫で終わる。",), "extracted"),
        tags=(),
    ),
    SUMMIT,
    ARCTIC,
    item(
        0,
        lang="ar",
        direction="rtl",
        title="الموانئ بين السياسة والتجارة",
        authors=(Author("سلمى حداد", "باحثة", "معهد البحر"),),
        topics=("التجارة",),
        teaser=Text("تتغير الطرق أسرع من الاتفاقيات، وتدفع السفن ثمن الانتظار.", "body"),
        takeaways=Takeaways(("الطريق الأقصر ليس الأرخص دائما.",), "author"),
        tags=(),
    ),
    item(
        0,
        lang="de",
        title="Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
        " und die Folgen",
        authors=(),
        topics=("Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",),
        teaser=Text("https://www.example.org/" + "sehr-langer-pfad-" * 12, "body"),
        tags=(),
    ),
)
PICTURED = item(
    6,
    title="A port at night",
    authors=(Author("Kai Sato"),),
    image=Image("https://www.example.org/port.jpg", "Cranes over dark water", 1056, 600),
)
FRONT = replace(
    SUMMIT,
    image=Image(
        "https://www.example.org/flags.jpg",
        "Two flags at a pier",
        1600,
        900,
        "The pier on Thursday. Photo: Ada Lind",
    ),
)


@cache
def templates(house: Publication | None = None) -> Templates:
    """Return the packaged templates."""
    return open_templates(house or publication(), None)


def context(house: Publication | None = None, weekly: Newsletter | None = None) -> RenderContext:
    """Return the context of an edition with a nonce that a person can read."""
    house = house or publication()
    weekly = weekly or newsletter()
    texts = {1: LETTER} if weekly.layout == "letter" else {}
    return RenderContext(
        house, weekly, templates(house).catalogs, "0123456789abcdef", texts, ARTICLES
    )


def contents(items: Sequence[Item]) -> Contents:
    """Return contents that print every item in full."""
    return Contents(tuple(item.article_id for item in items))
