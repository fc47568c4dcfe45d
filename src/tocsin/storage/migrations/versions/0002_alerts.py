"""alerts, rules, silences, maintenance, channels and deliveries

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    # Nobody waits to hear of the past; what a website changed to last still stands, and is taken in.
    op.execute(
        "UPDATE outbox_events SET handled_at = created_at"
        " WHERE id NOT IN (SELECT max(id) FROM outbox_events GROUP BY website_id)"
    )
    with op.batch_alter_table("outbox_events", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_events_unhandled",
            ["id"],
            unique=False,
            sqlite_where=sa.text("handled_at IS NULL"),
            postgresql_where=sa.text("handled_at IS NULL"),
        )

    op.create_table(
        "channels",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "EMAIL",
                "SMS",
                "SLACK",
                "WEBHOOK",
                "DISCORD",
                "TEAMS",
                "PAGERDUTY",
                "TELEGRAM",
                "NTFY",
                "APPRISE",
                "DASHBOARD",
                name="notificationchannel",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column(
            "min_priority",
            sa.Enum("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO", name="alertpriority", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("matchers", sa.JSON(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("tells_resolved", sa.Boolean(), nullable=False),
        sa.Column("group_by", sa.JSON(), nullable=False),
        sa.Column("group_wait_s", sa.Float(), nullable=False),
        sa.Column("group_interval_s", sa.Float(), nullable=False),
        sa.Column("rate_limit_per_minute", sa.Float(), nullable=False),
        sa.Column("reminder_after_s", sa.Float(), nullable=True),
        sa.Column("escalate_after_s", sa.Float(), nullable=True),
        sa.Column("fallback_channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("tokens", sa.Float(), nullable=True),
        sa.Column("tokens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures_count", sa.Integer(), nullable=False),
        sa.Column("rejections_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "maintenance_windows",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("schedule", sa.JSON(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("is_global", sa.Boolean(), nullable=False),
        sa.Column("website_ids", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("matchers", sa.JSON(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("maintenance_windows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_maintenance_windows_updated_at"), ["updated_at"], unique=False)

    op.create_table(
        "metric_samples",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("metric_name", sa.String(length=255), nullable=False),
        sa.Column("series", sa.String(length=255), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("samples_count", sa.Integer(), nullable=False),
        sa.Column("sampled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("metric_samples", schema=None) as batch_op:
        batch_op.create_index("ix_metric_samples_series", ["metric_name", "series", "sampled_at"], unique=False)

    op.create_table(
        "monitoring_alert_rules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("metric_name", sa.String(length=255), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("aggregation", sa.String(length=20), nullable=False),
        sa.Column("window_s", sa.Float(), nullable=False),
        sa.Column("comparison", sa.String(length=2), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("clear_threshold", sa.Float(), nullable=True),
        sa.Column("for_s", sa.Float(), nullable=False),
        sa.Column("no_data", sa.String(length=10), nullable=False),
        sa.Column("priority", sa.String(length=20), nullable=True),
        sa.Column("severity_map", sa.JSON(), nullable=False),
        sa.Column(
            "category",
            sa.Enum(
                "SYSTEM",
                "DATABASE",
                "APPLICATION",
                "PERFORMANCE",
                "SECURITY",
                "BUSINESS",
                "AVAILABILITY",
                name="alertcategory",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("notification_channels", sa.JSON(), nullable=False),
        sa.Column("ttl_s", sa.Float(), nullable=True),
        sa.Column("dedup_window_s", sa.Float(), nullable=False),
        sa.Column("runbook_url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    with op.batch_alter_table("monitoring_alert_rules", schema=None) as batch_op:
        batch_op.create_index("ix_monitoring_alert_rules_enabled", ["is_enabled"], unique=False)
        batch_op.create_index("ix_monitoring_alert_rules_metric", ["metric_name"], unique=False)
        batch_op.create_index(batch_op.f("ix_monitoring_alert_rules_updated_at"), ["updated_at"], unique=False)

    op.create_table(
        "silences",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("matchers", sa.JSON(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    with op.batch_alter_table("silences", schema=None) as batch_op:
        batch_op.create_index("ix_silences_ends", ["ends_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_silences_updated_at"), ["updated_at"], unique=False)

    op.create_table(
        "alert_rule_states",
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("series", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "series"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("group_key", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column(
            "priority",
            sa.Enum("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO", name="alertpriority", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("alerts_count", sa.Integer(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(length=64), nullable=True),
        sa.Column("attempts_count", sa.Integer(), nullable=False),
        sa.Column("possibly_repeated", sa.Boolean(), nullable=False),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(
            "ix_deliveries_due",
            ["channel_id", "due_at"],
            unique=False,
            sqlite_where=sa.text("status IN ('PENDING', 'SENDING')"),
            postgresql_where=sa.text("status IN ('PENDING', 'SENDING')"),
        )
        batch_op.create_index("ix_deliveries_group", ["channel_id", "group_key", "id"], unique=False)
        batch_op.create_index("ix_deliveries_time", ["created_at"], unique=False)

    op.create_table(
        "maintenance_periods",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("window_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("website_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("checks_count", sa.Integer(), nullable=True),
        sa.Column("up_count", sa.Integer(), nullable=True),
        sa.Column("unknown_count", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["website_id"], ["websites.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("maintenance_periods", schema=None) as batch_op:
        batch_op.create_index("ix_maintenance_periods_website_time", ["website_id", "started_at"], unique=False)
        batch_op.create_index("uq_maintenance_periods_start", ["window_id", "website_id", "started_at"], unique=True)
        batch_op.create_index(
            "ix_maintenance_periods_uncounted",
            ["ended_at"],
            unique=False,
            sqlite_where=sa.text("checks_count IS NULL"),
            postgresql_where=sa.text("checks_count IS NULL"),
        )

    op.create_table(
        "monitoring_alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("alert_type", sa.String(length=255), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column(
            "priority",
            sa.Enum("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO", name="alertpriority", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column(
            "category",
            sa.Enum(
                "SYSTEM",
                "DATABASE",
                "APPLICATION",
                "PERFORMANCE",
                "SECURITY",
                "BUSINESS",
                "AVAILABILITY",
                name="alertcategory",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "ACTIVE",
                "ACKNOWLEDGED",
                "SUPPRESSED",
                "RESOLVED",
                "EXPIRED",
                name="alertstatus",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("website_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("group_key", sa.String(length=255), nullable=False),
        sa.Column("notification_channels", sa.JSON(), nullable=False),
        sa.Column("notification_count", sa.Integer(), nullable=False),
        sa.Column("dedup_window_s", sa.Float(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=255), nullable=True),
        sa.Column("acknowledgement_notes", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(length=255), nullable=True),
        sa.Column("resolution_notes", sa.Text(), nullable=True),
        sa.Column("suppressed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suppressed_by", sa.String(length=255), nullable=True),
        sa.Column("suppression_reason", sa.Text(), nullable=True),
        sa.Column("reopened_count", sa.Integer(), nullable=False),
        sa.Column("flapping_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recent_changes", sa.JSON(), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalation_level", sa.Integer(), nullable=False),
        sa.Column("runbook_url", sa.Text(), nullable=True),
        sa.Column("generator_url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["website_id"], ["websites.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("monitoring_alerts", schema=None) as batch_op:
        batch_op.create_index("ix_monitoring_alerts_category_time", ["category", "first_seen_at"], unique=False)
        batch_op.create_index(
            "ix_monitoring_alerts_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.create_index("ix_monitoring_alerts_fingerprint", ["fingerprint", "id"], unique=False)
        batch_op.create_index("ix_monitoring_alerts_priority_status", ["priority", "status"], unique=False)
        batch_op.create_index("ix_monitoring_alerts_resource", ["resource"], unique=False)
        batch_op.create_index("ix_monitoring_alerts_rule", ["rule_id", "first_seen_at"], unique=False)
        batch_op.create_index("ix_monitoring_alerts_status_time", ["status", "last_seen_at"], unique=False)
        batch_op.create_index("ix_monitoring_alerts_time", ["first_seen_at"], unique=False)
        batch_op.create_index("ix_monitoring_alerts_type_time", ["alert_type", "first_seen_at"], unique=False)
        batch_op.create_index("ix_monitoring_alerts_website", ["website_id", "first_seen_at"], unique=False)
        batch_op.create_index(
            "uq_monitoring_alerts_open",
            ["fingerprint"],
            unique=True,
            sqlite_where=sa.text("status IN ('ACTIVE', 'ACKNOWLEDGED', 'SUPPRESSED')"),
            postgresql_where=sa.text("status IN ('ACTIVE', 'ACKNOWLEDGED', 'SUPPRESSED')"),
        )

    op.create_table(
        "alert_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("alert_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column(
            "from_status",
            sa.Enum(
                "ACTIVE",
                "ACKNOWLEDGED",
                "SUPPRESSED",
                "RESOLVED",
                "EXPIRED",
                name="alertstatus",
                native_enum=False,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column(
            "to_status",
            sa.Enum(
                "ACTIVE",
                "ACKNOWLEDGED",
                "SUPPRESSED",
                "RESOLVED",
                "EXPIRED",
                name="alertstatus",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "from_priority",
            sa.Enum("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO", name="alertpriority", native_enum=False, length=20),
            nullable=True,
        ),
        sa.Column(
            "to_priority",
            sa.Enum("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO", name="alertpriority", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("muted_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["monitoring_alerts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("alert_changes", schema=None) as batch_op:
        batch_op.create_index("ix_alert_changes_alert", ["alert_id", "id"], unique=False)
        batch_op.create_index(
            "ix_alert_changes_muted",
            ["muted_until"],
            unique=False,
            sqlite_where=sa.text("muted_until IS NOT NULL"),
            postgresql_where=sa.text("muted_until IS NOT NULL"),
        )
        batch_op.create_index("ix_alert_changes_time", ["changed_at"], unique=False)
        batch_op.create_index(
            "ix_alert_changes_unplanned",
            ["id"],
            unique=False,
            sqlite_where=sa.text("planned_at IS NULL"),
            postgresql_where=sa.text("planned_at IS NULL"),
        )

    op.create_table(
        "alert_decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("alert_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("change_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["monitoring_alerts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("alert_decisions", schema=None) as batch_op:
        batch_op.create_index("ix_alert_decisions_alert", ["alert_id", "id"], unique=False)
        batch_op.create_index("ix_alert_decisions_channel_time", ["channel_id", "decided_at"], unique=False)
        batch_op.create_index("ix_alert_decisions_time", ["decided_at"], unique=False)

    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("status_class", sa.String(length=10), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("retry_after_s", sa.Float(), nullable=True),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("delivery_attempts", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_attempts_delivery", ["delivery_id", "id"], unique=False)

    op.create_table(
        "delivery_members",
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("change_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("alert_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["monitoring_alerts.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["change_id"], ["alert_changes.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery_id", "change_id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("delivery_members", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_members_alert", ["alert_id", "delivery_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("delivery_members", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_members_alert")

    op.drop_table("delivery_members")
    with op.batch_alter_table("delivery_attempts", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_attempts_delivery")

    op.drop_table("delivery_attempts")
    with op.batch_alter_table("alert_decisions", schema=None) as batch_op:
        batch_op.drop_index("ix_alert_decisions_time")
        batch_op.drop_index("ix_alert_decisions_channel_time")
        batch_op.drop_index("ix_alert_decisions_alert")

    op.drop_table("alert_decisions")
    with op.batch_alter_table("alert_changes", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_alert_changes_unplanned",
            sqlite_where=sa.text("planned_at IS NULL"),
            postgresql_where=sa.text("planned_at IS NULL"),
        )
        batch_op.drop_index("ix_alert_changes_time")
        batch_op.drop_index(
            "ix_alert_changes_muted",
            sqlite_where=sa.text("muted_until IS NOT NULL"),
            postgresql_where=sa.text("muted_until IS NOT NULL"),
        )
        batch_op.drop_index("ix_alert_changes_alert")

    op.drop_table("alert_changes")
    with op.batch_alter_table("monitoring_alerts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_monitoring_alerts_open",
            sqlite_where=sa.text("status IN ('ACTIVE', 'ACKNOWLEDGED', 'SUPPRESSED')"),
            postgresql_where=sa.text("status IN ('ACTIVE', 'ACKNOWLEDGED', 'SUPPRESSED')"),
        )
        batch_op.drop_index("ix_monitoring_alerts_website")
        batch_op.drop_index("ix_monitoring_alerts_type_time")
        batch_op.drop_index("ix_monitoring_alerts_time")
        batch_op.drop_index("ix_monitoring_alerts_status_time")
        batch_op.drop_index("ix_monitoring_alerts_rule")
        batch_op.drop_index("ix_monitoring_alerts_resource")
        batch_op.drop_index("ix_monitoring_alerts_priority_status")
        batch_op.drop_index("ix_monitoring_alerts_fingerprint")
        batch_op.drop_index(
            "ix_monitoring_alerts_due",
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_monitoring_alerts_category_time")

    op.drop_table("monitoring_alerts")
    op.drop_table("maintenance_periods")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_deliveries_time")
        batch_op.drop_index("ix_deliveries_group")
        batch_op.drop_index(
            "ix_deliveries_due",
            sqlite_where=sa.text("status IN ('PENDING', 'SENDING')"),
            postgresql_where=sa.text("status IN ('PENDING', 'SENDING')"),
        )

    op.drop_table("deliveries")
    op.drop_table("alert_rule_states")
    with op.batch_alter_table("silences", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_silences_updated_at"))
        batch_op.drop_index("ix_silences_ends")

    op.drop_table("silences")
    with op.batch_alter_table("monitoring_alert_rules", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_monitoring_alert_rules_updated_at"))
        batch_op.drop_index("ix_monitoring_alert_rules_metric")
        batch_op.drop_index("ix_monitoring_alert_rules_enabled")

    op.drop_table("monitoring_alert_rules")
    with op.batch_alter_table("metric_samples", schema=None) as batch_op:
        batch_op.drop_index("ix_metric_samples_series")

    op.drop_table("metric_samples")
    with op.batch_alter_table("maintenance_windows", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_maintenance_windows_updated_at"))

    op.drop_table("maintenance_windows")
    op.drop_table("leases")
    op.drop_table("channels")
    with op.batch_alter_table("outbox_events", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_events_unhandled",
            sqlite_where=sa.text("handled_at IS NULL"),
            postgresql_where=sa.text("handled_at IS NULL"),
        )
    op.drop_table("alert_inbox")
