"""Insert a publication's people and an approved issue directly into the tables, ready to send."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from newsletter.model.actor import Actor
from newsletter.model.cadence import Cadence
from newsletter.model.edition import Edition, edition_hash, issue_hash
from newsletter.model.issue import IssueKind, Item, Takeaways, Text
from newsletter.model.personalization import placeholder
from newsletter.model.publication import Mailbox, Newsletter, Publication, Topic
from newsletter.model.states import IssueState
from newsletter.store.content import editions, issues
from newsletter.store.tables import articles
from newsletter.store.tables import issues as issue_rows
from subscribers.store import tables as people_tables

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
NONCE = "0a1b2c"

WEEKLY = Newsletter(
    key="weekly",
    title="The Weekly Brief",
    language="en",
    timezone=ZoneInfo("Asia/Seoul"),
    cadence=Cadence.parse("mon 08:00"),
    undo=timedelta(0),
)

PUBLICATION = Publication(
    name="Peninsula Review",
    url="https://news.example.org",
    timezone=ZoneInfo("Asia/Seoul"),
    language="en",
    sender=Mailbox("Peninsula Review", "brief@example.org"),
    reply_to=Mailbox("", "editors@example.org"),
    postal_address="1 Example Street, Seoul",
    provider="memory",
    newsletters=(WEEKLY,),
    topics=tuple(map(Topic, ("korea", "trade", "elsewhere"))),
)


def publication(**changes: object) -> Publication:
    """Return the publication with changes to its newsletter."""
    return replace(PUBLICATION, newsletters=(replace(WEEKLY, **changes),))  # type: ignore[arg-type]


def add_people(
    connection: sa.Connection,
    number: int,
    *,
    first: int = 1,
    tags: Sequence[str] = (),
    state: str = "confirmed",
    language: str = "en",
) -> None:
    """Subscribe `number` people in a state, all with the same tags and language; ids from `first`."""
    ids = range(first, first + number)
    person = people_tables.subscribers.insert()
    connection.execute(
        person,
        [
            {
                "id": number,
                "address": f"reader{number}@example.net",
                "address_key": f"reader{number}@example.net",
                "name": f"Reader {number}",
                "language": language,
                "created_at": NOW,
            }
            for number in ids
        ],
    )
    connection.execute(
        people_tables.subscriptions.insert(),
        [
            {"newsletter": "weekly", "subscriber_id": number, "state": state, "since": NOW}
            for number in ids
        ],
    )
    for tag in tags:
        tag_id = _tag(connection, tag)
        connection.execute(
            people_tables.subscriber_tags.insert(),
            [{"tag_id": tag_id, "subscriber_id": number} for number in ids],
        )


def add_many(connection: sa.Connection, number: int) -> None:
    """Subscribe a large number of people without topics in two statements."""
    ids = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :number) "
    at = "'2026-01-01 00:00:00.000000'"
    if connection.dialect.name == "postgresql":
        at = f"CAST({at} AS timestamptz)"
    person = "'reader' || i || '@example.net'"
    for table, values in (
        (
            "subscribers (id, address, address_key, name, language, created_at)",
            f"i, {person}, {person}, 'Reader ' || i, 'en', {at}",
        ),
        (
            "subscriptions (newsletter, subscriber_id, state, since)",
            f"'weekly', i, 'confirmed', {at}",
        ),
    ):
        statement = f"INSERT INTO {table} {ids} SELECT {values} FROM n"  # noqa: S608 - no outside text
        connection.execute(sa.text(statement), {"number": number})


def _tag(connection: sa.Connection, slug: str) -> int:
    tags = people_tables.tags
    known = connection.scalar(sa.select(tags.c.id).where(tags.c.slug == slug))
    if known is not None:
        return int(known)
    row = tags.insert().values(slug=slug, name=slug, kind="topic").returning(tags.c.id)
    return int(connection.execute(row).scalar_one())


def add_issue(  # noqa: PLR0913 - one argument per thing that tests vary
    connection: sa.Connection,
    contents: Sequence[Sequence[int]] = ((1,),),
    *,
    tags: Sequence[Sequence[str]] = (("korea",),),
    size: int = 200,
    number: int = 1,
    kind: IssueKind = IssueKind.REGULAR,
    corrects: int | None = None,
) -> int:
    """Insert an approved issue whose editions contain `contents`. Article n has tags[n-1]."""
    _articles(connection, len(tags))
    new = issues.NewIssue(
        "weekly",
        None,
        f"2026-11-{22 + number}T08:00",
        NOW,
        kind=kind,
        corrects_issue_id=corrects,
    )
    issue_id = issues.insert(connection, new, actor=Actor.person("ada"), now=NOW)
    items = [_item(number, slugs) for number, slugs in enumerate(tags, 1)]
    issues.replace_items(connection, issue_id, items)
    drafted = [_edition(issue_id, seq, ids, size) for seq, ids in enumerate(contents, 1)]
    editions.replace(connection, issue_id, drafted, now=NOW)
    approved = issue_hash(editions.of_issue(connection, issue_id))
    force_state(connection, issue_id, IssueState.REVIEW)
    issues.approve(connection, issue_id, content_hash=approved, by=Actor.person("ada"), at=NOW)
    return issue_id


def force_state(connection: sa.Connection, issue_id: int, state: IssueState) -> None:
    """Put an issue into a state that the test starts from, without what leads to it."""
    row = issue_rows.update().where(issue_rows.c.id == issue_id)
    connection.execute(row.values(state=state.value))


def _articles(connection: sa.Connection, count: int) -> None:
    known = connection.scalar(sa.select(sa.func.count()).select_from(articles)) or 0
    rows = [
        {
            "id": number,
            "source": "commentary",
            "state": "new",
            "url": f"https://www.example.org/{number}",
            "title": f"Article {number}",
            "title_key": f"article {number}",
            "lang": "en",
            "content": {},
            "content_hash": str(number),
            "first_seen_at": NOW,
        }
        for number in range(known + 1, count + 1)
    ]
    if rows:
        connection.execute(articles.insert(), rows)


def _item(article_id: int, tags: Sequence[str]) -> Item:
    return Item(
        article_id=article_id,
        position=article_id,
        included=True,
        reason="",
        title=f"Article {article_id}",
        url=f"https://www.example.org/{article_id}",
        kicker="",
        authors=(),
        published="2026-11-20",
        topics=tuple(tags),
        lang="en",
        direction="ltr",
        minutes=3,
        teaser=Text("A teaser.", "author"),
        takeaways=Takeaways(),
        tags=tuple(tags),
    )


def sample_edition(size: int = 200) -> Edition:
    """Return an edition that is not in a database."""
    return _edition(7, 1, (1,), size)


def _edition(issue_id: int, seq: int, printed: Sequence[int], size: int) -> Edition:
    token, delivery = placeholder(NONCE, "token"), placeholder(NONCE, "delivery")
    name = placeholder(NONCE, "name")
    link = f"https://news.example.org/unsubscribe/{token}"
    read = f"https://news.example.org/read/{delivery}/{token}"
    html = f'<p>Good morning{name}.</p><a href="{link}">Leave</a> <a href="{read}">Read</a>'
    html += "<p>" + "x" * size + "</p>"
    plain = placeholder(NONCE, "token", plain=True)
    text = f"Good morning{placeholder(NONCE, 'name', plain=True)}.\n{plain}\n"
    subject = f"Edition {seq} of the week"
    return Edition(
        id=0,
        issue_id=issue_id,
        seq=seq,
        items=tuple(printed),
        headlines=(),
        nonce=NONCE,
        subject=subject,
        preheader="",
        html=html,
        text=text,
        hash=edition_hash(subject, "", html, text),
        people=0,
    )
