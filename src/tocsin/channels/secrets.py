"""Secrets of a channel's configuration at rest: sealed on the way into the database, masked on the way to people."""

import base64
import json
import logging
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tocsin.channels.kind import ChannelConfig, secret_fields
from tocsin.channels.registry import CHANNELS
from tocsin.errors import Invalid, SecretsUnreadable, SettingsInvalid
from tocsin.model.alerts import NotificationChannel
from tocsin.model.masks import MASK

logger = logging.getLogger(__name__)

KEY_FILE = "secret.key"


class Keys:
    """Keys that secrets are sealed with: the first seals, each may unseal. Shows nothing of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take keys as texts of any form that are long and random."""
        self._fernet = MultiFernet([Fernet(_derived(key)) for key in keys])

    def __repr__(self) -> str:
        return "Keys(…)"

    def seal(self, plain: str) -> str:
        """Return `plain` encrypted and signed, as text."""
        return self._fernet.encrypt(plain.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """Return what was sealed.

        Raises:
            SecretsUnreadable: none of the keys has sealed it.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeError):
            raise SecretsUnreadable from None


def _derived(key: str) -> bytes:
    """Return a Fernet key. The text is random already, so a fast derivation does. Source: RFC 5869."""
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tocsin channel secrets")
    return base64.urlsafe_b64encode(kdf.derive(key.encode()))


def load_keys(configured: Sequence[str], data_dir: Path) -> Keys:
    """Return the keys: those of TOCSIN_SECRET_KEY, then the one in `secret.key`, which is made where there is none.

    Raises:
        SettingsInvalid: the file cannot be read or made, or holds no key.
    """
    path = data_dir / KEY_FILE
    try:
        if not configured and not path.exists():
            _make_key_file(path)
        in_file = [path.read_text(encoding="ascii").strip()] if path.exists() else []
        if in_file and path.stat().st_mode & 0o077:
            logger.warning("%s can be read by others: chmod 600 it", path)
    except (OSError, UnicodeError) as error:
        raise SettingsInvalid([f"{path}: {error}; or set TOCSIN_SECRET_KEY"]) from error
    if in_file and len(in_file[0]) < 32:
        raise SettingsInvalid([f"{path}: this is no key; put the right file back, or remove it to have a new one made"])
    return Keys([*configured, *in_file])


def _make_key_file(path: Path) -> None:
    """Write a new key so that a crash leaves all of it or nothing, and of two processes one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{KEY_FILE}.{secrets.token_hex(8)}")
    handle = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(written, path)
        except FileExistsError:
            return
    finally:
        written.unlink()
    logger.info("made the key for channels' secrets: %s (keep a copy; without it they cannot be read)", path)


def seal(kind: NotificationChannel, config: Mapping[str, Any], keys: Keys) -> tuple[dict[str, Any], str]:
    """Return a configuration as it is stored: what anyone may see, and the sealed secrets ("" where there are none)."""
    names = secret_fields(_config_of(kind))
    public = {name: value for name, value in config.items() if name not in names}
    hidden = {name: config[name] for name in names if config.get(name)}
    return public, keys.seal(json.dumps({"kind": kind.value, "secrets": hidden})) if hidden else ""


def unseal(kind: NotificationChannel, public: Mapping[str, Any], sealed: str, keys: Keys) -> dict[str, Any]:
    """Return the whole configuration from its stored parts.

    Raises:
        SecretsUnreadable: the secrets were sealed with another key, or for another kind of channel.
    """
    if not sealed:
        return dict(public)
    opened = json.loads(keys.unseal(sealed))
    if opened["kind"] != kind.value:
        raise SecretsUnreadable(f"these secrets belong to a channel of kind {opened['kind']}, not {kind.value}")
    return {**public, **opened["secrets"]}


def reseal(sealed: str, keys: Keys) -> str:
    """Return sealed secrets, sealed anew with the first key.

    Raises:
        SecretsUnreadable: none of the keys has sealed them.
    """
    return keys.seal(keys.unseal(sealed)) if sealed else ""


def masked(kind: NotificationChannel, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with a mask in place of each secret; of secret mappings the names stay."""
    shown = dict(config)
    for name in secret_fields(_config_of(kind)):
        if isinstance(shown.get(name), Mapping):
            shown[name] = dict.fromkeys(shown[name], MASK)
        elif shown.get(name):
            shown[name] = MASK
    return shown


def unmasked(
    kind: NotificationChannel, given: Mapping[str, Any], stored: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return `given` with the stored secret wherever the mask came back.

    Args:
        kind: of the channel.
        given: a configuration as it came in.
        stored: the whole stored configuration, unsealed; None where the channel is new.

    Raises:
        Invalid: a mask stands where nothing is stored that it could mean.
    """
    whole = dict(given)
    for name in secret_fields(_config_of(kind)):
        kept = (stored or {}).get(name)
        if isinstance(whole.get(name), Mapping):
            whole[name] = {key: _unmasked(f"{name}.{key}", one, _item(kept, key)) for key, one in whole[name].items()}
        elif name in whole:
            whole[name] = _unmasked(name, whole[name], kept)
    return whole


def _item(kept: Any, key: str) -> Any:
    """A header's name may come back in another case."""
    by_name = {name.lower(): value for name, value in kept.items()} if isinstance(kept, Mapping) else {}
    return by_name.get(key.lower())


def _unmasked(field: str, value: Any, kept: Any) -> Any:
    if value != MASK:
        return value
    if not kept:
        raise Invalid(f"{MASK} stands for nothing that is stored; write the secret itself", field=field)
    return kept


def _config_of(kind: NotificationChannel) -> type[ChannelConfig]:
    config: type[ChannelConfig] = CHANNELS[kind].config
    return config
