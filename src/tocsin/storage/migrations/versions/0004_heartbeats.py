"""heartbeats and their pings

Revision: 0004, after 0003

Websites get the fields that only heartbeats have; in those that are there already they stay null.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_FIELDS = (
    ("period", sa.Integer()),
    ("cron", sa.String(length=100)),
    ("time_zone", sa.String(length=64)),
    ("grace", sa.Integer()),
)


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for name, kind in _FIELDS:
        op.add_column("websites", sa.Column(name, kind, nullable=True))
    op.create_table(
        "heartbeats",
        sa.Column("website_id", _id(), nullable=False),
        sa.Column("pings_count", _id(), nullable=False),
        sa.Column("counts_from", sa.BigInteger(), nullable=True),
        sa.Column("last_ping_at", sa.BigInteger(), nullable=True),
        sa.Column("last_start_at", sa.BigInteger(), nullable=True),
        sa.Column("last_start_rid", sa.String(length=36), nullable=True),
        sa.Column("run_ends_by", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("deadline_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["website_id"], ["websites.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("website_id"),
    )
    waited_for = sa.text("deadline_at IS NOT NULL")
    op.create_index(
        "ix_heartbeats_deadline",
        "heartbeats",
        ["deadline_at"],
        sqlite_where=waited_for,
        postgresql_where=waited_for,
    )
    op.create_table(
        "heartbeat_pings",
        sa.Column("website_id", _id(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", _id(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("START", "SUCCESS", "FAIL", "LOG", name="pingkind", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("rid", sa.String(length=36), nullable=True),
        sa.Column("exit_code", sa.SmallInteger(), nullable=True),
        sa.Column("duration_us", sa.BigInteger(), nullable=True),
        sa.Column("method", sa.SmallInteger(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("user_agent", sa.String(length=255), nullable=True),
        sa.Column("body_bytes", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["website_id"], ["websites.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("website_id", "slot"),
    )


def downgrade() -> None:
    op.drop_table("heartbeat_pings")
    op.drop_index("ix_heartbeats_deadline", "heartbeats")
    op.drop_table("heartbeats")
    with op.batch_alter_table("websites") as batch:
        for name, _ in reversed(_FIELDS):
            batch.drop_column(name)
