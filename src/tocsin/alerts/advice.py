"""What to do about an alert where nobody said: the built-in advice, as data.

Placeholders in braces are filled in from the alert; those that end in `_sh` are quoted for a shell. A piece of advice
whose placeholder has no value is left out.
"""

from tocsin.model.alerts import AlertCategory

Advice = tuple[tuple[str, tuple[str, ...]], ...]

BY_TYPE: Advice = (
    ("system_*cpu*", (
        "See what uses it, on {resource}: `top -b -n 1 -o %CPU | head -n 15`; one process: `htop -p PID`",
        "Check for runaway processes, and whether the load still grows: `uptime` (figures that rise mean it passes)",
        "Review deployments and scheduled jobs since then: `journalctl --since '{first_seen}' -p warning`",
        "At {value} against {threshold} for more than 30 minutes, restart the busiest service or add capacity",
    )),
    ("system_*memory*", (
        "See what holds it, on {resource}: `ps aux --sort=-rss | head -n 15`, then whether it grows: `vmstat 5 6`",
        "Look whether the kernel has killed anything: `journalctl -k --since '{first_seen}' | grep -i 'out of memory'`",
        "A process that only grows leaks: take two heap dumps (`tracemalloc`), compare them, restart it",
        "Check caches and connection pools whose size nobody bounds, and what was deployed before it began",
    )),
    ("system_*disk*", (
        "Find what takes the space, on {resource}: `df -h`, then `du -xh --max-depth=2 / | sort -h | tail -n 20`",
        "Files deleted but still open hold space too: `lsof +L1 | head`",
        "Rotate or trim logs: `journalctl --vacuum-size=500M`; check /var/log and old container images",
        "Below 5 % free act at once: databases stop writing when the disk is full",
    )),
    ("system_*swap*", (
        "See who swaps, on {resource}: `vmstat 5 6` (si and so), then `smem -s swap -r | head`",
    )),
    ("system_*load*", (
        "Compare the load with the cores, on {resource}: `nproc; uptime`; I/O wait shows in `vmstat 5 6` as wa",
    )),
    ("*slow_query*", (
        "See the statement's plan: `EXPLAIN (ANALYZE, BUFFERS) …`; a sequential scan over {resource} wants an index",
        "Look at what runs now: `SELECT pid, now() - query_start, query FROM pg_stat_activity ORDER BY 2 DESC`",
        "Refresh the statistics that the planner goes by: `ANALYZE`",
    )),
    ("*connection_pool*", (
        "Count who holds connections: `SELECT application_name, state, count(*) FROM pg_stat_activity GROUP BY 1,2`",
        "Look for transactions left open: `… WHERE state = 'idle in transaction' ORDER BY state_change`",
        "Raise the pool's size only after that: each connection costs the server memory",
    )),
    ("performance_*", (
        "Compare {percentile} of {resource} with the traffic since {first_seen}: more requests, or slower ones?",
        "Profile the slowest operations of {resource}: its SQL first, then its calls to other services",
        "Check what was deployed or reconfigured just before {first_seen}, and roll it back if the times agree",
        "Look at pools and queues that are full: waiting looks like slowness",
    )),
    ("application_error_*database*", (
        "Check that the database answers: `pg_isready`, then its log and its connections (`pg_stat_activity`)",
        "Look for locks: `SELECT * FROM pg_locks WHERE NOT granted`",
        "Check the credentials and the address that {source} uses, and whether they were changed",
    )),
    ("application_error_*operational*", (
        "Check that the database answers: `pg_isready`, then its log and its connections (`pg_stat_activity`)",
        "Look for locks: `SELECT * FROM pg_locks WHERE NOT granted`",
    )),
    ("application_error_*memory*", (
        "Take a heap dump of {source} before it is restarted, and compare it with one of a fresh process",
        "Analyse what grows for a leak: unbounded caches, listeners, tasks that are never awaited",
        "Look whether the kernel has killed it: `journalctl -k | grep -i 'out of memory'`",
    )),
    ("application_error_*timeout*", (
        "Measure the response times of what {source} calls: whoever is slow is the cause",
        "Put a timeout and a circuit breaker around that call, so that one slow service does not hold all workers",
        "Retry with a growing pause, and only what may be done twice",
    )),
    ("application_error_*connection*", (
        "Check that the other side listens and can be reached from {source}: `nc -vz HOST PORT`",
        "Add retries with a growing pause, and look at the pool's limits",
    )),
    ("application_error_*stripe*", (
        "Check Stripe's status (https://status.stripe.com) and the request's log in its dashboard",
        "Add retry logic for faults of the network, with an idempotency key; a declined card is the user's to know",
    )),
    ("application_error_*api*", (
        "Check the status page of the service that {source} calls, and your quota there",
        "Add retries with a growing pause for what is temporary, and a clear message for what is not",
    )),
    ("application_error_*", (
        "Read the stack trace from its last line up: the lowest line in your own code is where to look",
        "Reproduce it at {endpoint}; what differs for those who don't see it?",
        "Check what was deployed before {first_seen}, and roll it back if the times agree",
    )),
    ("*brute_force*", (
        "Block the source now: `iptables -I INPUT -s {address_sh} -j DROP`, or its network at the load balancer",
        "Check whether any try succeeded since {first_seen}; end those accounts' sessions and change their passwords",
        "Limit tries per address and account, and ask for a second factor",
    )),
    ("*service_unavailable*", (
        "See how it is: `systemctl status {resource_sh}`, then `journalctl -u {resource_sh} -n 100 --no-pager`",
        "Restart it: `systemctl restart {resource_sh}`; if it stops again its log says why",
        "Check what it stands on: disk (`df -h`), memory (`free -m`), its database and its port (`ss -ltnp`)",
    )),
    ("*memory_leak*", (
        "Take two heap dumps of {resource} some minutes apart and compare what grew",
        "Restart it before memory ends, and watch the slope with the release before",
    )),
)  # fmt: skip
"""Globs on the alert's type; every one that matches adds its own, in this order."""

BY_CATEGORY: dict[AlertCategory, tuple[str, ...]] = {
    AlertCategory.SYSTEM: (
        "Compare {metric} of {resource} with the same hour yesterday: a step points to a change, a slope to growth",
    ),
    AlertCategory.DATABASE: (
        "Check the database's own log and what runs in it now (`pg_stat_activity`), for {resource}",
        "Look for locks and long transactions before restarting anything",
    ),
    AlertCategory.APPLICATION: ("Look at the log of {source} around {first_seen}",),
    AlertCategory.PERFORMANCE: ("Find the slowest part first: database, other services, then your own code",),
    AlertCategory.SECURITY: (
        "Keep the evidence: copy the logs of {resource} since {first_seen} before anything is restarted",
        "Check whether accounts, keys or permissions were changed since {first_seen}",
    ),
    AlertCategory.BUSINESS: (
        "Walk through it yourself as a customer would: {resource}",
        "Compare with deployments, prices and campaigns that changed before {first_seen}, and with errors since then",
        "Check the counting itself: a broken tracker looks like a broken business",
    ),
    AlertCategory.AVAILABILITY: (
        "Check that {resource} runs and can be reached from where its users are",
        "Look at what was changed before {first_seen}: deployments, DNS, certificates, firewalls",
    ),
}
"""For alerts of a category, after the advice for their type; alone where there is none for the type."""
