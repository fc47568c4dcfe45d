"""What checks add up to over time: rollups, counts, latency series, uptime; and how long it is all kept."""
