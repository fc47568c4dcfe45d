"""The silences and maintenance windows that are in force, ready to be held against alerts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tocsin.matching.matchers import Matcher
from tocsin.matching.mutes import Mutes, Muting
from tocsin.matching.schedules import period_at
from tocsin.model.maintenance import Schedule
from tocsin.storage.history.periods import schedule_of, websites_named_by
from tocsin.storage.tables.alert_rules import MaintenanceWindow, Silence


def load_mutes(connection: Connection, now: datetime) -> Mutes:
    """Return what is in force at `now`."""
    return Mutes([*_silences(connection, now), *_windows(connection, now)])


def _silences(connection: Connection, now: datetime) -> Iterable[Muting]:
    wanted = select(
        Silence.id, Silence.key, Silence.comment, Silence.starts_at, Silence.ends_at, Silence.matchers
    ).where(Silence.starts_at <= now, Silence.ends_at > now)
    for row in connection.execute(wanted):
        yield Muting(
            "silence", row.id, row.key, row.comment, row.starts_at, row.ends_at, matchers=matchers_of(row.matchers)
        )


def _windows(connection: Connection, now: datetime) -> Iterable[Muting]:
    for row in connection.execute(select(MaintenanceWindow.__table__).where(MaintenanceWindow.is_enabled)).mappings():
        schedule: Schedule = schedule_of(row["schedule"])
        period = period_at(schedule, row["time_zone"], now)
        if period is None:
            continue
        yield Muting(
            "maintenance",
            row["id"],
            "",
            row["name"],
            *period,
            matchers=matchers_of(row["matchers"]),
            website_ids=frozenset(websites_named_by(connection, row)),
            is_global=row["is_global"],
        )


def matchers_of(stored: Iterable[dict[str, Any]]) -> tuple[Matcher, ...]:
    """Return matchers from their stored form."""
    return tuple(Matcher.from_dict(one) for one in stored)
