"""How many checks a second, and what gives way first: the interval is shortened until checks are late or lost.

    python -m benchmarks.saturation [--https] [--websites 5000] [--seconds 16] [--json]

Each step is a `tocsin bench` with no clients. It ends at the first step with less than 99.9 % of the due checks done
or a 99th percentile of lateness above 500 ms. Which thread is busy, and whether the machine is, tells what gave way:
Python lets one thread compute at a time, so that all threads together hardly exceed one core, but for libcurl's and
OpenSSL's own work. About 4 minutes.
"""

from benchmarks.reporting import begin, finish, ms, parser, say
from tocsin.cli.measuring.run import BenchPlan, BenchResult, run_bench
from tocsin.logs import configure_logs

RATES = (167, 333, 500, 700, 1000, 1300, 1700, 2200, 3000)
DONE_RATIO = 0.999
LATENESS_MS = 500.0


def verdict(last: BenchResult) -> str:
    """Return what gave way, by what was busy."""
    busiest, share = next(iter(last.threads_percent.items()))
    together = sum(last.threads_percent.values())
    if last.waiting_count > 2 * last.websites_count / last.interval_s:
        return f"the recorder: {last.waiting_count} results waited to be stored"
    if share > 85:
        return f"the {busiest}: {share:.0f} % of a core by itself"
    if last.machine_cpu_percent > 95:
        return (
            f"the machine: all cores {last.machine_cpu_percent:.0f} % busy, of that the server {last.cpu_percent:.0f} %"
            f" and the target {last.target_cpu_percent:.0f} % of one core"
        )
    return f"Python's one computing thread: its threads took {together:.0f} % of a core together, {busiest} most"


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--https", action="store_true")
    arguments.add_argument("--websites", type=int, default=5000)
    arguments.add_argument("--seconds", type=float, default=16)
    given = arguments.parse_args()
    configure_logs("ERROR")
    plans = [
        BenchPlan(given.websites, max(1, round(given.websites / rate)), given.seconds, given.https, 0) for rate in RATES
    ]
    begin("Saturation", sum(plan.estimated_s for plan in plans))
    rows, steps = [], []
    result: BenchResult | None = None
    for plan in plans:
        result = run_bench(plan, lambda _text, _share: None)
        rate = plan.websites_count / plan.interval_s
        threads = ", ".join(f"{label} {share:.0f}" for label, share in result.threads_percent.items() if share >= 1)
        said = (
            f"{100 * (result.done_ratio or 0):.2f} % done, late {ms(result.lateness_p50_ms)} / "
            f"{ms(result.lateness_p99_ms)}, {ms(result.cpu_ms_per_check)} CPU a check, % of a core: {threads};"
            f" target {result.target_cpu_percent:.0f}, machine {result.machine_cpu_percent:.0f} % of all"
        )
        say(f"{rate:.0f}/s: {said}")
        rows.append((f"{rate:.0f} checks/s", said, ""))
        steps.append({"rate_per_s": rate, **result.to_dict()})
        if (result.done_ratio or 0) < DONE_RATIO or (result.lateness_p99_ms or 0) > LATENESS_MS:
            break
    assert result is not None
    is_broken = (result.done_ratio or 0) < DONE_RATIO or (result.lateness_p99_ms or 0) > LATENESS_MS
    last = verdict(result) if is_broken else "nothing up to the last step"
    rows.append(("gave way first", last, ""))
    finish(rows, {"steps": steps, "gave_way": last}, as_json=given.json, is_good=True)


if __name__ == "__main__":
    main()
