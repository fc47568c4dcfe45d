"""Which alerts, and when: patterns, matchers, schedules, mutes, deadlines. Pure; not in `model`: it needs libraries."""
