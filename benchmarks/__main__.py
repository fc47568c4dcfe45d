"""The quick benchmark, and what others there are.

    python -m benchmarks [options of `tocsin bench`]

`make bench` runs it; `make bench BENCH="--websites 10000 --interval 60 --seconds 300 --https"` hands it options.
The others take minutes each and print a table, or JSON with --json; see docs/performance.md.
"""

import sys

from tocsin.cli import main

OTHERS = """
Further benchmarks, each `python -m benchmarks.NAME --help`:
  saturation     how many checks a second, and what gives way first       4 min
  neighbours     sites that hang, dead name servers, beside healthy ones  4 min
  large_start    a start with 30 million checks, and its pages            6 min
  storm          10,000 websites go down and come back                    4 min
  simulated_day  a day on a fake clock, its uptimes against the truth     5 min
  writer, scheduling, bulk_events, kill, probe_cost, probe_peers, probe_accuracy: parts alone
"""

if __name__ == "__main__":
    print(OTHERS, file=sys.stderr)
    main(["bench", *sys.argv[1:]], prog_name="tocsin")
