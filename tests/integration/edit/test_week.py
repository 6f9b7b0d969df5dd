"""A week of a small magazine, as its editor types it.

One issue, its correction, the next draft, an alert, and the issue that welcomes a new subscriber. The
emails are compared as a whole with `tests/snapshots/week`. `SNAPSHOTS=write` writes them again.
"""

import json
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import structlog
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from newsletter import settings
from newsletter.app import open_app
from newsletter.cli.main import program
from newsletter.web.main import public_site
from tests.fakes.pictures import png
from tests.fakes.site import Site, item, open_site, rss

FOLDER = Path(__file__).parents[2] / "snapshots" / "week"
ENVIRON = {
    "NEWSLETTER_SECRET_KEY": "w" * 40,
    "NEWSLETTER_PEPPER": "p" * 40,
    "NEWSLETTER_DATABASE_URL": "sqlite:///newsletter.db",
}
CONFIGURATION = """
[publication]
name = "Harbor Notes"
url = "https://notes.example.org"
timezone = "UTC"
language = "en"
from = "Harbor Notes <notes@harbor.example>"
postal_address = "3 Quay Street, Harbor"

[topics.ships]
labels = {{ en = "Ships" }}
[topics.trade]
labels = {{ en = "Trade" }}

[sources.desk]
kind = "folder"
path = "articles/"
backfill = 50

[sources.wire]
url = "{feed}"
allow_private = true
backfill = 50

[newsletters.alerts]
title = "Tide Alerts"
cadence = "on-publish"
approval = "automatic"
max_age = "5200w"
alerts = {{ delay = "0" }}

[newsletters.weekly]
title = "The Tide"
cadence = "every 1 weeks on mon 08:00 from 2099-01-05"
welcome = "latest"
layout = "magazine"
content = "same"
languages = ["en"]
max_age = "5200w"
items = {{ min = 1, max = 12 }}
highlights = "off"
sections = [
  {{ title = "Trade", topics = ["trade"], max = 2 }},
  {{ title = "From the wire", sources = ["wire"] }},
  {{ title = "Never printed", topics = ["gardens"] }},
]
utm = {{ source = "tide", campaign = "{{key}}-{{number}}" }}

[newsletters.weekly.blocks.sponsor]
heading = "Marine cover for small ports"
text = "**Harbor Insurance** supports this issue."
link = "https://insurance.example.org/"
sponsor = true
after = 2
"""
PEOPLE = "email,name,topics,consented_at,source\nann@example.org,Ann,ships,2026-01-02,form\n"
PEOPLE += "bob@example.org,Bob,trade,2026-01-02,form\n"
DECK = "Thirty logs of the harbor lay unread for years. Then someone read the wide ones."
NOTE = """Good morning{name}. The **wide** view first, then the [log](https://www.example.org/log).

- A list.
- With a *second* line.

--
Mina Okafor"""


def write(name: str, **front: str) -> None:
    """Write an article of the desk."""
    front = {"title": name.capitalize(), "author": "Ada Keel", "date": "2026-01-10"} | front
    head = "\n".join(f"{key}: {value}" for key, value in front.items() if value)
    text = " ".join(
        f"The {name} of the harbor kept {number} logs that no one had read." for number in range(30)
    )
    Path(f"articles/{name}.md").write_text(f"---\n{head}\n---\n\n{text}\n", encoding="utf-8")


def picture(name: str, width: int, height: int) -> None:
    """Write an image beside the articles."""
    Path(f"articles/images/{name}").write_bytes(png(width, height))


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as opened:
        yield opened


@pytest.fixture
def desk(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Enter a publication whose articles have images in six shapes, and no text in common."""
    monkeypatch.chdir(tmp_path)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    Path("articles/images").mkdir(parents=True)
    wire = item(
        1,
        title="A note from the wire",
        description="",
        link="",
        pubDate="Sat, 03 Jan 2026 10:00:00 +0000",
    )
    body = "The river of the valley rose in the spring, and the town moved its market. " * 9
    wire = wire.replace("<guid>", '<guid isPermaLink="false">')
    wire = wire.replace("</item>", f"<description>&lt;p&gt;{body}&lt;/p&gt;</description></item>")
    feed = site.serve("/feed.xml", rss(wire), kind="application/rss+xml")
    Path("newsletter.toml").write_text(CONFIGURATION.format(feed=feed), encoding="utf-8")
    Path("people.csv").write_text(PEOPLE, encoding="utf-8")
    site.serve("/pier.png", png(900, 500), kind="image/png")
    picture("wide.png", 1600, 700)
    picture("tall.png", 500, 1500)
    picture("small.png", 300, 200)
    credit = {"image_alt": "Cranes", "caption": "Cranes at dawn.", "credit": "'Photo: Ada Keel'"}
    write("wide", image="wide.png", teaser=DECK, topics="[Ships]", date="2026-01-20", **credit)
    write("tall", image="tall.png", image_alt="A mast", topics="[Trade]", date="2026-01-19")
    write("small", image="small.png", image_alt="A buoy", topics="[Trade]", date="2026-01-18")
    write("plain", topics="[Trade]", date="2026-01-17")
    write("copied", image=site.url("/pier.png"), image_alt="A pier", date="2026-01-16")
    write("broken", image=site.url("/gone.png"), image_alt="Nothing", date="2026-01-15")
    write("undated", date="")
    write("korean", lang="ko", date="2026-01-21")
    for name in ("outside", "banned", "postponed"):
        write(name, date="2026-01-05")
    yield
    structlog.reset_defaults()


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(program, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def edited(issue: str, *changes: tuple[str, str]) -> str:
    """Change the edit file of an issue as an editor does, and import it."""
    run("edit", issue, "--export", "sheet.txt")
    text = Path("sheet.txt").read_text(encoding="utf-8")
    for old, new in changes:
        assert len(re.findall(old, text, re.MULTILINE)) >= 1, f"{old} is not in:\n{text}"
        text = re.sub(old, new, text, count=1, flags=re.MULTILINE)
    Path("sheet.txt").write_text(text, encoding="utf-8")
    return run("edit", issue, "--import", "sheet.txt")


def of(title: str, where: str) -> tuple[str, str]:
    """Return the change that places the article with a title."""
    return (
        rf"^@ article (\d+) (?:in|out)$(?=\n#[^\n]*\nkicker:[^\n]*\ntitle: {title}$)",
        rf"@ article \1 {where}",
    )


def emails(issue: int) -> dict[str, tuple[str, str, str]]:
    """Return subject, HTML and text of an issue's emails by recipient; only tokens are replaced."""
    found = {}
    for path in sorted(Path("outbox").glob(f"{issue}-*.eml")):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        parts = [str(part.get_content()) for part in message.iter_parts()]
        text, html = (_stable(part) for part in parts)
        address = message["To"].addresses[0].addr_spec
        assert address not in found, "a recipient got two copies"
        found[address] = (str(message["Subject"]), html, text)
    return found


def _stable(part: str) -> str:
    part = part.replace("\r\n", "\n")
    part = re.sub(r"/(unsubscribe|preferences)/[\w.~-]+", r"/\1/TOKEN", part)
    part = re.sub(r"/read/\d+-\d+/[\w.~-]+", "/read/1-1/TOKEN", part)
    # The numbers of articles depend on which of two sources was faster.
    part = re.sub(r"/articles/\d+-[0-9a-f]{24}", "/articles/1-MAC", part)
    part = re.sub(r"/why/\d+/[\w.~-]+", "/why/1/TOKEN", part)
    return re.sub(r"\b\w+ \d{1,2} \w+ 20(?!99|26-01)\d\d\b", "Today", part)


def compare(name: str, email: tuple[str, str, str]) -> None:
    subject, html, text = email
    for suffix, part in (("html", html), ("txt", f"Subject: {subject}\n\n{text}")):
        path = FOLDER / f"{name}.{suffix}"
        if os.environ.get("SNAPSHOTS") == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(part, encoding="utf-8", newline="\n")
        assert part == path.read_text(encoding="utf-8"), (
            f"{path.name} has changed; look at it, then write it with SNAPSHOTS=write"
        )


@pytest.mark.usefixtures("desk")
def test_a_week_at_the_desk() -> None:
    for newsletter in ("weekly", "alerts"):
        run("subscribers", "import", "people.csv", "--newsletter", newsletter, "--apply")
    run("collect")
    drafted = run("draft", "weekly", "--at", "2099-01-05 08:00")
    assert "does not print articles in ko" in re.sub(r"\s+", " ", drafted)
    edited(
        "1",
        of("Outside", "out"),
        of("Banned", "never"),
        of("Postponed", "later"),
        of("Copied", "in pinned"),
        (r"^note:\n", f"note:\n{NOTE}\n"),
        (r"^by: Ada Keel$(?=\ndate: 2026-01-19)", "by: Ada Keel (Pilot); Bo Lind"),
        (r"^kicker: ?$(?=\ntitle: Plain)", "kicker: Report"),
        (r"^link text: ?$(?=[^@]*@ article \d+ in\n[^@]*title: Tall)", "link text: Read on"),
    )
    checked = run("check", "1")
    assert "The image of “Broken” is left out: answers 404" in re.sub(r"[\s│]+", " ", checked)
    assert "10 of 10 accessibility rules passed" in checked
    inbox = run("preview", "1", "--inbox")
    assert max(map(len, inbox.splitlines())) <= 80
    run("approve", "1")
    run("send", "1", "--now")
    assert "10 of 10 accessibility rules passed" in run("issues", "show", "1")
    sent = emails(1)
    assert set(sent) == {"ann@example.org", "bob@example.org"}
    compare("issue", sent["ann@example.org"])
    _correct_it()
    _draft_the_next()
    _alert_the_followers()
    _welcome_a_subscriber()


def _correct_it() -> None:
    """Correct the issue; a reader who paused does not get it, and sees it on the web."""
    with closing(sqlite3.connect("newsletter.db")) as connection, connection:
        connection.execute(
            "UPDATE subscriptions SET paused_until = '2999-01-01 00:00:00' WHERE subscriber_id = 2"
        )
    run("correct", "1", "--note", "The fee is **two** dollars, not three.")
    run("approve", "2")
    run("send", "2", "--now")
    sent = emails(2)
    assert set(sent) == {"ann@example.org"}
    compare("correction", sent["ann@example.org"])
    assert "It corrects issue 1." in run("issues", "show", "2")
    assert "Corrected by issue 2." in run("issues", "show", "1")
    assert "The subscription was paused" in run("issues", "show", "2", "--recipients")
    app = open_app(settings.load(Path.cwd(), ENVIRON))
    message = message_from_bytes(
        next(Path("outbox").glob("1-2.eml")).read_bytes(), policy=policy.default
    )
    address = re.search(
        r"https://notes.example.org(/read/\S+)", str(next(message.iter_parts()).get_content())
    )
    assert address
    page = TestClient(public_site(app), base_url="https://notes.example.org").get(address[1])
    app.close()
    assert "This issue was corrected on" in page.text
    assert "The fee is two dollars, not three." in page.text


def _draft_the_next() -> None:
    """What was out is a candidate, what comes later is in, and what is never printed is gone."""
    drafted = run("draft", "weekly", "--at", "2099-01-12 08:00", "--json")
    rows = {row["title"]: row["in"] for row in json.loads(drafted)["items"]}
    assert rows["Postponed"] == "in"
    assert rows["Outside"] == "out"
    assert "Banned" not in rows
    assert "Wide" not in rows
    with closing(sqlite3.connect("newsletter.db")) as connection:
        numbers = connection.execute("SELECT kind, number FROM issues ORDER BY id").fetchall()
    assert numbers == [("special", 1), ("correction", -1), ("special", 2)]


def _pass() -> None:
    """Make a pass; it reports that the next draft waits for approval."""
    run("run", code=3)


def _alert_the_followers() -> None:
    """Publish an article: those who follow its topic get it with the next pass, and once."""
    _pass()
    # A date of the running year would be printed without the year.
    write("dredger", topics="[Ships]", date="2019-12-30")
    run("collect", "desk", "--force")
    for _ in range(2):
        _pass()
    sent = emails(4)
    assert set(sent) == {"ann@example.org"}
    compare("alert", sent["ann@example.org"])


def _welcome_a_subscriber() -> None:
    """Confirm a new subscriber on the web: the next pass sends the latest issue, and once."""
    write("lock", date="2026-01-23")
    run("collect", "desk", "--force")
    run("draft", "weekly")
    run("approve", "5")
    run("send", "5", "--now")
    assert set(emails(5)) == {"ann@example.org"}
    app = open_app(settings.load(Path.cwd(), ENVIRON))
    client = TestClient(public_site(app), base_url="https://notes.example.org")
    fields = {"address": "eve@example.org", "newsletter": "weekly", "agree": "yes"}
    assert client.post("/sign-up", data={**fields, "topic": "trade"}).is_success
    _pass()
    (letter,) = (path for path in Path("outbox").glob("*.eml") if b"eve@" in path.read_bytes())
    message = message_from_bytes(letter.read_bytes(), policy=policy.default)
    text = str(next(message.iter_parts()).get_content())
    link = re.search(r"https://notes.example.org(/confirm/\S+)", text)
    assert link
    assert client.post(link[1]).is_success
    app.close()
    for _ in range(2):
        _pass()
    sent = emails(5)
    assert set(sent) == {"ann@example.org", "eve@example.org"}
    compare("welcome", sent["eve@example.org"])
