import json
import logging
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from tocsin.channels import parse_config, plain
from tocsin.channels.secrets import KEY_FILE, Keys, load_keys, masked, reseal, seal, unmasked, unseal
from tocsin.errors import Invalid, SecretsUnreadable, SettingsInvalid
from tocsin.model.alerts import NotificationChannel as Kind
from tocsin.model.masks import MASK

OLD, NEW = "old-" + "0" * 32, "new-" + "1" * 32
HOOK: dict[str, Any] = {
    "url": "https://hook.example/hush", "secret": "hush", "headers": {"X-Auth": "hush", "X-B": "b"}, "method": "PUT",
}  # fmt: skip


def test_secrets_are_sealed_and_the_rest_stays_readable() -> None:
    keys = Keys([NEW])
    public, sealed = seal(Kind.WEBHOOK, HOOK, keys)
    assert public == {"method": "PUT"}
    assert "hush" not in sealed
    assert unseal(Kind.WEBHOOK, public, sealed, keys) == HOOK
    assert "1" * 32 not in repr(keys)


def test_a_parsed_configuration_comes_back_whole() -> None:
    keys = Keys([NEW])
    config = parse_config(Kind.WEBHOOK, HOOK)
    public, sealed = seal(Kind.WEBHOOK, plain(config), keys)
    assert "hush" not in json.dumps(public)
    assert parse_config(Kind.WEBHOOK, unseal(Kind.WEBHOOK, public, sealed, keys)) == config


def test_where_nothing_is_secret_nothing_is_sealed() -> None:
    keys = Keys([NEW])
    assert seal(Kind.DASHBOARD, {"time_zone": "UTC"}, keys) == ({"time_zone": "UTC"}, "")
    assert unseal(Kind.DASHBOARD, {"time_zone": "UTC"}, "", keys) == {"time_zone": "UTC"}
    assert reseal("", keys) == ""


def test_keys_change_in_turn_the_first_seals_and_all_unseal() -> None:
    public, sealed = seal(Kind.WEBHOOK, HOOK, Keys([OLD]))
    both = Keys([NEW, OLD])
    assert unseal(Kind.WEBHOOK, public, sealed, both) == HOOK
    assert unseal(Kind.WEBHOOK, public, reseal(sealed, both), Keys([NEW])) == HOOK


def test_another_key_is_told_with_what_to_do() -> None:
    public, sealed = seal(Kind.WEBHOOK, HOOK, Keys([OLD]))
    for text in (sealed, "no token", "ü"):
        with pytest.raises(SecretsUnreadable, match="put that one into TOCSIN_SECRET_KEY too, after a comma"):
            unseal(Kind.WEBHOOK, public, text, Keys([NEW]))


def test_sealed_secrets_cannot_be_moved_to_another_kind() -> None:
    keys = Keys([NEW])
    _, sealed = seal(Kind.WEBHOOK, HOOK, keys)
    with pytest.raises(SecretsUnreadable, match="belong to a channel of kind WEBHOOK, not SLACK"):
        unseal(Kind.SLACK, {}, sealed, keys)


def test_a_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    folder = tmp_path / "data"
    public, sealed = seal(Kind.WEBHOOK, HOOK, load_keys((), folder))
    path = folder / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in folder.iterdir()] == [KEY_FILE]
    key = path.read_text(encoding="ascii").strip()
    assert len(key) == 44
    assert "keep a copy" in caplog.text
    assert key not in caplog.text
    assert unseal(Kind.WEBHOOK, public, sealed, load_keys((), folder)) == HOOK
    # A key that is set later takes over; what the file sealed is still read.
    later = load_keys((NEW,), folder)
    assert unseal(Kind.WEBHOOK, public, sealed, later) == HOOK
    assert unseal(Kind.WEBHOOK, public, reseal(sealed, later), Keys([NEW])) == HOOK


def test_a_key_that_was_set_needs_no_file(tmp_path: Path) -> None:
    load_keys((NEW,), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_many_processes_at_once_agree_on_one_key(tmp_path: Path) -> None:
    found: list[Keys] = []
    threads = [threading.Thread(target=lambda: found.append(load_keys((), tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert {one.unseal(found[0].seal("x")) for one in found} == {"x"}
    assert [one.name for one in tmp_path.iterdir()] == [KEY_FILE]


def test_a_key_file_that_others_can_read_is_complained_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    load_keys((), tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    load_keys((), tmp_path)
    assert "can be read by others" in caplog.text


def test_a_broken_key_file_is_a_clear_fault(tmp_path: Path) -> None:
    path = tmp_path / KEY_FILE
    path.write_text("short\n", encoding="ascii")
    with pytest.raises(SettingsInvalid, match="this is no key"):
        load_keys((), tmp_path)
    path.write_bytes(b"\xff\xfe" * 40)
    with pytest.raises(SettingsInvalid, match="or set TOCSIN_SECRET_KEY"):
        load_keys((), tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(SettingsInvalid, match="or set TOCSIN_SECRET_KEY"):
        load_keys((), tmp_path)


def test_masks_go_out_and_secrets_are_put_back_where_they_return() -> None:
    shown = masked(Kind.WEBHOOK, HOOK)
    assert shown == {"url": MASK, "secret": MASK, "headers": {"X-Auth": MASK, "X-B": MASK}, "method": "PUT"}
    changed = {**shown, "method": "POST", "secret": "other", "headers": {"x-auth": MASK, "X-C": "c"}}
    assert unmasked(Kind.WEBHOOK, changed, HOOK) == {
        "url": HOOK["url"], "secret": "other", "headers": {"x-auth": "hush", "X-C": "c"}, "method": "POST",
    }  # fmt: skip
    assert masked(Kind.WEBHOOK, {"secret": None, "headers": {}}) == {"secret": None, "headers": {}}


@pytest.mark.parametrize(
    ("given", "stored", "field"),
    [
        ({"url": MASK}, None, "url"),
        ({"secret": MASK}, {"secret": None}, "secret"),
        ({"headers": {"X-A": MASK}}, {}, "headers.X-A"),
        ({"headers": {"X-A": MASK}}, {"headers": {"X-B": "b"}}, "headers.X-A"),
    ],
)
def test_a_mask_that_stands_for_nothing_is_refused(given: dict[str, Any], stored: Any, field: str) -> None:
    with pytest.raises(Invalid, match="stands for nothing that is stored") as caught:
        unmasked(Kind.WEBHOOK, given, stored)
    assert caught.value.field == field
