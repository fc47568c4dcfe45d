"""A storm of alerts: how many messages and bytes, how soon the first, how much memory?

python -m benchmarks.alert_storm [--alerts 10000] [--waves 1]
"""

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

import psutil

from tests.support.delivering import add_channel, delivering, is_idle, open_alert, open_alerts
from tests.support.receivers import running_receiver
from tocsin import Database

GROUP_WAIT_S = 10.0
MOST_GROWTH_MB = 60.0


class Peak:
    """The largest resident size of this process while it is looked at."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.bytes_count = 0

    def _look(self) -> None:
        while not self._is_over.wait(0.02):
            self.bytes_count = max(self.bytes_count, self._process.memory_info().rss)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--waves", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running_receiver() as receiver:
        database = Database(Path(name) / "tocsin.db")
        add_channel(database, config={"url": receiver.url()}, group_wait_s=GROUP_WAIT_S, group_interval_s=20)
        with delivering(database, external_url="https://tocsin.example.com", look_again_s=5):
            open_alert(database, "before the storm")  # everything is loaded once
            while not is_idle(database):
                time.sleep(0.1)
            time.sleep(21)
            calm, told_before = psutil.Process().memory_info().rss, len(receiver.taken())
            cpu_before = sum(psutil.Process().cpu_times()[:2])
            with Peak() as peak:
                per_wave = arguments.alerts // arguments.waves
                open_alerts(database, [f"first-{number}" for number in range(per_wave)])
                began = time.time()
                for wave in range(1, arguments.waves):
                    time.sleep(3)
                    open_alerts(database, [f"wave{wave}-{number}" for number in range(per_wave)])
                while not is_idle(database):
                    time.sleep(0.1)
            cpu_s = sum(psutil.Process().cpu_times()[:2]) - cpu_before
        told = receiver.taken()[told_before:]
        for one in told:
            print(f"  {one.at.timestamp() - began:6.2f} s  {one.kind:8} {one.body['alerts_count']:6} alerts"
                  f" {one.bytes_count:7} bytes")  # fmt: skip
        growth_mb = (peak.bytes_count - calm) / 1e6
        first_s = told[0].at.timestamp() - began
        digests = sum(one.kind == "digest" for one in told)
        total_bytes = sum(one.bytes_count for one in told)
        print(f"{arguments.alerts} alerts: {len(told)} messages ({digests} digests), first after {first_s:.1f} s,"
              f" {total_bytes} bytes, {growth_mb:+.0f} MB at most, {cpu_s:.1f} s CPU")  # fmt: skip
        database.dispose()
    is_good = growth_mb <= MOST_GROWTH_MB and first_s < GROUP_WAIT_S + 2 and len(told) <= digests + 5
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
