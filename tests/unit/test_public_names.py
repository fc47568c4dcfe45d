"""The flat, lazy namespace: what `from tocsin import …` gives, and what it says where an extra is missing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import tocsin
from tocsin.errors import ExtraMissing

PROMISED = (
    "Base Database get_db Website MonitorCheck DowntimeWindow DebugSession NetworkEvent MonitorStatus HTTPMethod"
    " NetworkEventType WebsiteCreate WebsiteUpdate MonitorCheckCreate DowntimeWindowCreate DowntimeWindowUpdate"
    " DebugSessionCreate DebugSessionUpdate NetworkEventCreate WebsiteCRUD MonitorCheckCRUD DowntimeWindowCRUD"
    " DebugSessionCRUD NetworkEventCRUD check_website CheckResult TocsinError"
    " AlertService Alert AlertModel AlertRule AlertPriority AlertCategory AlertStatus NotificationChannel"
)


def test_every_promised_name_is_public() -> None:
    assert set(PROMISED.split()) <= set(tocsin.__all__)


@pytest.mark.parametrize("name", tocsin.__all__)
def test_every_public_name_loads(name: str) -> None:
    assert getattr(tocsin, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Websites'"):
        _ = tocsin.Websites


def test_the_names_are_listed_for_completion() -> None:
    assert set(tocsin.__all__) <= set(dir(tocsin))


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("Database", "sqlalchemy", "server"),
        ("WebsiteCRUD", "sqlalchemy", "server"),
        ("check_website", "pycurl", "server"),
    ],
)
def test_a_name_whose_extra_is_missing_says_which_to_install(name: str, package: str, extra: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; import tocsin; tocsin.{name}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode != 0
    last_line = run.stderr.strip().splitlines()[-1]
    assert (
        last_line
        == f'{ExtraMissing.__module__}.ExtraMissing: {name} needs the extra "{extra}": pip install "tocsin[{extra}]"'
    )


def test_type_checkers_see_the_same_names() -> None:
    source = Path(tocsin.__file__).read_text(encoding="utf-8")
    for_checkers = re.findall(r"(\w+) as \1", source)
    assert sorted([*for_checkers, "__version__"]) == sorted(tocsin.__all__)


def test_the_schemas_need_only_the_base_install() -> None:
    packages = [package for names in tocsin._EXTRA_OF.values() for package in names]
    code = f"import sys; sys.modules.update(dict.fromkeys({packages})); from tocsin import WebsiteCreate, CheckResult"
    subprocess.run([sys.executable, "-c", code], check=True)
