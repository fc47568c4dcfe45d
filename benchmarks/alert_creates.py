"""What alerts cost: batches of 1, 64 and 1,000, many processes on one fingerprint, patterns over 100,000.

    python -m benchmarks.alert_creates [--postgres URL] [--full]

Without --full: 4 processes × 100 creates and 20,000 alerts; with it 8 × 1,000 and 100,000. The database is a file in a
temporary folder, or an empty PostgreSQL database of yours.
"""

import argparse
import multiprocessing
import random
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from tocsin import Alert, AlertModel, AlertService, Database
from tocsin.alerts.patterns import conclude
from tocsin.model.alerts import AlertCategory, AlertPriority, AlertStatus
from tocsin.model.times import utcnow
from tocsin.storage.alerts.patterns import read_figures
from tocsin.storage.alerts.recording import record_alerts


def one(number: int) -> Alert:
    labels = {"alertname": "InstanceDown", "instance": f"10.0.{number // 250}.{number % 250}:9100", "job": "node",
              "severity": "warning", "cluster": "eu-1", "team": "ops"}  # fmt: skip
    annotations = {"summary": f"instance {number} is down", "description": "It has been down for 5 minutes."}
    return Alert("InstanceDown", "InstanceDown", annotations["summary"], labels=labels, annotations=annotations)


def batches(database: Database, total: int) -> None:
    print("batch   new/s  CPU µs   again/s  CPU µs")
    for size in (1, 64, 1000):
        count = max(size, total // (10 if size == 1 else 1)) // size * size
        figures = []
        for _ in range(2):
            began, cpu = time.perf_counter(), time.process_time()
            for first in range(0, count, size):
                alerts = [one(size * 1_000_000 + number) for number in range(first, first + size)]
                with database.write_transaction() as connection:
                    record_alerts(connection, alerts, utcnow())
            figures += [count / (time.perf_counter() - began), (time.process_time() - cpu) / count * 1e6]
        print(f"{size:5}  {figures[0]:6.0f}  {figures[1]:6.0f}   {figures[2]:7.0f}  {figures[3]:6.0f}")


def create(url: str, times: int) -> None:
    database = Database(url)
    for _ in range(times):
        with database.session() as db:
            AlertService(db).create_system_alert("cpu_percent", 92, 80, "web-1")
    database.dispose()


def crowd(database: Database, processes: int, times: int) -> None:
    url = database.url.render_as_string(hide_password=False)
    began = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.starmap(create, [(url, times)] * processes)
    took = time.perf_counter() - began
    with database.session() as db:
        found = AlertService(db).get_alerts(alert_type="system_cpu_percent")
    counts = [alert.notification_count for alert in found]
    verdict = "as it must be" if counts == [processes * times] else "WRONG"
    print(f"{processes} processes × {times} creates of one problem: alerts with counts {counts}, {verdict};"
          f" {processes * times / took:.0f}/s")  # fmt: skip


def patterns(database: Database, total: int) -> None:
    dice, now = random.Random(7), utcnow()
    rows = []
    for number in range(total):
        at = now - timedelta(seconds=dice.uniform(0, 7 * 86400))
        ended = at + timedelta(seconds=dice.expovariate(1 / 600))
        rows.append({
            "fingerprint": f"{number:016x}", "alert_type": f"system_metric_{dice.randrange(40)}", "title": "t",
            "message": "m",
            "priority": AlertPriority.HIGH, "category": AlertCategory.SYSTEM, "status": AlertStatus.RESOLVED,
            "resource": f"web-{dice.randrange(200)}", "first_seen_at": at, "last_seen_at": at, "starts_at": at,
            "resolved_at": ended, "alert_metadata": {"current_value": dice.gauss(90, 4), "threshold_value": 80},
        })  # fmt: skip
    with database.session() as db:
        for first in range(0, total, 5000):
            db.execute(AlertModel.__table__.insert(), [  # type: ignore[attr-defined]
                {("metadata" if name == "alert_metadata" else name): value for name, value in row.items()}
                for row in rows[first : first + 5000]
            ])  # fmt: skip
        db.commit()
        began = time.perf_counter()
        found = conclude(read_figures(db, 8, now - timedelta(days=8)))
        print(f"patterns of {found['total_alerts']} alerts: {time.perf_counter() - began:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", metavar="URL")
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(options.postgres or Path(folder) / "tocsin.db")
        batches(database, 10_000 if options.full else 2000)
        crowd(database, *((8, 1000) if options.full else (4, 100)))
        patterns(database, 100_000 if options.full else 20_000)
        database.dispose()


if __name__ == "__main__":
    main()
