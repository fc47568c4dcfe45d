"""Every table. Importing this package registers them all on `Base`.

The nouns users know are in `nouns`, `alerts`, `alert_rules` and `deliveries`, what the program keeps beside the
websites in `records` and `heartbeats`, alerts not yet worked in in `alert_inbox`, who may use it in `accounts`; `types`
and `codes` are how values become columns, `rows` is a check as raw columns.
"""

from tocsin.storage.tables import accounts, alert_inbox, alert_rules, alerts, deliveries, heartbeats, records
from tocsin.storage.tables.nouns import DebugSession, DowntimeWindow, MonitorCheck, NetworkEvent, Website
from tocsin.storage.tables.schema import Base

__all__ = [
    "Base", "DebugSession", "DowntimeWindow", "MonitorCheck", "NetworkEvent", "Website", "accounts", "alert_inbox",
    "alert_rules", "alerts", "deliveries", "heartbeats", "records",
]  # fmt: skip
