"""Checks: what each look at a website saw. The many are written by `results`, single ones here."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tocsin.errors import NotFound
from tocsin.model.checks import MonitorCheckCreate
from tocsin.model.enums import MonitorStatus
from tocsin.model.times import as_utc, to_epoch_us, utcnow
from tocsin.model.uptime import percent_of_checks
from tocsin.storage import states
from tocsin.storage.history import counts, rollups
from tocsin.storage.tables import MonitorCheck, Website
from tocsin.storage.tables.codes import CAUSE_CODES, METHOD_CODES, PHASE_CODES, STATUS_CODES
from tocsin.storage.tables.records import UnknownWindow
from tocsin.storage.tables.rows import CheckRow


class MonitorCheckCRUD:
    """Create and read checks. Each call commits the Session it is given."""

    @staticmethod
    def create(db: Session, check: MonitorCheckCreate) -> MonitorCheck:
        """Store a check and count it in the rollups.

        Raises:
            NotFound: there is no such website.
        """
        website = db.get(Website, check.website_id)
        if website is None:
            raise NotFound(f"there is no website {check.website_id}")
        now = utcnow()
        checked_at = check.checked_at or now
        delay_ms = max(0, (now - checked_at) // timedelta(milliseconds=1))
        row = MonitorCheck(**{**dict(check), "checked_at": checked_at, "created_delay_ms": delay_ms})
        db.add(row)
        try:
            db.flush()
        except IntegrityError as error:
            db.rollback()
            raise NotFound(f"website {check.website_id} was deleted meanwhile") from error
        connection = db.connection()
        raw = _raw(row)
        unknown = []
        if row.status is MonitorStatus.UNKNOWN:
            end = checked_at + timedelta(seconds=website.check_interval)
            db.add(UnknownWindow(website_id=website.id, started_at=checked_at, ended_at=end, reason="unknown"))
            unknown.append((website.id, raw.checked_at_us, to_epoch_us(end)))
        rollups.count_checks(connection, [raw], unknown, now_us=to_epoch_us(now))
        states.note_check(db, row)
        db.commit()
        return row

    @staticmethod
    def get_by_id(db: Session, check_id: int) -> MonitorCheck | None:
        """Return the check, or None."""
        return db.get(MonitorCheck, check_id)

    @staticmethod
    def get_by_website(
        db: Session,
        website_id: int,
        skip: int = 0,
        limit: int = 100,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        status: MonitorStatus | None = None,
    ) -> tuple[list[MonitorCheck], int]:
        """Return one page of a website's checks between two moments (both included), newest first, and their number."""
        wanted = select(MonitorCheck).where(MonitorCheck.website_id == website_id)
        if start_date is not None:
            wanted = wanted.where(MonitorCheck.checked_at >= as_utc(start_date))
        if end_date is not None:
            wanted = wanted.where(MonitorCheck.checked_at <= as_utc(end_date))
        if status is not None:
            wanted = wanted.where(MonitorCheck.status == status)
        total = db.scalar(wanted.with_only_columns(func.count()).order_by(None)) or 0
        page = wanted.order_by(MonitorCheck.checked_at.desc(), MonitorCheck.id.desc()).offset(skip).limit(limit)
        return list(db.scalars(page)), total

    @staticmethod
    def get_latest_by_website(db: Session, website_id: int) -> MonitorCheck | None:
        """Return the website's newest check, or None before the first."""
        wanted = select(MonitorCheck).where(MonitorCheck.website_id == website_id)
        return db.scalars(wanted.order_by(MonitorCheck.checked_at.desc(), MonitorCheck.id.desc()).limit(1)).first()

    @staticmethod
    def calculate_uptime_percentage(db: Session, website_id: int, hours: int = 24) -> float | None:
        """Return the share of available checks in the last `hours`, 0 to 100; None where nothing was seen.

        UP and DEGRADED are available; UNKNOWN checks are left out.
        """
        now = utcnow()
        seen = counts.count_between(db, website_id, now - timedelta(hours=hours), now)
        return percent_of_checks(seen.available, seen.total, seen.unknown)


def _raw(row: MonitorCheck) -> CheckRow:
    return CheckRow(
        website_id=row.website_id,
        checked_at_us=to_epoch_us(row.checked_at),
        created_delay_ms=row.created_delay_ms,
        status=STATUS_CODES[row.status],
        http_status_code=row.http_status_code,
        http_method=METHOD_CODES[row.http_method],
        total_us=_us(row.response_time_ms),
        dns_us=_us(row.dns_time_ms),
        connect_us=_us(row.connect_time_ms),
        tls_us=_us(row.tls_time_ms),
        ttfb_us=_us(row.ttfb_ms),
        attempts=row.attempts,
        cause=CAUSE_CODES[row.cause] if row.cause else None,
        phase=PHASE_CODES[row.phase] if row.phase else None,
        error_message=row.error_message,
    )


def _us(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds * 1000)
