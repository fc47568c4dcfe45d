"""Settings: defaults, where they come from, and that every fault is told at once."""

from pathlib import Path

import pytest

from tocsin.errors import SettingsInvalid
from tocsin.model.targets.networks import FORBIDDEN_BY_DEFAULT, parse_networks
from tocsin.model.vantage import Reference, ReferenceKind
from tocsin.settings import SETTINGS, load_settings

DEFAULTS = {
    "data_dir": Path("data"),
    "database_url": "sqlite:///data/tocsin.db",
    "host": "127.0.0.1",
    "port": 8000,
    "allowed_hosts": (),
    "certificate_warn_days": (21, 14, 7, 3, 1, 0),
    "check_interval_min": 60,
    "check_interval_max": 3600,
    "max_concurrent_checks": 4000,
    "scheduler_enabled": True,
    "scheduler_timezone": "UTC",
    "breaker_failures": 5,
    "breaker_pause": 300,
    "retain_checks_days": 30,
    "retain_phases_days": 60,
    "retain_hours_days": 365,
    "retain_unknown_days": 400,
    "retain_events_days": 90,
    "retain_debug_days": 90,
    "recommendations": "",
    "alert_durability": "process",
    "resolve_timeout": 300,
    "retain_deliveries_days": 90,
    "external_url": "",
    "flapping_changes": 6,
    "flapping_window": 1200,
    "ca_bundle": "",
    "secret_key": (),
    "name_servers": (),
    "forbidden_networks": FORBIDDEN_BY_DEFAULT,
    "references": (Reference(ReferenceKind.GATEWAY), Reference(ReferenceKind.RESOLVER)),
    "log_level": "INFO",
    "log_format": "text",
}


def faults_of(environ: dict[str, str], config: Path | None = None, *, strict: bool = True) -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(environ, config, strict=strict)
    assert all(fault in str(caught.value) for fault in caught.value.faults)
    return caught.value.faults


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "tocsin.toml"


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    settings = load_settings({})
    assert {setting.field for setting in SETTINGS} == set(DEFAULTS)
    assert {name: getattr(settings, name) for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("TOCSIN_DATA_DIR", "/srv/tocsin", "data_dir", Path("/srv/tocsin")),
        ("TOCSIN_DATA_DIR", "~/tocsin", "data_dir", Path("~/tocsin").expanduser()),
        ("TOCSIN_DATABASE_URL", " postgresql://db/t\n", "database_url", "postgresql://db/t"),
        ("TOCSIN_FORBIDDEN_NETWORKS", "", "forbidden_networks", ()),
        ("TOCSIN_FORBIDDEN_NETWORKS", "10.0.0.0/8, ::1", "forbidden_networks", parse_networks("10.0.0.0/8,::1")),
        ("TOCSIN_PORT", "0", "port", 0),
        ("TOCSIN_PORT", " 65535 ", "port", 65535),
        ("TOCSIN_SCHEDULER_ENABLED", "No", "scheduler_enabled", False),
        ("TOCSIN_SCHEDULER_ENABLED", "1", "scheduler_enabled", True),
        ("TOCSIN_SCHEDULER_TIMEZONE", "Europe/Berlin", "scheduler_timezone", "Europe/Berlin"),
        ("TOCSIN_NAME_SERVERS", "192.0.2.1, 192.0.2.2:53,", "name_servers", ("192.0.2.1", "192.0.2.2:53")),
        ("TOCSIN_REFERENCES", "None", "references", ()),
        ("TOCSIN_REFERENCES", "192.0.2.7:443", "references", (Reference(ReferenceKind.TCP, "192.0.2.7", 443),)),
        ("TOCSIN_ALLOWED_HOSTS", "a.example,b.example", "allowed_hosts", ("a.example", "b.example")),
        ("TOCSIN_CERTIFICATE_WARN_DAYS", " 3, 30,3,0 ", "certificate_warn_days", (30, 3, 0)),
        ("TOCSIN_CERTIFICATE_WARN_DAYS", "", "certificate_warn_days", ()),
        ("TOCSIN_LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("TOCSIN_LOG_FORMAT", "JSON", "log_format", "json"),
        ("TOCSIN_CA_BUNDLE", "/etc/ca.pem", "ca_bundle", "/etc/ca.pem"),
        ("SCHEDULER_ENABLED", "false", "scheduler_enabled", False),
        ("SCHEDULER_TIMEZONE", "Asia/Tokyo", "scheduler_timezone", "Asia/Tokyo"),
        ("LOG_LEVEL", "WARNING", "log_level", "WARNING"),
        ("SQLITE_DB_PATH", "/srv/old.db", "database_url", "sqlite:////srv/old.db"),
        ("DATABASE_TYPE", "sqlite", "database_url", "sqlite:///data/tocsin.db"),
    ],
)
def test_the_environment_sets_it(name: str, text: str, field: str, value: object) -> None:
    assert getattr(load_settings({name: text}), field) == value


def test_keys_are_taken_in_turn_and_never_shown() -> None:
    old, new = "o" * 32, "n" * 44
    settings = load_settings({"TOCSIN_SECRET_KEY": f"{new}, {old}"})
    assert settings.secret_key == (new, old)
    assert new not in repr(settings)
    (fault,) = faults_of({"TOCSIN_SECRET_KEY": "hush-hush"})
    assert fault.startswith("TOCSIN_SECRET_KEY: each key needs 32 random characters or more")
    assert "hush" not in fault


def test_the_database_lies_in_the_data_folder() -> None:
    assert load_settings({"TOCSIN_DATA_DIR": "/srv"}).database_url == "sqlite:////srv/tocsin.db"


def test_the_process_s_own_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PORT", "8123")
    assert load_settings(strict=False).port == 8123


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://me:hush@db/t\n", encoding="utf-8")
    environ = {"TOCSIN_DATABASE_URL_FILE": str(secret), "TOCSIN_DATABASE_URL": "postgresql://other/t"}
    assert load_settings(environ).database_url == "postgresql://me:hush@db/t"


def test_every_network_that_is_none_is_told_at_once() -> None:
    (told,) = faults_of({"TOCSIN_FORBIDDEN_NETWORKS": "10.0.0.0/8,10.0.0.1/8,nowhere"})
    assert told.startswith("TOCSIN_FORBIDDEN_NETWORKS: ")
    assert "10.0.0.1/8" in told
    assert "'nowhere'" in told


def test_a_secret_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    environ = {"TOCSIN_DATABASE_URL_FILE": str(tmp_path / "absent"), "TOCSIN_CA_BUNDLE_FILE": str(binary)}
    assert [fault.split(":")[0] for fault in faults_of(environ)] == [
        "TOCSIN_DATABASE_URL_FILE",
        "TOCSIN_CA_BUNDLE_FILE",
    ]


def test_a_wrong_value_in_a_secret_file_names_the_file_s_variable(tmp_path: Path) -> None:
    secret = tmp_path / "port"
    secret.write_text("many", encoding="utf-8")
    assert faults_of({"TOCSIN_PORT_FILE": str(secret)}) == ["TOCSIN_PORT_FILE: 'many' is not a whole number"]


def test_every_wrong_day_is_named() -> None:
    (fault,) = faults_of({"TOCSIN_CERTIFICATE_WARN_DAYS": "7,soon,-1,1.5,²,9999"})
    assert fault.startswith("TOCSIN_CERTIFICATE_WARN_DAYS: 'soon', '-1', '1.5', '²', '9999': write whole days from 0")


def test_a_configuration_file_sets_it_and_the_environment_wins(config: Path) -> None:
    config.write_text(
        'port = 9000\nhost = "::1"\nscheduler_enabled = false\nname_servers = ["192.0.2.1", "192.0.2.2"]\n',
        encoding="utf-8",
    )
    settings = load_settings({"TOCSIN_HOST": "127.0.0.1"}, config)
    assert (settings.port, settings.host, settings.scheduler_enabled) == (9000, "127.0.0.1", False)
    assert settings.name_servers == ("192.0.2.1", "192.0.2.2")
    assert load_settings({"SCHEDULER_ENABLED": "yes"}, config).scheduler_enabled is True


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("colour = 'red'\n", "unknown setting 'colour'"),
        ("port = 'many'\n", "port: 'many' is not a whole number"),
        ("[host]\nname = 'a'\n", "host: a table stands where one value is expected"),
        ("port = = 5", "Invalid value"),
    ],
)
def test_faults_of_a_configuration_file_name_the_file(config: Path, text: str, fault: str) -> None:
    config.write_text(text, encoding="utf-8")
    (told,) = faults_of({}, config)
    assert told.startswith(str(config))
    assert fault in told


def test_a_configuration_file_that_cannot_be_read_is_a_fault(config: Path) -> None:
    assert str(config) in faults_of({}, config)[0]
    config.write_bytes(b"\xff")
    assert str(config) in faults_of({}, config)[0]


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("TOCSIN_PORT", "", "'' is not a whole number"),
        ("TOCSIN_PORT", "-1", "-1 is less than 0"),
        ("TOCSIN_PORT", "65536", "65536 is not between 0 and 65535"),
        ("TOCSIN_CHECK_INTERVAL_MIN", "0", "0 is less than 1"),
        ("TOCSIN_MAX_CONCURRENT_CHECKS", "1", "1 is less than 2"),
        ("TOCSIN_SCHEDULER_ENABLED", "perhaps", "'perhaps' is neither true nor false"),
        ("TOCSIN_SCHEDULER_TIMEZONE", "Berlin", "'Berlin' is no time zone"),
        ("TOCSIN_SCHEDULER_TIMEZONE", "../../etc/passwd", "is no time zone"),
        ("TOCSIN_SCHEDULER_TIMEZONE", "Europe", "'Europe' is no time zone"),
        ("TOCSIN_LOG_LEVEL", "LOUD", "'LOUD' is none of DEBUG, INFO, WARNING, ERROR"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL: 'LOUD' is none of"),
        ("DATABASE_TYPE", "postgresql", "DATABASE_TYPE: for 'postgresql' give the address too, in TOCSIN_DATABASE_URL"),
    ],
)
def test_a_wrong_value_says_what_is_wrong(name: str, text: str, fault: str) -> None:
    (told,) = faults_of({name: text})
    assert name in told
    assert fault in told


def test_every_fault_is_told_at_once(config: Path) -> None:
    config.write_text("colour = 'red'\nbreaker_pause = 0\n", encoding="utf-8")
    environ = {
        "TOCSIN_COLOUR": "red",
        "TOCSIN_PORT": "99999",
        "TOCSIN_SCHEDULER_TIMEZONE": "Berlin",
        "TOCSIN_CHECK_INTERVAL_MIN": "500",
        "TOCSIN_CHECK_INTERVAL_MAX": "400",
        "TOCSIN_DATA_DIR_FILE": "/nowhere",
        "TOCSIN_LOG_FORMAT": "xml",
        "DATABASE_TYPE": "mysql",
    }
    told = "\n".join(faults_of(environ, config))
    assert told.count("\n") == 8
    for name in ("'colour'", "breaker_pause", "TOCSIN_COLOUR", "TOCSIN_PORT", "TOCSIN_SCHEDULER_TIMEZONE",
                 "TOCSIN_CHECK_INTERVAL_MIN", "TOCSIN_DATA_DIR_FILE", "TOCSIN_LOG_FORMAT",
                 "DATABASE_TYPE"):  # fmt: skip
        assert name in told


def test_unknown_names_are_refused_by_programs_and_overlooked_by_libraries() -> None:
    environ = {"TOCSIN_COLOUR": "red", "TOCSIN_COLOUR_FILE": "/x", "COLOUR": "red"}
    assert [fault.split(":")[0] for fault in faults_of(environ)] == ["TOCSIN_COLOUR", "TOCSIN_COLOUR_FILE"]
    assert load_settings(environ, strict=False).port == 8000


def test_the_newer_name_wins_over_the_older_one() -> None:
    environ = {
        "LOG_LEVEL": "LOUD",
        "TOCSIN_LOG_LEVEL": "ERROR",
        "SCHEDULER_ENABLED": "no",
        "TOCSIN_SCHEDULER_ENABLED": "1",
    }
    settings = load_settings(environ)
    assert (settings.log_level, settings.scheduler_enabled) == ("ERROR", True)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mysql"])
def test_the_database_url_wins_over_the_older_names(kind: str) -> None:
    environ = {"TOCSIN_DATABASE_URL": "postgresql://db/t", "DATABASE_TYPE": kind, "SQLITE_DB_PATH": "/srv/old.db"}
    assert load_settings(environ).database_url == "postgresql://db/t"


def test_changes_make_a_copy_and_none_means_unchanged() -> None:
    settings = load_settings({})
    changed = settings.with_changes(port=9000, host=None)
    assert (changed.port, changed.host, settings.port) == (9000, "127.0.0.1", 8000)


def test_every_setting_says_what_it_means() -> None:
    assert [setting.name for setting in SETTINGS if not setting.help.strip()] == []
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)


@pytest.mark.parametrize(
    "text", ["192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:53", "[2001:db8::53]"]
)
def test_name_servers_are_addresses(text: str) -> None:
    assert load_settings({"TOCSIN_NAME_SERVERS": text}).name_servers == (text,)


@pytest.mark.parametrize("text", ["resolver", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:70000", "[2001:db8::53]:x"])
def test_what_is_no_address_of_a_name_server_is_refused(text: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"TOCSIN_NAME_SERVERS: .* is no address"):
        load_settings({"TOCSIN_NAME_SERVERS": text})


def test_a_database_url_without_a_scheme_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="TOCSIN_DATABASE_URL: 'nonsense' is no URL"):
        load_settings({"TOCSIN_DATABASE_URL": "nonsense"})
