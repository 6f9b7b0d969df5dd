"""A publisher's site over some weeks: six kinds of source for the same articles, and its mishaps."""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from tests.fakes.site import Exchange, Site

START = date(2026, 9, 7)
SUBJECTS = (
    "pier",
    "ferry",
    "market",
    "wall",
    "lighthouse",
    "dock",
    "crane",
    "tide",
    "customs house",
    "fish hall",
)
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1200, 800) + bytes(200)


@dataclass
class Piece:
    """An article as the publisher wrote it."""

    number: int
    day: date
    lang: str = "en"
    edited: str = ""

    @property
    def title(self) -> str:
        """Return the headline; an edit changes it."""
        subject = SUBJECTS[self.number % len(SUBJECTS)]
        if self.lang == "ko":
            return f"항구 {self.number}번 {subject} 이야기{self.edited}"
        return f"What the {subject} of harbor {self.number} costs the town{self.edited}"

    @property
    def points(self) -> tuple[str, str]:
        """Return the author's key points."""
        if self.lang == "ko":
            return (
                f"{self.number}번 부두는 계획보다 두 배나 비쌌다.",
                f"{self.number}번 배는 이제 남쪽에서 출발한다.",
            )
        return (
            f"Harbor {self.number} paid twice what it had planned.",
            f"Ferry {self.number} now leaves from the south bank.",
        )

    @property
    def paragraphs(self) -> list[str]:
        """Return the text, which no other article shares."""
        n = self.number
        if self.lang == "ko":
            return [
                f"항구 {n}의 의회는 {k}일에 모여 방파제 {n}-{k}를 두고 논쟁을 벌였고, 누구도 {n * k}만 원을 내려 하지 않았다. 회의는 다음 주에 다시 열린다."
                for k in range(1, 6)
            ]
        return [
            f"The council of harbor {n} met on day {k} of its session and argued about item {n}-{k} of the budget. It cost"
            f" {n * 7 + k} thousand, and the member for ward {n * k} asked who would pay for it{self.edited}. No one answered."
            for k in range(1, 6)
        ]  # fmt: skip


@dataclass
class Publisher:
    """The site and what is published on it; `template` and `home` change over the weeks."""

    site: Site
    folder: Path
    pieces: list[Piece] = field(default_factory=list)
    template: str = "old"
    home: str = "/news"

    def publish(self, count: int, day: date) -> None:
        """Publish articles, in every source at once."""
        last = len(self.pieces)
        self.pieces += [Piece(last + number, day) for number in range(1, count + 1)]
        self.show()

    def translate(self, piece: Piece) -> None:
        """Publish a translation of an article under an address of its own."""
        self.pieces.append(Piece(piece.number, piece.day, "ko"))
        self.show()

    def path(self, piece: Piece) -> str:
        """Return where an article is at present."""
        language = "" if piece.lang == "en" else f"/{piece.lang}"
        return f"{self.home}{language}/{piece.day.year}/harbor-costs-town-{piece.number}"

    def show(self) -> None:
        """Serve every page and every source as they are now."""
        for piece in self.pieces:
            self.site.serve(f"/pictures/{piece.number}.png", PNG, kind="image/png")
            self._answer(self.path(piece), self.page(piece))
        for path, body in (("/rss", self.rss()), ("/atom", self.atom()), ("/map.xml", self.map())):
            self.site.serve(path, body, kind="application/xml")
        self.site.serve("/feed.json", self.json(), kind="application/feed+json")
        self.site.serve("/all", self.listing())
        for piece in self.pieces:
            if piece.number % 4 == 0 and piece.lang == "en":
                self.write(piece)

    def _answer(self, path: str, body: str) -> None:
        for variant in _variants(path):
            self.site.serve(variant, body)

    def move(self, home: str) -> None:
        """Move every article to another folder, with permanent redirects."""
        old = [self.path(piece) for piece in self.pieces]
        self.home = home
        self.show()
        for path, piece in zip(old, self.pieces, strict=True):
            for variant in _variants(path):
                self.site.redirect(variant, self.site.url(self.path(piece)), status=301)

    def break_pages(self, handler: Callable[[Exchange], None]) -> None:
        """Let every article's page answer something else."""
        for piece in self.pieces:
            for path in _variants(self.path(piece)):
                self.site.on(path, handler)

    def page(self, piece: Piece) -> str:
        """Return an article's page in the present template."""
        text = "".join(f"<p>{paragraph}</p>" for paragraph in piece.paragraphs)
        picture = (
            f'<meta property="og:image" content="{self.site.url(f"/pictures/{piece.number}.png")}">'
        )
        twins = [other for other in self.pieces if other.number == piece.number]
        links = "".join(
            f'<link rel="alternate" hreflang="{twin.lang}" href="{self.path(twin)}">'
            for twin in twins
            if len(twins) > 1
        )
        head = f'<meta charset="utf-8"><title>{piece.title} | Harbor Notes</title>{links}'
        if self.template == "old":
            points = "".join(f"<li>{point}</li>" for point in piece.points)
            inner = (
                f'<h1>{piece.title}</h1><p class="byline">By Ada Quell</p><time datetime="{piece.day}">{piece.day}</time>'
                f"<h2>Key Takeaways</h2><ul>{points}</ul>{text}"
            )
            return f'<html lang="{piece.lang}"><head>{head}{picture}</head><body><nav><a href="/all">All</a></nav><main><article>{inner}</article></main></body></html>'
        points = "".join(f"<p>{point}</p>" for point in piece.points)
        data = {
            "@type": "NewsArticle",
            "datePublished": str(piece.day),
            "dateModified": "2026-11-01",
            "author": [{"@type": "Person", "name": "Ada Quell"}],
        }
        return (
            f'<html lang="{piece.lang}"><head>{head}<script type="application/ld+json">{json.dumps(data)}</script></head><body><div id="app">'
            f'<header class="hero"><h1>{piece.title}</h1><figure><img src="/pictures/{piece.number}.png" width="1200" height="800" alt="The harbor"></figure>'
            f"</header><section class=content><details open><summary>Key takeaways</summary>{points}</details>{text}</section></div></body></html>"
        )

    def _latest(self, lang: str = "en") -> list[Piece]:
        return [piece for piece in reversed(self.pieces) if piece.lang == lang][:12]

    def rss(self) -> str:
        """Return an RSS feed of summaries, with the trailer of a blog."""
        items = "".join(
            f"<item><title>{piece.title}</title><link>{self.site.url(self.path(piece))}?utm_source=rss</link><guid isPermaLink='false'>harbor-{piece.number}</guid>"
            f"<pubDate>{piece.day:%a, %d %b %Y} 08:00:00 +0000</pubDate><category>Uncategorized</category><category>Harbors</category>"
            f"<description>{piece.paragraphs[0][:120]} […] The post {piece.title} appeared first on Harbor Notes.</description></item>"
            for piece in self._latest()
        )
        return f"<?xml version='1.0'?><rss version='2.0'><channel><title>Harbor Notes</title>{items}</channel></rss>"

    def atom(self) -> str:
        """Return an Atom feed of the whole texts."""
        entries = "".join(
            f"<entry><title type='html'>{piece.title}</title><id>tag:harbor.example,2026:{piece.number}</id><link href='{self.site.url(self.path(piece))}'/>"
            f"<published>{piece.day}T08:00:00Z</published><updated>{piece.day}T09:00:00Z</updated><author><name>Ada Quell</name></author>"
            f"<content type='html'>{''.join(f'&lt;p&gt;{text}&lt;/p&gt;' for text in piece.paragraphs)}</content></entry>"
            for piece in self._latest()
        )
        return f"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>Harbor Notes</title><id>tag:harbor.example,2026:feed</id>{entries}</feed>"

    def json(self) -> str:
        """Return a JSON feed, which also has the translations."""
        items = [
            {
                "id": f"{piece.lang}{piece.number}",
                "url": self.site.url(self.path(piece)),
                "title": piece.title,
                "date_published": f"{piece.day}T08:00:00Z",
            }
            for piece in (*self._latest(), *self._latest("ko"))
        ]
        return json.dumps(
            {"version": "https://jsonfeed.org/version/1.1", "title": "Harbor Notes", "items": items}
        )

    def listing(self) -> str:
        """Return the page that lists the articles."""
        links = "".join(
            f'<article><h2><a href="{self.path(piece)}">{piece.title}</a></h2><time datetime="{piece.day}"></time></article>'
            for piece in self._latest()
        )
        return f"<html><head><title>All articles</title></head><body><main>{links}</main></body></html>"

    def map(self) -> str:
        """Return a sitemap, whose last changes are those of the template."""
        urls = "".join(
            f"<url><loc>{self.site.url(self.path(piece))}</loc><lastmod>2026-11-0{1 + (self.template == 'new')}</lastmod></url>"
            for piece in self._latest()
        )
        return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'

    def write(self, piece: Piece) -> None:
        """Put an article into the folder of manuscripts."""
        points = "".join(f"- {point}\n" for point in piece.points)
        text = "\n\n".join(piece.paragraphs)
        head = f"---\ntitle: {piece.title}\nauthor: Ada Quell\ndate: {piece.day}\n---\n\n"
        (self.folder / f"harbor-{piece.number}.md").write_text(
            f"{head}## Key Takeaways\n\n{points}\n{text}\n", "utf-8"
        )


def _variants(path: str) -> tuple[str, str]:
    """Return the addresses under which feeds name a page."""
    return path, f"{path}?utm_source=rss"


def week(number: int) -> date:
    """Return the first day of a week."""
    return START + timedelta(weeks=number)
