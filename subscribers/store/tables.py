"""The tables of subscribers.

No foreign key connects them with those of newsletter, so that an erasure never breaks history.
"""

import sqlalchemy as sa

from subscribers.store.dialects import Bytewise, UtcTimestamp, WithoutTag

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = sa.MetaData(naming_convention=NAMES)

# An ID is never reused: links in old emails contain it.
subscribers = sa.Table(
    "subscribers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("address_key", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.Column("language", sa.Text, nullable=False, server_default=""),
    sa.Column("origin", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", UtcTimestamp, nullable=False),
    sa.Column("acted_at", UtcTimestamp),
    sa.Column("answers", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("timezone", sa.Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
# Partial: a list without zones pays nothing for it.
sa.Index(
    "ix_subscribers_timezone_chosen",
    subscribers.c.timezone,
    sqlite_where=sa.text("timezone != ''"),
    postgresql_where=sa.text("timezone != ''"),
)
sa.Index("uq_subscribers_address_key", subscribers.c.address_key, unique=True)
sa.Index(None, subscribers.c.origin)


def _after_last(column: sa.ColumnElement[str], sign: str) -> sa.Function[str]:
    """Return the part of a text after its last `sign`; all of it without one."""
    # Literals, because an index does not match an expression with parameters.
    quoted: sa.ColumnElement[str] = sa.literal_column(f"'{sign}'")
    empty: sa.ColumnElement[str] = sa.literal_column("''")
    before = sa.func.rtrim(column, sa.func.replace(column, quoted, empty))
    return sa.func.substr(column, sa.func.length(before) + sa.literal_column("1"))


# What staff search by the beginning of: each is an index, so that a page takes as long among a
# million subscribers as among ten.
address_start = Bytewise(subscribers.c.address_key)
name_start = Bytewise(sa.func.lower(subscribers.c.name))
last_name_start = Bytewise(_after_last(sa.func.lower(subscribers.c.name), " "))
domain_start = Bytewise(_after_last(subscribers.c.address_key, "@"))
sa.Index("ix_subscribers_address_start", address_start, subscribers.c.id).ddl_if(
    dialect="postgresql"  # SQLite uses the unique index
)
sa.Index("ix_subscribers_name_start", name_start, subscribers.c.id)
sa.Index("ix_subscribers_last_name_start", last_name_start, subscribers.c.id)
sa.Index("ix_subscribers_domain_start", domain_start, subscribers.c.id)

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("newsletter", sa.Text, primary_key=True),
    sa.Column("subscriber_id", sa.ForeignKey("subscribers.id"), primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("frequency", sa.Text, nullable=False, server_default="each"),
    sa.Column("paused_until", UtcTimestamp),
    sa.Column("since", UtcTimestamp, nullable=False),
    sa.Column("confirmed_at", UtcTimestamp),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("origin", sa.Text, nullable=False, server_default=""),
    sqlite_with_rowid=False,
)
sa.Index(None, subscriptions.c.subscriber_id)

tags = sa.Table(
    "tags",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
sa.Index("uq_tags_slug", tags.c.slug, unique=True)

subscriber_tags = sa.Table(
    "subscriber_tags",
    metadata,
    sa.Column("tag_id", sa.ForeignKey("tags.id"), primary_key=True),
    sa.Column("subscriber_id", sa.ForeignKey("subscribers.id"), primary_key=True),
    sqlite_with_rowid=False,
)
sa.Index(None, subscriber_tags.c.subscriber_id, subscriber_tags.c.tag_id)

suppressions = sa.Table(
    "suppressions",
    metadata,
    sa.Column("address_key", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("at", UtcTimestamp, nullable=False),
)
sa.Index(None, suppressions.c.origin)

TAGGED = sa.text("address_key LIKE '%+%'")
# Partial: few addresses have a tag. An import asks whether ann+news@ has left when it adds ann@.
for _table in (subscribers, suppressions):
    sa.Index(
        f"ix_{_table.name}_without_tag",
        WithoutTag(_table.c.address_key),
        sqlite_where=TAGGED,
        postgresql_where=TAGGED,
    )

# What remains of an erased address: a keyed hash, so that no import brings it back.
erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", UtcTimestamp, nullable=False),
)

# Sign-up requests; applied only when they are confirmed.
requests = sa.Table(
    "requests",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subscriber_id", sa.ForeignKey("subscribers.id"), nullable=False),
    sa.Column("at", UtcTimestamp, nullable=False),
    sa.Column("newsletters", sa.JSON, nullable=False),
    sa.Column("topics", sa.JSON, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("wording", sa.Text, nullable=False),
    sa.Column("network", sa.Text, nullable=False),
    sa.Column("mailed", sa.Boolean, nullable=False),
    sa.Column("confirmed_at", UtcTimestamp),
    # During a wave of sign-ups a request waits for its email, which is then released later.
    sa.Column("waits", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("released_at", UtcTimestamp),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.Column("answers", sa.JSON, nullable=False, server_default="{}"),
    sqlite_autoincrement=True,
)
sa.Index(None, requests.c.waits)
sa.Index(None, requests.c.subscriber_id, requests.c.at)
sa.Index(None, requests.c.network, requests.c.at)
sa.Index(None, requests.c.at)

# The proof: when, where and under which wording a subscriber agreed or withdrew.
consents = sa.Table(
    "consents",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subscriber_id", sa.ForeignKey("subscribers.id"), nullable=False, index=True),
    sa.Column("newsletter", sa.Text, nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("at", UtcTimestamp, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("wording", sa.Text, nullable=False, server_default=""),
    sa.Column("network", sa.Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

# Partial indexes for retention: a statement with the condition `network != ''` uses them.
for _table in (requests, consents):
    sa.Index(
        f"ix_{_table.name}_network_kept",
        _table.c.at,
        sqlite_where=sa.text("network != ''"),
        postgresql_where=sa.text("network != ''"),
    )

wordings = sa.Table(
    "wordings",
    metadata,
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("first_used_at", UtcTimestamp, nullable=False),
)

single_use_links = sa.Table(
    "single_use_links",
    metadata,
    sa.Column("serial", sa.Integer, primary_key=True),
    sa.Column("subscriber_id", sa.ForeignKey("subscribers.id"), nullable=False, index=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Column("issued_at", UtcTimestamp, nullable=False),
    sa.Column("expires_at", UtcTimestamp, nullable=False),
    sa.Column("used_at", UtcTimestamp),
    sqlite_autoincrement=True,
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcTimestamp, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("subscriber_id", sa.Integer),
    sa.Column("newsletter", sa.Text, nullable=False, server_default=""),
    sa.Column("detail", sa.JSON, nullable=False),
    sqlite_autoincrement=True,
)
sa.Index(None, audit.c.subscriber_id, audit.c.id)
sa.Index(None, audit.c.at)

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False, index=True),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("applied_to", sa.Integer, nullable=False, server_default="0"),
    sa.Column("counts", sa.JSON, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("started_at", UtcTimestamp, nullable=False),
    sa.Column("applied_at", UtcTimestamp),
    sa.Column("undone_at", UtcTimestamp),
    sqlite_autoincrement=True,
)

# What the rows of a reviewed import ask for, compressed, until a worker has applied them.
import_chunks = sa.Table(
    "import_chunks",
    metadata,
    sa.Column("import_id", sa.ForeignKey("imports.id"), primary_key=True),
    sa.Column("last_row", sa.Integer, primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

# What an import changed on existing subscribers, for an undo. Those that it added are found by
# subscribers.origin.
import_changes = sa.Table(
    "import_changes",
    metadata,
    sa.Column("import_id", sa.ForeignKey("imports.id"), primary_key=True),
    sa.Column("subscriber_id", sa.Integer, primary_key=True, index=True),
    sa.Column("at", UtcTimestamp, nullable=False),
    sa.Column("change", sa.JSON, nullable=False),
    sqlite_with_rowid=False,
)
