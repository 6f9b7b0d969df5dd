"""The tables of collecting, editing and sending. People live in `subscribers.store.tables`."""

import sqlalchemy as sa

from newsletter.store.types import UtcDateTime, only

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = sa.MetaData(naming_convention=NAMES)

source_states = sa.Table(
    "source_states",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("etag", sa.Text, nullable=False, server_default=""),
    sa.Column("last_modified", sa.Text, nullable=False, server_default=""),
    sa.Column("body_hash", sa.Text, nullable=False, server_default=""),
    sa.Column("learnt_url", sa.Text, nullable=False, server_default=""),
    sa.Column("redirected_to", sa.Text, nullable=False, server_default=""),
    sa.Column("redirects_seen", sa.Integer, nullable=False, server_default="0"),
    sa.Column("first_collected_at", UtcDateTime),
    sa.Column("checked_at", UtcDateTime),
    sa.Column("last_success_at", UtcDateTime),
    sa.Column("last_new_at", UtcDateTime),
    sa.Column("next_check_at", UtcDateTime),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failing_since", UtcDateTime),
    sa.Column("found", sa.Integer, nullable=False, server_default="0"),
    sa.Column("health", sa.Text, nullable=False, server_default=""),
    sa.Column("configured", sa.Text, nullable=False, server_default=""),
)

source_entries = sa.Table(
    "source_entries",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("article_id", sa.Integer),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("first_seen_at", UtcDateTime, nullable=False),
    sa.Column("missing_since", UtcDateTime),
)

# Emails, files and attempts name articles, issues and notices by number: none is used again.
articles = sa.Table(
    "articles",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("title_key", sa.Text, nullable=False, index=True),
    sa.Column("lang", sa.Text, nullable=False),
    sa.Column("published", sa.Text, nullable=False, server_default=""),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("translation_group", sa.Integer),
    sa.Column("first_seen_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime),
    sqlite_autoincrement=True,
)
sa.Index(None, articles.c.state, articles.c.first_seen_at)

article_keys = sa.Table(
    "article_keys",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("article_id", sa.ForeignKey("articles.id"), nullable=False, index=True),
)

article_revisions = sa.Table(
    "article_revisions",
    metadata,
    sa.Column("article_id", sa.ForeignKey("articles.id"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
)

pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("width", sa.Integer, nullable=False, server_default="0"),
    sa.Column("height", sa.Integer, nullable=False, server_default="0"),
    sa.Column("copy", sa.Text, nullable=False, server_default=""),
    sa.Column("problem", sa.Text, nullable=False, server_default=""),
    sa.Column("missing", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("checked_at", UtcDateTime, nullable=False),
)

# Named by their content, so that an address in an email never shows another image.
picture_copies = sa.Table(
    "picture_copies",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

audits = sa.Table(
    "audits",
    metadata,
    sa.Column("issue_id", sa.ForeignKey("issues.id"), primary_key=True),
    sa.Column("content_hash", sa.Text, primary_key=True),
    sa.Column("checked_at", UtcDateTime, nullable=False),
    sa.Column("results", sa.JSON, nullable=False),
)

slots = sa.Table(
    "slots",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("newsletter", sa.Text, nullable=False),
    sa.Column("nominal", sa.Text, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("claimed_at", UtcDateTime, nullable=False),
)
sa.Index("uq_slots_newsletter_nominal", slots.c.newsletter, slots.c.nominal, unique=True)

issues = sa.Table(
    "issues",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("slot_id", sa.ForeignKey("slots.id")),
    sa.Column("newsletter", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("nominal", sa.Text, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, server_default=""),
    sa.Column("preheader", sa.Text, nullable=False, server_default=""),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("blocks", sa.JSON, nullable=False),
    sa.Column("approved_hash", sa.Text, nullable=False, server_default=""),
    sa.Column("approved_by", sa.Text, nullable=False, server_default=""),
    sa.Column("approved_at", UtcDateTime),
    sa.Column("leaves_at", UtcDateTime),
    sa.Column("corrects_issue_id", sa.ForeignKey("issues.id")),
    sa.Column("provider", sa.Text, nullable=False, server_default=""),
    sa.Column("planned", sa.Integer, nullable=False, server_default="0"),
    sa.Column("excluded", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("drafted_at", UtcDateTime, nullable=False),
    sa.Column("frozen_at", UtcDateTime),
    sa.Column("submitted_at", UtcDateTime),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("test", sa.JSON),
    sa.Column("winner", sa.Text, nullable=False, server_default=""),
    sa.Column("reader_time", sa.Text, nullable=False, server_default=""),
    sa.Column("ends_at", UtcDateTime),
    sqlite_autoincrement=True,
)
sa.Index("uq_issues_slot_id", issues.c.slot_id, unique=True)
sa.Index("uq_issues_newsletter_number", issues.c.newsletter, issues.c.number, unique=True)

items = sa.Table(
    "items",
    metadata,
    sa.Column("issue_id", sa.ForeignKey("issues.id"), primary_key=True),
    sa.Column("article_id", sa.ForeignKey("articles.id"), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("included", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("pinned", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("decision", sa.Text, nullable=False, server_default=""),
    sa.Column("printed", sa.JSON, nullable=False),
    sa.Column("corrections", sa.JSON, nullable=False),
)
sa.Index(None, items.c.article_id)

editions = sa.Table(
    "editions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("issue_id", sa.ForeignKey("issues.id"), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("items", sa.JSON, nullable=False),
    sa.Column("headlines", sa.JSON, nullable=False),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("preheader", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("people", sa.Integer, nullable=False),
    sa.Column("rendered_from", sa.Text, nullable=False, server_default=""),
    sa.Column("language", sa.Text, nullable=False, server_default=""),
    sa.Column("rendered_at", UtcDateTime, nullable=False),
    sa.Column("arm", sa.Text, nullable=False, server_default=""),
)
sa.Index("uq_editions_issue_id_seq", editions.c.issue_id, editions.c.seq, unique=True)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("issue_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("subscriber_id", sa.Integer, nullable=False),
    sa.Column("edition_id", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sqlite_with_rowid=False,
)
sa.Index(
    "uq_deliveries_issue_id_subscriber_id",
    deliveries.c.issue_id,
    deliveries.c.subscriber_id,
    unique=True,
)

exclusions = sa.Table(
    "exclusions",
    metadata,
    sa.Column("issue_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("subscriber_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("reason", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("issue_id", sa.ForeignKey("issues.id"), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("edition_id", sa.Integer, nullable=False),
    sa.Column("first_seq", sa.Integer, nullable=False),
    sa.Column("last_seq", sa.Integer, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("owner", sa.Text, nullable=False, server_default=""),
    sa.Column("lease_until", UtcDateTime),
    sa.Column("not_before", UtcDateTime),
    sa.Column("unknown_at", UtcDateTime),
    sa.Column("settled_at", UtcDateTime),
    sa.Column("message_id", sa.Text, nullable=False, server_default=""),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("rejections", sa.Integer, nullable=False, server_default="0"),
    sa.Column("planned", sa.Integer, nullable=False, server_default="0"),
    sa.Column("submitted", sa.Integer, nullable=False, server_default="0"),
    sa.Column("refused", sa.Integer, nullable=False, server_default="0"),
    sa.Column("withdrawn", sa.Integer, nullable=False, server_default="0"),
    sa.Column("delivered", sa.Integer, nullable=False, server_default="0"),
    sa.Column("deferred", sa.Integer, nullable=False, server_default="0"),
    sa.Column("blocked", sa.Integer, nullable=False, server_default="0"),
    sa.Column("bounced", sa.Integer, nullable=False, server_default="0"),
    sa.Column("dropped", sa.Integer, nullable=False, server_default="0"),
    sa.Column("complained", sa.Integer, nullable=False, server_default="0"),
    sa.Column("arm", sa.Text, nullable=False, server_default=""),
)
sa.Index(None, batches.c.state, batches.c.issue_id, batches.c.seq)
sa.Index("ix_batches_claimable", batches.c.issue_id, batches.c.seq, **only("state = 'prepared'"))
sa.Index(None, batches.c.issue_id, batches.c.first_seq)

# Every attempt at a batch that did not simply succeed, and what came to light about it later.
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("issue_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("ended_at", UtcDateTime, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("first_seq", sa.Integer),
    sa.Column("last_seq", sa.Integer),
    sa.Column("seen_at", UtcDateTime),
    sqlite_with_rowid=False,
)

# What providers post, as it came, until it is drained. `problem` says why that failed.
event_bodies = sa.Table(
    "event_bodies",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("problem", sa.Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

# Rows in the order of their arrival, also on SQLite: a table in the order of its random ids, with the
# ids in each index, takes twice as long to write.
events = sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("issue_id", sa.Integer),
    sa.Column("seq", sa.Integer),
    sa.Column("subscriber_id", sa.Integer, index=True),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
)

# What became of the first issue of each new subscriber: one row for each, written once.
welcomes = sa.Table(
    "welcomes",
    metadata,
    sa.Column("newsletter", sa.Text, primary_key=True),
    sa.Column("subscriber_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("confirmed_at", UtcDateTime, nullable=False),
    sa.Column("issue_id", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("subscriber_id", sa.Integer, index=True),
    sa.Column("address", sa.Text, nullable=False, server_default=""),
    sa.Column("language", sa.Text, nullable=False, server_default=""),
    sa.Column("values", sa.JSON, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_until", UtcDateTime),
    sa.Column("not_before", UtcDateTime),
    sa.Column("queued_at", UtcDateTime, nullable=False),
    sa.Column("settled_at", UtcDateTime),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
sa.Index("uq_notices_key", notices.c.key, unique=True)
sa.Index(None, notices.c.state, notices.c.not_before)

acts = sa.Table(
    "acts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("issue_id", sa.Integer, index=True),
    sa.Column("before", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("after", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("detail", sa.JSON, nullable=False),
)

rates = sa.Table(
    "rates",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("free_at", sa.Float, nullable=False),
    sa.Column("set_at", sa.Float, nullable=False, server_default="0"),
)

# Servers and receiving domains ("@example.com") that asked for fewer emails; others have no row.
slowed = sa.Table(
    "slowed",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("until", UtcDateTime, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("strikes", sa.Integer, nullable=False),
    sa.Column("pace", sa.Float, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

ramps = sa.Table(
    "ramps",
    metadata,
    sa.Column("domain", sa.Text, primary_key=True),
    sa.Column("began_at", UtcDateTime, nullable=False),
    sa.Column("used", sa.Integer, nullable=False),
    sa.Column("most", sa.Integer, nullable=False),
)

marks = sa.Table(
    "marks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
)

# One row: a random word that identifies this database, and every copy of it, in the journals.
epochs = sa.Table("epochs", metadata, sa.Column("epoch", sa.Text, primary_key=True))
