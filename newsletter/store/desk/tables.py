"""The tables of staff who sign in at the desk."""

import sqlalchemy as sa

from newsletter.store.tables import metadata
from newsletter.store.types import UtcDateTime

# Who may sign in at the desk. Members who are removed are deleted; the acts keep their address.
staff = sa.Table(
    "staff",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False, server_default=""),
    sa.Column("added_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)
sa.Index("uq_staff_key", staff.c.key, unique=True)

# Links name requests by number: none is used again.
sign_ins = sa.Table(
    "sign_ins",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("browser", sa.Text, nullable=False, server_default=""),
    sa.Column("until", UtcDateTime, nullable=False),
    sa.Column("answered", sa.Boolean, nullable=False, server_default=sa.false()),
    sqlite_autoincrement=True,
)

passkeys = sa.Table(
    "passkeys",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("staff_id", sa.ForeignKey("staff.id"), nullable=False, index=True),
    sa.Column("credential", sa.LargeBinary, nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("uses", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("added_at", UtcDateTime, nullable=False),
    sa.Column("used_at", UtcDateTime),
    sqlite_autoincrement=True,
)
sa.Index("uq_passkeys_credential", passkeys.c.credential, unique=True)

desk_sessions = sa.Table(
    "desk_sessions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("staff_id", sa.ForeignKey("staff.id"), nullable=False, index=True),
    sa.Column("signed_in_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("browser", sa.Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
sa.Index("uq_desk_sessions_digest", desk_sessions.c.digest, unique=True)

# Who has the page "Edit" of an issue open; a row counts for half a minute.
edit_presences = sa.Table(
    "edit_presences",
    metadata,
    sa.Column("issue_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
)
