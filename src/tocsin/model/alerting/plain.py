"""Whatever callers put into an alert, as texts and JSON that both databases store. An alert is never refused for it."""

import json
import math
from collections.abc import Mapping, Set as AbstractSet
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from tocsin.model.times import isoformat

MAX_DEPTH = 20


def storable_text(text: str, limit: int | None = None) -> str:
    """Return a text in characters that every column holds (no NUL, no half of a surrogate pair), bounded."""
    if not text.isascii() or "\0" in text:
        text = text.replace("\0", "\\0").encode(errors="backslashreplace").decode()
    return text if limit is None or len(text) <= limit else text[: limit - 1] + "…"


def plain(value: Any, depth: int = 0) -> Any:
    """Return `value` as JSON-able data: times as ISO 8601, sets as lists, what is neither as its text.

    NaN and infinities, which JSON does not have, become their names; what nests deeper than 20 is cut to its type.
    """
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, bool | int | None):
        return value
    if isinstance(value, Mapping | list | tuple | AbstractSet):
        return storable_text(type(value).__name__) if depth >= MAX_DEPTH else _nested(value, depth + 1)
    return _scalar(value, depth)


def _nested(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {_key(key): plain(one, depth) for key, one in value.items()}
    return [plain(one, depth) for one in value]


def _scalar(value: Any, depth: int) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, date):
        return isoformat(value) if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | bytearray):
        return storable_text(bytes(value).decode(errors="backslashreplace"))
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value), depth)
    return storable_text(str(value))


def _key(key: Any) -> str:
    return storable_text(key.value if isinstance(key, Enum) and isinstance(key.value, str) else str(key))


def same(one: Any, other: Any) -> bool:
    """Return whether two plain values are the same JSON (in which True is not 1)."""
    return one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
