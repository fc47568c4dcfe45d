"""downtime rules, and events that concern no single website

Every website keeps the rule it had: down at the first failed check, up at the first good one. An outbox event may now
tell of Tocsin itself (that it could not see), so that website and statuses may be missing. Going back deletes those.

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MAY_BE_MISSING = (("website_id", ID), ("from_status", sa.String(20)), ("to_status", sa.String(20)))


def upgrade() -> None:
    op.add_column("websites", sa.Column("down_after", sa.SmallInteger(), nullable=False, server_default="1"))
    op.add_column("websites", sa.Column("down_window", sa.SmallInteger(), nullable=True))
    op.add_column("websites", sa.Column("up_after", sa.SmallInteger(), nullable=False, server_default="1"))
    op.add_column("website_states", sa.Column("last_status", sa.SmallInteger(), nullable=True))
    op.add_column("website_states", sa.Column("recent_results", sa.Text(), nullable=True))
    op.add_column("website_states", sa.Column("recovering_since", sa.BigInteger(), nullable=True))
    op.add_column(
        "website_states", sa.Column("recovering_checks_count", sa.Integer(), nullable=False, server_default="0")
    )
    _let_be_missing(nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM outbox_events WHERE website_id IS NULL OR from_status IS NULL OR to_status IS NULL")
    _let_be_missing(nullable=False)
    for name in ("recovering_checks_count", "recovering_since", "recent_results", "last_status"):
        op.drop_column("website_states", name)
    for name in ("up_after", "down_window", "down_after"):
        op.drop_column("websites", name)


def _let_be_missing(*, nullable: bool) -> None:
    # SQLite rebuilds the table; what it knows of numbers given already would be lost without the argument.
    with op.batch_alter_table("outbox_events", table_kwargs={"sqlite_autoincrement": True}) as batch:
        for name, kind in MAY_BE_MISSING:
            batch.alter_column(name, existing_type=kind, nullable=nullable)
