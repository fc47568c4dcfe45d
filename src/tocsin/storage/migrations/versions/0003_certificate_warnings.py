"""what was told of a certificate's expiry, so that nothing is told twice

Websites that are there begin with nothing told: one whose certificate is about to expire is told of at its next check.

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("website_certificates", sa.Column("warned_days", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("website_certificates", sa.Column("warned_sha256", sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("website_certificates") as table:
        table.drop_column("warned_sha256")
        table.drop_column("warned_days")
