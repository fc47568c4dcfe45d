"""Tocsin: monitoring for Python teams. Every public name is imported from here, and loads when it is first used."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "tocsin.errors": "TocsinError Invalid NotFound Conflict Unauthorized Forbidden ExtraMissing SettingsInvalid "
    "SchemaBehind StorageUnavailable",
    "tocsin.model.enums": "MonitorStatus HTTPMethod NetworkEventType Cause Phase AddressFamily",
    "tocsin.model.results": "CheckResult",
    "tocsin.model.websites": "WebsiteCreate WebsiteUpdate",
    "tocsin.model.checks": "MonitorCheckCreate",
    "tocsin.model.downtimes": "DowntimeWindowCreate DowntimeWindowUpdate",
    "tocsin.model.debug_sessions": "DebugSessionCreate DebugSessionUpdate",
    "tocsin.model.network_events": "NetworkEventCreate",
    "tocsin.storage.tables": "Base Website MonitorCheck DowntimeWindow DebugSession NetworkEvent",
    "tocsin.storage.database": "Database",
    "tocsin.storage.websites": "WebsiteCRUD",
    "tocsin.storage.checks": "MonitorCheckCRUD",
    "tocsin.storage.downtimes": "DowntimeWindowCRUD",
    "tocsin.storage.debug_sessions": "DebugSessionCRUD",
    "tocsin.storage.network_events": "NetworkEventCRUD",
    "tocsin.storage.configured": "get_db",
    "tocsin.watch.once": "check_website",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}
_EXTRA_OF = {
    "server": ("sqlalchemy", "alembic", "aiodns", "pycurl", "cryptography", "fastapi", "starlette", "uvicorn",
               "apscheduler", "argon2", "jinja2", "prometheus_client", "click", "rich"),
    "postgres": ("psycopg",),
    "cluster": ("nats",),
    "browser": ("playwright",),
}  # fmt: skip

__all__ = ["__version__", *sorted(_HOME_OF)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'tocsin' has no attribute {name!r}")
    try:
        value = getattr(import_module(home), name)
    except ModuleNotFoundError as error:
        raise _extra_missing(name, error) from error
    globals()[name] = value
    return value


def _extra_missing(name: str, error: ModuleNotFoundError) -> Exception:
    from tocsin.errors import ExtraMissing  # noqa: PLC0415 (keeps `import tocsin` cheap)

    package = (error.name or "").split(".")[0]
    for extra, packages in _EXTRA_OF.items():
        if package in packages:
            return ExtraMissing(f'{name} needs the extra "{extra}": pip install "tocsin[{extra}]"')
    return error


def __dir__() -> list[str]:
    return __all__
