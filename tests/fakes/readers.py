"""A reader's side of a publication: the public pages in a test client, and their mailbox."""

import email
import email.policy
import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import sqlalchemy as sa
from starlette.testclient import TestClient

from newsletter.store.tables import metadata as ours
from newsletter.web.main import public_site
from subscribers.store.tables import metadata as theirs
from subscribers.tokens import Purpose
from tests.fakes.house import House, continued, house, mail

HOST = "http://127.0.0.1:8025"
MORE = '[newsletters.daily]\ntitle = "The Daily Tide"\ncadence = "daily 07:00"\n'


@dataclass(slots=True)
class Reader:
    """Somebody at a browser and at a mailbox."""

    house: House
    client: TestClient
    base: str = HOST

    def sign_up(self, address: str, **fields: object) -> int:
        """Fill in the form and return the status of the answer."""
        filled = {"newsletter": ["weekly"], "agree": "yes", "language": "en"} | fields
        return self.client.post("/sign-up", data={"address": address} | filled).status_code

    def letters(self, address: str) -> list[EmailMessage]:
        """Let what waits leave, and return all mail to an address, oldest first."""
        self.house.pass_at(self.house.at)
        paths = sorted(self.house.app.settings.outbox.glob("*.eml"), key=_number)
        found = [_read(path) for path in paths]
        return [letter for letter in found if address in str(letter["To"])]

    def link(self, address: str, page: str) -> str:
        """Return the path of the latest link of a kind in the latest mail that has one."""
        for letter in reversed(self.letters(address)):
            body = letter.get_body(("plain",))
            assert body is not None
            if found := re.search(rf"{self.base}(/{page}/\S+)", body.get_content()):
                return found[1]
        message = f"no mail to {address} links to /{page}/"
        raise AssertionError(message)

    def subscriber(self, address: str) -> int:
        """Return somebody's id."""
        with self.house.app.reader.connect() as connection:
            found = connection.execute(
                sa.text("SELECT id FROM subscribers WHERE address_key = :key"), {"key": address}
            )
            return int(found.scalar_one())

    def token(
        self, address: str, newsletter: str = "weekly", purpose: Purpose = Purpose.ISSUE
    ) -> str:
        """Return the token that somebody's mail carries."""
        return self.house.app.signer.mint(self.subscriber(address), newsletter, purpose)

    def state(self, address: str, newsletter: str = "weekly") -> str | None:
        """Return how somebody stands."""
        with self.house.app.reader.connect() as connection:
            return connection.scalar(
                sa.text(
                    "SELECT state FROM subscriptions JOIN subscribers ON id = subscriber_id"
                    " WHERE address_key = :key AND newsletter = :newsletter"
                ),
                {"key": address, "newsletter": newsletter},
            )

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        """Return every row of every table."""
        with self.house.app.reader.connect() as connection:
            return {
                table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
                for metadata in (ours, theirs)
                for table in metadata.sorted_tables
            }


@contextmanager
def reader(root: Path, more: str = MORE, *, database: str = "") -> Iterator[Reader]:
    """Open a publication of two newsletters and sit down before it."""
    with house(root, more, database=database) as built:
        client = TestClient(public_site(built.app), base_url=HOST, follow_redirects=False)
        yield Reader(built, client)


@contextmanager
def mailed(root: Path, more: str = "") -> Iterator[Reader]:
    """Open a publication whose first issue was sent on Monday."""
    with continued(root, mail, more) as built:
        client = TestClient(public_site(built.app), base_url=HOST, follow_redirects=False)
        yield Reader(built, client)


def words_of(page: str) -> str:
    """Return the text of a page."""
    text = re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(text).split())


def _read(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _number(path: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", path.stem))
