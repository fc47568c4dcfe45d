"""Pull the plug on a delivery at every step, and then at random: nothing lost, nothing told twice unmarked?

python -m benchmarks.delivery_kill [--kills 30]
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.support.delivering import add_channel
from tests.support.delivery_killing import STEPS, kill_at, kill_at_random
from tests.support.receivers import running_receiver
from tocsin import Database


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    arguments = parser.parse_args()
    found = 0
    with tempfile.TemporaryDirectory() as name, running_receiver() as receiver:
        database = Database(Path(name) / "tocsin.db")
        add_channel(database, config={"url": receiver.url()}, rate_limit_per_minute=0)
        for step in STEPS:
            for number in (1, 2):
                faults = kill_at(database, receiver, step, number)
                found += len(faults)
                print(f"killed at {step}, time {number}: {faults or 'nothing lost, nothing twice'}")
        receiver.delay_s = 0.05
        faults = kill_at_random(database, receiver, random.Random(), arguments.kills)
        found += len(faults)
        marked = sum(one.body["possibly_repeated"] for one in receiver.taken())
        print(f"{arguments.kills} kills at random: faults {faults or 'none'}; {len(receiver.taken())} messages taken,"
              f" {marked} of them marked as possibly repeated")  # fmt: skip
        database.dispose()
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
