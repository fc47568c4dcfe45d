"""What happens to alerts by itself: suppressions and lives end, flapping settles. Any number of processes may do so."""

from datetime import datetime

from tocsin.model.alerting.steps import FlappingPlan
from tocsin.storage.alerts.due import BATCH, settle_due
from tocsin.storage.database import Database


def do_due(database: Database, now: datetime, flapping: FlappingPlan, *, limit: int = BATCH) -> int:
    """Do what is due, a batch a transaction; return how many changes that made."""
    done = 0
    while True:
        with database.write_transaction() as connection:
            changes = settle_due(connection, now, flapping, limit)
        if not changes:
            return done
        done += len(changes)
