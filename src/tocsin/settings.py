"""Every setting, its default and its meaning: the only file that reads the environment."""

import math
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tocsin.errors import SettingsInvalid
from tocsin.model.targets.networks import FORBIDDEN_BY_DEFAULT, Network, parse_networks
from tocsin.model.vantage import Reference, parse_references

PREFIX = "TOCSIN_"
MAX_WARN_DAYS = 3650


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
    Setting("retain_unknown_days", "400", "Days that it is known when nobody could tell how a website was; beyond that uptime by time counts it as up.", int, minimum=1),
    Setting("retain_events_days", "90", "Days that events are kept that were handled.", int, minimum=1),
    Setting("retain_debug_days", "90", "Days that browser debug sessions are kept.", int, minimum=1),
    Setting("certificate_warn_days", "21,14,7,3,1,0", "Days left at which people are told that a certificate expires, joined by commas; 0 is the last day. Empty: never."),
    Setting("recommendations", "", "JSON or TOML file with advice of your own for alerts: globs on alert types or metrics, each with a list of texts."),
    Setting("flapping_changes", "6", "An alert that opens and closes more often than this within the window is flapping.", int, minimum=2),
    Setting("flapping_window", "1200", "That window in seconds; flapping ends when nothing changed for so long.", int, minimum=1),
    Setting("retain_deliveries_days", "90", "Days that deliveries and decisions about closed alerts are kept.", int, minimum=1),
    Setting("external_url", "", "Where people reach Tocsin, as in https://tocsin.example.com: for links in messages."),
    Setting("ca_bundle", "", "PEM file of certificate authorities to trust beside the system's."),
    Setting("secret_key", "", "Key that channels' secrets are stored with: 32 or more random characters. Several, joined by commas: the first encrypts, all decrypt. Empty: the file secret.key in the data folder, made on first use."),
    Setting("name_servers", "", "Name servers to ask instead of the system's, joined by commas."),
    Setting("forbidden_networks", ",".join(map(str, FORBIDDEN_BY_DEFAULT)), "Networks that checks and messages must not connect to, joined by commas; empty: any may be. Default: link-local and the clouds' metadata."),
    Setting("references", "gateway,resolver", "What tells whether Tocsin itself can see, joined by commas: gateway, resolver, host:port, icmp:host, dns:host; none: never ask. While all are silent, checks that fail are UNKNOWN."),
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
    retain_unknown_days: int
    retain_events_days: int
    retain_debug_days: int
    certificate_warn_days: tuple[int, ...]
    recommendations: str
    flapping_changes: int
    flapping_window: int
    retain_deliveries_days: int
    external_url: str
    ca_bundle: str
    secret_key: tuple[str, ...] = field(repr=False)
    name_servers: tuple[str, ...]
    forbidden_networks: tuple[Network, ...]
    references: tuple[Reference, ...]
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
    return _READERS.get(setting.field, str.strip)(text)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _parse_days(text: str) -> tuple[int, ...]:
    """Return different days, the longest first; all faults at once."""
    parts = _parts(text)
    wrong = [part for part in parts if not (part.isascii() and part.isdigit() and int(part) <= MAX_WARN_DAYS)]
    if wrong:
        listed = ", ".join(map(repr, wrong))
        raise ValueError(f"{listed}: write whole days from 0 to {MAX_WARN_DAYS}, joined by commas, as in 21,14,7,3,1,0")
    return tuple(sorted(set(map(int, parts)), reverse=True))


_READERS: dict[str, Callable[[str], Any]] = {
    "data_dir": lambda text: Path(text).expanduser(),
    "allowed_hosts": _parts,
    "secret_key": _parts,
    "certificate_warn_days": _parse_days,
    "name_servers": _parts,
    "forbidden_networks": parse_networks,
    "references": lambda text: parse_references(_parts(text)),
}
"""How the text of a field becomes a value, where that is not the text itself."""


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
    if any(len(key) < 32 for key in values["secret_key"]):
        faults.append(
            "TOCSIN_SECRET_KEY: each key needs 32 random characters or more; make one with: openssl rand -base64 32"
        )
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
