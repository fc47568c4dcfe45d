"""A long history made fast, by bulk SQL into an SQLite file: checks with their rollups, states and certificates.

Every website was UP at each of its due moments, but one in fifty had an hour's downtime. The rows are those that the
writer stores, so that pages and figures read them as they read real ones.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tocsin.model import histograms
from tocsin.storage.history.rollups import GRACE_S, PHASES
from tocsin.watch.jobs import offset_of

BYTES_PER_CHECK = 75
CHECKS_PER_S = 250_000
SICK = 50
"""One website in so many had a downtime."""

CHECKS_SQL = """
INSERT INTO monitor_checks (id, website_id, checked_at, created_delay_ms, status, http_status_code, http_method,
                            response_time_us, dns_time_us, connect_time_us, tls_time_us, ttfb_us, attempts, cause)
WITH RECURSIVE ticks(number) AS (SELECT :low UNION ALL SELECT number + 1 FROM ticks WHERE number < :high)
SELECT ticks.number * :websites + places.id, places.id,
       :start + ticks.number * :interval * 1000000 + places.offset_us, 150,
       places.id % :sick = 0 AND ticks.number BETWEEN :sick_from AND :sick_to, 200, 0,
       20000 + (places.id * 7919 + ticks.number * 104729) % 50000, 800 + places.id % 900, 1500, 9000,
       6000 + (places.id * 7919 + ticks.number * 104729) % 50000, 1,
       CASE WHEN places.id % :sick = 0 AND ticks.number BETWEEN :sick_from AND :sick_to THEN 6 END
FROM ticks CROSS JOIN places
"""
ROLLUP_SQL = """
INSERT INTO {table} (website_id, period, up_count, down_count, degraded_count, unknown_count, unknown_seconds,
                     timed_count, total_us, dns_us, connect_us, tls_us, ttfb_us, transfer_us,
                     total_histogram, phase_histograms)
WITH RECURSIVE periods(period) AS (SELECT :first UNION ALL SELECT period + 1 FROM periods WHERE period < :last)
SELECT places.id, periods.period, :checks, 0, 0, 0, 0, :checks, :checks * 45000, :checks * 1200, :checks * 1500,
       :checks * 9000, :checks * 31000, :checks * 2300,
       CASE WHEN periods.period < :open THEN :total END, CASE WHEN periods.period < :open THEN :phases END
FROM places CROSS JOIN periods
"""


def make_history(path: Path, checks_count: int, interval_s: int, end_s: float, say: Callable[[str], None]) -> None:
    """Fill a database that holds websites, and nothing else yet, with checks up to `end_s` (seconds since 1970)."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        run = connection.execute
        # Nothing is worth keeping if this is broken off.
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -400000", "temp_store = MEMORY"):
            run(f"PRAGMA {pragma}").fetchall()
        ids = [row[0] for row in run("SELECT id FROM websites ORDER BY id")]
        run("CREATE TEMP TABLE places (id INTEGER PRIMARY KEY, offset_us INTEGER)")
        places = [(one, int(offset_of(one, interval_s) * 1e6)) for one in ids]
        connection.executemany("INSERT INTO places VALUES (?, ?)", places)
        ticks = max(1, checks_count // len(ids))
        start_s = (int(end_s) // interval_s - ticks - 1) * interval_s
        _make_checks(connection, ticks, len(ids), start_s, interval_s, say)
        say("making rollups")
        _make_rollups(connection, start_s, start_s + (ticks + 1) * interval_s, interval_s, end_s)
        _make_states(connection, start_s, ticks, len(ids), interval_s)
        run("ANALYZE")
        run("PRAGMA journal_mode = WAL").fetchall()


def _make_checks(
    connection: sqlite3.Connection, ticks: int, websites: int, start_s: int, interval_s: int, say: Callable[[str], None]
) -> None:
    ((index_sql,),) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'ix_monitor_checks_website_time'")
    connection.execute("DROP INDEX ix_monitor_checks_website_time")
    sick_from = ticks // 2
    given = {
        "websites": websites,
        "start": start_s * 1_000_000,
        "interval": interval_s,
        "sick": SICK,
        "sick_from": sick_from,
        "sick_to": sick_from + max(1, 3600 // interval_s),
    }
    step = max(1, 2_000_000 // websites)
    for low in range(0, ticks, step):
        connection.execute(CHECKS_SQL, {**given, "low": low, "high": min(ticks, low + step) - 1})
        say(f"{min(ticks, low + step) * websites:,} checks made")
    say("making their index")
    connection.execute(index_sql)


def _make_rollups(connection: sqlite3.Connection, start_s: int, end_s: int, interval_s: int, now_s: float) -> None:
    total = histograms.encode(histograms.build(range(20_000, 70_000, 997)))
    phases = histograms.join([histograms.encode(histograms.build(range(900, 30_000, 997))) for _ in PHASES])
    for table, length_s in (("hourly_rollups", 3600), ("daily_rollups", 86_400)):
        given = {
            "first": start_s // length_s,
            "last": end_s // length_s,
            "open": int(now_s - GRACE_S) // length_s,
            "checks": length_s // interval_s,
            "total": total,
            "phases": phases,
        }
        connection.execute(ROLLUP_SQL.format(table=table), given)


def _make_states(connection: sqlite3.Connection, start_s: int, ticks: int, websites: int, interval_s: int) -> None:
    connection.execute(
        "INSERT INTO website_states (website_id, status, status_since, first_checked_at, last_checked_at,"
        " last_check_id, last_response_time_us, consecutive_failures, skipped_checks_count)"
        " SELECT id, 0, :start + offset_us, :start + offset_us, :start + :last * :interval * 1000000 + offset_us,"
        " :last * :websites + id, 45000, 0, 0 FROM places",
        {"start": start_s * 1_000_000, "last": ticks - 1, "interval": interval_s, "websites": websites},
    )
