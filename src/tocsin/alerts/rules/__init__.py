"""Rules: bounds on metrics. What a value means is `decide`; where values come from is `storage.rules`."""
