"""A heartbeat's URL, `heartbeat:<key>`, and the path `/ping/<key>` under which its job reports. Pure.

The key is all that a caller has to know, so it counts as a secret: whoever may read websites sees it, but no log,
no message and no metric does.
"""

import re
from urllib.parse import quote
from uuid import uuid4

from tocsin.model.masks import MASK

PREFIX = "heartbeat:"
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{3,99}")
_PING_PATH = re.compile(r"(?<=/ping/)[^/?\s]+")


def is_heartbeat(url: str) -> bool:
    """Return whether a URL is a heartbeat's."""
    return url.strip()[: len(PREFIX)].lower() == PREFIX


def complete_url(url: str) -> str:
    """Return a heartbeat's URL as it is stored; one without a key is given a key that nobody can guess.

    Raises:
        ValueError: what stands for a key is none.
    """
    return normalise_key(url) if url.strip()[len(PREFIX) :] else f"{PREFIX}{uuid4()}"


def normalise_key(url: str) -> str:
    """Return the form in which two URLs of one heartbeat are equal: keys are the same in any case.

    Raises:
        ValueError: what stands for a key is none.
    """
    normalised = url_of_key(url.strip()[len(PREFIX) :])
    if normalised is None:
        raise ValueError(
            "a heartbeat's key has 4 to 100 letters, digits, - and _, and begins with a letter or digit;"
            f" write {PREFIX} alone for a key that nobody can guess"
        )
    return normalised


def url_of_key(key: str) -> str | None:
    """Return the normalised URL of the heartbeat with that key; None where it cannot be one."""
    key = key.lower()
    return f"{PREFIX}{key}" if _KEY.fullmatch(key) else None


def key_of(url_key: str) -> str:
    """Return the key in a heartbeat's normalised URL."""
    return url_key.removeprefix(PREFIX)


def ping_path(url: str) -> str | None:
    """Return the path of this server under which the job of that URL reports; None where it is no heartbeat's."""
    return f"/ping/{quote(key_of(normalise_key(url)))}" if is_heartbeat(url) else None


def hidden_url(url: str) -> str:
    """Return a URL as logs and messages may show it: a heartbeat's without its key."""
    return f"{PREFIX}{MASK}" if is_heartbeat(url) else url


def hidden_path(path: str) -> str:
    """Return a request's path as logs may show it: that of a ping without its key."""
    return _PING_PATH.sub(MASK, path)
