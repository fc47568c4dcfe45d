"""Pull the plug 50 times while 200 sites flap: nothing half stored, nothing lost, back in how many seconds?

python -m benchmarks.kill [--kills 50] [--websites 200]
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.support.killing import faults_in, flapping, seed_websites, server_in, totals
from tests.support.target import running_site


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--websites", type=int, default=200)
    arguments = parser.parse_args()
    dice = random.Random()
    found = 0
    with tempfile.TemporaryDirectory() as name, running_site() as site, server_in(Path(name)) as server:
        folder = Path(name)
        site.answer = flapping
        seed_websites(folder, site, arguments.websites)
        for number in range(1, arguments.kills + 1):
            server.start()
            time.sleep(dice.uniform(0.2, 3.0))
            server.kill()
            faults = faults_in(folder)
            found += len(faults)
            print(
                f"kill {number}: ready after {server.starts_s[-1]:.2f} s, {totals(folder)}, faults: {faults or 'none'}"
            )
        starts = sorted(server.starts_s)
        print(f"{arguments.kills} kills, {arguments.websites} websites: {found} faults; ready after"
              f" {statistics.median(starts):.2f} s (longest {starts[-1]:.2f} s)")  # fmt: skip
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
