"""How long a round of 10,000 rules takes, against reading each rule's values by a query of its own.

    python -m benchmarks.alert_rules [--rules 10000] [--websites 5000] [--rounds 5]

Half of the rules look each at one website's response time over five minutes (p95), half each at one reported series.
A twentieth of them fires. Values are read from an SQLite file on disk, and what changes is written to it.
"""

import argparse
import random
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from tocsin.alerts.rules.evaluate import Evaluator
from tocsin.model.alert_rules import Aggregation, AlertRuleCreate
from tocsin.model.series_values import Ask
from tocsin.model.times import to_epoch_us, utcnow
from tocsin.model.websites import WebsiteCreate
from tocsin.storage import bulk
from tocsin.storage.database import Database
from tocsin.storage.rules.samples import Sample, record_samples
from tocsin.storage.rules.values import sample_values, watched_websites, website_values
from tocsin.storage.tables import MonitorCheck
from tocsin.storage.tables.alert_rules import AlertRule
from tocsin.storage.tables.rows import CHECK_COLUMNS, CheckRow
from tocsin.storage.websites import WebsiteCRUD

P95 = Ask("website.response_time_ms", Aggregation.P95, 300)
LAST = Ask("queue_length", Aggregation.LAST, 300)
CHECKS_EACH = 5


def fill(database: Database, rules_count: int, websites_count: int) -> None:
    dice, now = random.Random(7), utcnow()
    with database.session() as db:
        for number in range(websites_count):
            WebsiteCRUD.create(db, WebsiteCreate(url=f"https://site-{number}.example"))
        for number in range(rules_count):
            one = {"name": f"rule {number}", "for_s": 60}
            if number % 2:
                about = {"website_id": str(number % websites_count + 1)}
                one |= {"metric_name": P95.metric_name, "aggregation": "p95", "threshold": 475, "labels": about}
            else:
                one |= {"metric_name": LAST.metric_name, "threshold": 95, "labels": {"service": str(number)}}
            db.add(AlertRule(**AlertRuleCreate.model_validate(one).model_dump(mode="json")))
        db.commit()
    with database.write_transaction() as connection:
        rows = [
            CheckRow(website, to_epoch_us(now) - minute * 60_000_000, 5, 0, 200, 0,
                     dice.randrange(20_000, 500_000), 1, 1, 1, 1, 1, None, None, None)
            for website in range(1, websites_count + 1) for minute in range(CHECKS_EACH)
        ]  # fmt: skip
        bulk.insert_new_rows(connection, MonitorCheck.__table__, CHECK_COLUMNS, rows)  # type: ignore[arg-type]
        numbers = range(0, rules_count, 2)
        record_samples(
            connection, (Sample(LAST.metric_name, dice.randrange(100), {"service": str(one)}) for one in numbers)
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--websites", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        database = Database(Path(name) / "rules.db")
        fill(database, arguments.rules, arguments.websites)
        evaluator, now, took = Evaluator(), utcnow(), []
        for number in range(arguments.rounds + 1):
            began = time.perf_counter()
            with database.write_transaction() as connection:
                done = evaluator.run(connection, now + timedelta(seconds=30 * number))
            took.append(time.perf_counter() - began)
            print(f"round {number}: {took[-1]:.3f} s, {done.series_count} series, {done.fired_count} fired")
        with database.engine.connect() as connection:
            websites = watched_websites(connection)[:200]
            began = time.perf_counter()
            for one in websites:
                website_values(connection, P95, [one], now)
            each = (time.perf_counter() - began) / len(websites)
            began = time.perf_counter()
            sample_values(connection, LAST, now)
            whole = each * arguments.rules
            print(f"one query a rule: {whole:.2f} s for {arguments.rules} (measured on {len(websites)});"
                  f" all samples in one query: {time.perf_counter() - began:.3f} s")  # fmt: skip
        median = statistics.median(took[1:])
        print(f"{arguments.rules} rules: {median:.3f} s a round (median of {arguments.rounds}, first {took[0]:.3f} s),"
              f" {whole / median:.1f} times as fast as one query a rule")  # fmt: skip
        database.dispose()


if __name__ == "__main__":
    main()
