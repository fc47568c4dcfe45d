"""Which alerts, and when: patterns, label matchers, schedules, mutes. Pure; not in `model`, as it needs libraries."""
