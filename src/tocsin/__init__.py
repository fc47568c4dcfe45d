"""Tocsin: monitoring for Python teams. Every public name is imported from here, and loads when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same names for type checkers; a test compares the two lists
    from tocsin.alerts.handlers import AlertHandler as AlertHandler, sentry_before_send as sentry_before_send
    from tocsin.alerts.rules.monitor import ThresholdMonitor as ThresholdMonitor
    from tocsin.alerts.service import AlertService as AlertService
    from tocsin.errors import (
        Conflict as Conflict,
        ExtraMissing as ExtraMissing,
        Forbidden as Forbidden,
        Invalid as Invalid,
        NotFound as NotFound,
        SchemaBehind as SchemaBehind,
        SettingsInvalid as SettingsInvalid,
        StorageUnavailable as StorageUnavailable,
        TocsinError as TocsinError,
        Unauthorized as Unauthorized,
    )
    from tocsin.instrument.alert_handlers import RateLimitedAlertHandler as RateLimitedAlertHandler
    from tocsin.instrument.slow_queries import SlowQueryAlert as SlowQueryAlert
    from tocsin.model.alerts import (
        Alert as Alert,
        AlertCategory as AlertCategory,
        AlertPriority as AlertPriority,
        AlertStatus as AlertStatus,
        NotificationChannel as NotificationChannel,
    )
    from tocsin.model.checks import MonitorCheckCreate as MonitorCheckCreate
    from tocsin.model.debug_sessions import (
        DebugSessionCreate as DebugSessionCreate,
        DebugSessionUpdate as DebugSessionUpdate,
    )
    from tocsin.model.downtimes import (
        DowntimeWindowCreate as DowntimeWindowCreate,
        DowntimeWindowUpdate as DowntimeWindowUpdate,
    )
    from tocsin.model.enums import (
        AddressFamily as AddressFamily,
        Cause as Cause,
        HTTPMethod as HTTPMethod,
        MonitorStatus as MonitorStatus,
        NetworkEventType as NetworkEventType,
        Phase as Phase,
    )
    from tocsin.model.network_events import NetworkEventCreate as NetworkEventCreate
    from tocsin.model.results import CheckResult as CheckResult
    from tocsin.model.websites import WebsiteCreate as WebsiteCreate, WebsiteUpdate as WebsiteUpdate
    from tocsin.storage.checks import MonitorCheckCRUD as MonitorCheckCRUD
    from tocsin.storage.configured import get_db as get_db
    from tocsin.storage.database import Database as Database
    from tocsin.storage.debug_sessions import DebugSessionCRUD as DebugSessionCRUD
    from tocsin.storage.downtimes import DowntimeWindowCRUD as DowntimeWindowCRUD
    from tocsin.storage.network_events import NetworkEventCRUD as NetworkEventCRUD
    from tocsin.storage.tables import (
        Base as Base,
        DebugSession as DebugSession,
        DowntimeWindow as DowntimeWindow,
        MonitorCheck as MonitorCheck,
        NetworkEvent as NetworkEvent,
        Website as Website,
    )
    from tocsin.storage.tables.alert_rules import AlertRule as AlertRule
    from tocsin.storage.tables.alerts import AlertModel as AlertModel
    from tocsin.storage.websites import WebsiteCRUD as WebsiteCRUD
    from tocsin.watch.once import check_website as check_website

__version__ = "0.1.0"

_HOMES = {
    "tocsin.errors": "TocsinError Invalid NotFound Conflict Unauthorized Forbidden ExtraMissing SettingsInvalid "
    "SchemaBehind StorageUnavailable",
    "tocsin.alerts.rules.monitor": "ThresholdMonitor",
    "tocsin.instrument.alert_handlers": "RateLimitedAlertHandler",
    "tocsin.instrument.slow_queries": "SlowQueryAlert",
    "tocsin.model.enums": "MonitorStatus HTTPMethod NetworkEventType Cause Phase AddressFamily",
    "tocsin.model.results": "CheckResult",
    "tocsin.model.alerts": "Alert AlertPriority AlertCategory AlertStatus NotificationChannel",
    "tocsin.model.websites": "WebsiteCreate WebsiteUpdate",
    "tocsin.model.checks": "MonitorCheckCreate",
    "tocsin.model.downtimes": "DowntimeWindowCreate DowntimeWindowUpdate",
    "tocsin.model.debug_sessions": "DebugSessionCreate DebugSessionUpdate",
    "tocsin.model.network_events": "NetworkEventCreate",
    "tocsin.storage.tables": "Base Website MonitorCheck DowntimeWindow DebugSession NetworkEvent",
    "tocsin.storage.tables.alerts": "AlertModel",
    "tocsin.storage.tables.alert_rules": "AlertRule",
    "tocsin.storage.database": "Database",
    "tocsin.storage.websites": "WebsiteCRUD",
    "tocsin.storage.checks": "MonitorCheckCRUD",
    "tocsin.storage.downtimes": "DowntimeWindowCRUD",
    "tocsin.storage.debug_sessions": "DebugSessionCRUD",
    "tocsin.storage.network_events": "NetworkEventCRUD",
    "tocsin.storage.configured": "get_db",
    "tocsin.watch.once": "check_website",
    "tocsin.alerts.service": "AlertService",
    "tocsin.alerts.handlers": "AlertHandler sentry_before_send",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}
_EXTRA_OF = {
    "server": ("sqlalchemy", "alembic", "aiodns", "pycurl", "cryptography", "fastapi", "starlette", "uvicorn",
               "apscheduler", "argon2", "jinja2", "prometheus_client", "click", "rich", "aiosmtplib", "httpx"),
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
