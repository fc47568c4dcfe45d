"""Every setting, its default and its meaning: the only file that reads the environment."""

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tocsin.errors import SettingsInvalid

PREFIX = "TOCSIN_"


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: how a field of `Settings` is set from outside."""

    field: str
    default: str  # as it would be written in the environment
    help: str
    kind: type = str
    choices: tuple[str, ...] = ()
    minimum: int = 0
    older_name: str | None = None  # accepted too, where the newer one is not set

    @property
    def name(self) -> str:
        """The environment variable."""
        return PREFIX + self.field.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("data_dir", "data", "Folder of the SQLite file and of everything else Tocsin keeps on disk."),
    Setting("database_url", "", "postgresql://user:password@host/name or sqlite:///path. Default: an SQLite file in the data folder."),
    Setting("host", "127.0.0.1", "Address to listen on. Any other than loopback needs a user first."),
    Setting("port", "8000", "Port to listen on.", int),
    Setting("allowed_hosts", "", "Host names, joined by commas, under which requests are served; empty: any, once there is a user."),
    Setting("check_interval_min", "60", "Shortest check interval accepted, in seconds.", int, minimum=1),
    Setting("check_interval_max", "3600", "Longest check interval accepted, in seconds.", int, minimum=1),
    Setting("max_concurrent_checks", "4000", "Checks in flight at once; websites that fail share half of them.", int, minimum=2),
    Setting("scheduler_enabled", "true", "false: serve API and pages, but check nothing.", bool, older_name="SCHEDULER_ENABLED"),
    Setting("scheduler_timezone", "UTC", "Time zone of calendar work such as retention.", older_name="SCHEDULER_TIMEZONE"),
    Setting("breaker_failures", "5", "Failed checks in a row after which a website is left alone for a while.", int, minimum=1),
    Setting("breaker_pause", "300", "How long it is left alone, in seconds, before one trial.", int, minimum=1),
    Setting("retain_checks_days", "30", "Days that single checks are kept.", int, minimum=1),
    Setting("retain_phases_days", "60", "Days that hourly histograms of the phases are kept.", int, minimum=1),
    Setting("retain_hours_days", "365", "Days that hourly rollups are kept; daily ones stay for ever.", int, minimum=1),
    Setting("ca_bundle", "", "PEM file of certificate authorities to trust beside the system's."),
    Setting("name_servers", "", "Name servers to ask instead of the system's, joined by commas."),
    Setting("alert_durability", "process", "process: what was accepted survives the death of Tocsin; power: a power cut too (slower).", choices=("process", "power")),
    Setting("resolve_timeout", "300", "Seconds after which an alert that Prometheus gave no end resolves, unless it comes again.", int, minimum=1),
    Setting("log_level", "INFO", "How much is logged.", choices=("DEBUG", "INFO", "WARNING", "ERROR"), older_name="LOG_LEVEL"),
    Setting("log_format", "text", "Lines for people, or one JSON object a line.", choices=("text", "json")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """What Tocsin was told, checked as a whole. Durations are seconds unless the name says otherwise."""

    data_dir: Path
    database_url: str
    host: str
    port: int
    allowed_hosts: tuple[str, ...]
    check_interval_min: int
    check_interval_max: int
    max_concurrent_checks: int
    scheduler_enabled: bool
    scheduler_timezone: str
    breaker_failures: int
    breaker_pause: int
    retain_checks_days: int
    retain_phases_days: int
    retain_hours_days: int
    ca_bundle: str
    name_servers: tuple[str, ...]
    alert_durability: str
    resolve_timeout: int
    log_level: str
    log_format: str

    def with_changes(self, **changes: Any) -> "Settings":
        """Return a copy; None means unchanged."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return Settings(**{**values, **{name: value for name, value in changes.items() if value is not None}})


def load_settings(
    environ: Mapping[str, str] | None = None, config: Path | None = None, *, strict: bool = True
) -> Settings:
    """Return the settings from defaults, then the configuration file, then the environment.

    Args:
        environ: the environment; the process's own where it is None.
        config: a TOML file with the settings' names in lower case, without prefix.
        strict: False overlooks unknown `TOCSIN_*` names (a library must not stop its host).

    Raises:
        SettingsInvalid: with every fault found, not only the first.
    """
    environ = os.environ if environ is None else environ
    faults: list[str] = []
    given = _from_file(config, faults) if config else {}
    given.update(_from_environment(environ, faults))
    if strict:
        faults.extend(_unknown(environ))
    values = {}
    for setting in SETTINGS:
        source, text = given.get(setting.field, (setting.name, setting.default))
        try:
            values[setting.field] = _parse(setting, text)
        except ValueError as error:
            faults.append(f"{source}: {error}")
    if not values.get("database_url"):
        values["database_url"] = _default_database(environ, values.get("data_dir", Path()), faults)
    faults.extend(_contradictions(values))
    if faults:
        raise SettingsInvalid(faults)
    return Settings(**values)


def _from_file(path: Path, faults: list[str]) -> dict[str, tuple[str, str]]:
    known = {setting.field for setting in SETTINGS}
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(f"{path}: {error}")
        return {}
    faults.extend(f"{path}: unknown setting {name!r}" for name in data if name not in known)
    given = {name: value for name, value in data.items() if name in known}
    tables = [name for name, value in given.items() if isinstance(value, dict)]
    faults.extend(f"{path}: {name}: a table stands where one value is expected" for name in tables)
    return {
        name: (f"{path}: {name}", ",".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in given.items()
        if name not in tables
    }


def _from_environment(environ: Mapping[str, str], faults: list[str]) -> dict[str, tuple[str, str]]:
    given = {}
    for setting in SETTINGS:
        if setting.older_name and setting.older_name in environ:
            given[setting.field] = (setting.older_name, environ[setting.older_name])
        if setting.name in environ:
            given[setting.field] = (setting.name, environ[setting.name])
        secret_file = environ.get(setting.name + "_FILE")
        if secret_file:
            try:
                text = Path(secret_file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                faults.append(f"{setting.name}_FILE: {error}")
            else:
                given[setting.field] = (setting.name + "_FILE", text)
    return given


def _unknown(environ: Mapping[str, str]) -> list[str]:
    known = {setting.name for setting in SETTINGS}
    known |= {name + "_FILE" for name in known}
    strangers = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return [f"{name}: there is no such setting; see docs/reference/settings.md" for name in strangers]


def _parse(setting: Setting, text: str) -> Any:
    if setting.kind is bool:
        words = {
            "true": True,
            "1": True,
            "yes": True,
            "on": True,
            "false": False,
            "0": False,
            "no": False,
            "off": False,
        }
        if text.strip().lower() not in words:
            raise ValueError(f"{text!r} is neither true nor false")
        return words[text.strip().lower()]
    if setting.kind is int:
        return _parse_int(setting, text)
    if setting.choices and text.upper() not in {choice.upper() for choice in setting.choices}:
        raise ValueError(f"{text!r} is none of {', '.join(setting.choices)}")
    if setting.choices:
        return next(choice for choice in setting.choices if choice.upper() == text.upper())
    if setting.field == "data_dir":
        return Path(text).expanduser()
    if setting.field in ("name_servers", "allowed_hosts"):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text.strip()


def _parse_int(setting: Setting, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None
    if number < setting.minimum:
        raise ValueError(f"{number} is less than {setting.minimum}")
    return number


def _default_database(environ: Mapping[str, str], data_dir: Path, faults: list[str]) -> str:
    """The database where no URL is given, the older names DATABASE_TYPE and SQLITE_DB_PATH considered."""
    kind = environ.get("DATABASE_TYPE", "sqlite").strip().lower()
    if kind not in ("sqlite", ""):
        faults.append(f"DATABASE_TYPE: for {kind!r} give the address too, in TOCSIN_DATABASE_URL")
    path = environ.get("SQLITE_DB_PATH") or str(data_dir / "tocsin.db")
    return f"sqlite:///{path}"


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with values that were read; those that could not be are missing."""
    faults = []
    if values.get("check_interval_min", 0) > values.get("check_interval_max", math.inf):
        faults.append("TOCSIN_CHECK_INTERVAL_MIN is greater than TOCSIN_CHECK_INTERVAL_MAX")
    if values.get("port", 0) > 65535:
        faults.append(f"TOCSIN_PORT: {values['port']} is not between 0 and 65535")
    time_zone = values["scheduler_timezone"]
    if "://" not in values["database_url"]:
        faults.append(
            f"TOCSIN_DATABASE_URL: {values['database_url']!r} is no URL, write sqlite:///path or postgresql://user@host/name"
        )
    faults.extend(
        f"TOCSIN_NAME_SERVERS: {server!r} is no address, write for example 192.0.2.53 or [2001:db8::53]:5353"
        for server in values["name_servers"]
        if not _is_name_server(server)
    )
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults.append(f"TOCSIN_SCHEDULER_TIMEZONE: {time_zone!r} is no time zone, write for example Europe/Berlin")
    return faults


def _is_name_server(text: str) -> bool:
    """Return whether `text` is an IP address, perhaps with a port."""
    has_port = text.count(":") == 1 or "]:" in text
    host, _, port = text.rpartition(":") if has_port else (text, "", "53")
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return port.isdecimal() and 0 < int(port) <= 65535
