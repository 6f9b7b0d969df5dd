"""What is known about images, and audits, on both databases; two workers may store the same."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from newsletter.model.accessibility import Audit, RuleResult
from newsletter.model.picture import PictureCopy, StoredPicture
from newsletter.store.content import audits, pictures
from tests.fakes.issues import add_issue
from tests.fakes.pictures import png

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
URL = "http://images.example.org/a.png"
COPY = PictureCopy("0a1b.png", "image/png", png(4, 3))


def test_the_last_one_to_look_wins_and_a_copy_stays(engine: sa.Engine) -> None:
    failed = StoredPicture(URL, problem="answers 500", missing=True)
    seen = StoredPicture(URL, 4, 3, copy=COPY.name)
    with engine.begin() as connection:
        pictures.keep(connection, failed, None, now=NOW)
        assert pictures.known(connection, {URL, "https://other.example/"}) == {URL: failed}
        for _ in range(2):
            pictures.keep(connection, seen, COPY, now=NOW + timedelta(hours=1))
    with engine.connect() as connection:
        assert pictures.known(connection, {URL}) == {URL: seen}
        assert pictures.copied(connection, COPY.name) == COPY
        assert pictures.copied(connection, "other.png") is None


def test_an_audit_is_kept_for_the_content_it_is_about(engine: sa.Engine) -> None:
    results = (RuleResult("title", 2), RuleResult("zoom", 2, ("the page cannot be enlarged",)))
    first = Audit("hash", results, NOW)
    with engine.begin() as connection:
        issue_id = add_issue(connection)
        audits.keep(connection, issue_id, first)
        audits.keep(connection, issue_id, Audit("hash", (), NOW + timedelta(days=1)))
        audits.keep(connection, issue_id, Audit("other", (), NOW))
    with engine.connect() as connection:
        assert audits.of(connection, issue_id, "hash") == first
        assert audits.of(connection, issue_id, "") is None
