"""What can be asked about the server itself: is it ready to serve."""

from tocsin.actions.services import Services
from tocsin.errors import SchemaBehind, StorageUnavailable


def find_missing(services: Services) -> list[str]:
    """Return what keeps the server from its work, in words that anybody may read; empty where it is ready."""
    missing = []
    try:
        services.database.check_schema()
    except SchemaBehind:
        missing.append("the database schema is not this program's: run `tocsin db upgrade`")
    except StorageUnavailable:
        missing.append("the database cannot be reached")
    if not services.watch.overview().is_running:
        missing.append("the watch is not running")
    return missing
