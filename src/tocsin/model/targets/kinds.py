"""Which options each kind of check has a use for. Those of every kind (time limits, expectations) are not named."""

from collections.abc import Mapping
from typing import Any

from tocsin.model.heartbeats.keys import is_heartbeat
from tocsin.model.options import CheckOptions

_SENT = frozenset({"method", "request_headers", "request_body", "auth"})
_ANSWERED = frozenset({"expected_status", "follow_redirects", "max_redirects"})
_CONNECTED = frozenset({"verify_tls", "proxy"})
_OF_SOME = _SENT | _ANSWERED | _CONNECTED

USED_BY: dict[str, frozenset[str]] = {
    "ws": _CONNECTED | {"request_headers", "auth"},
    "wss": _CONNECTED | {"request_headers", "auth"},
    "tls": _CONNECTED,
    "tcp": frozenset(),
    "dns": frozenset(),
    "icmp": frozenset(),
    "heartbeat": frozenset(),
}
"""By scheme, the options beside those of every kind that mean something; a scheme not listed has a use for all."""

_DEFAULTS = {name: CheckOptions.model_fields[name].get_default(call_default_factory=True) for name in _OF_SOME}


def has_use_for(url: str, option: str) -> bool:
    """Tell whether a check of `url` heeds `option`."""
    return option not in _OF_SOME or option in USED_BY.get(url.partition(":")[0].lower(), _OF_SOME)


def refuse_useless_options(url: str, options: Mapping[str, Any]) -> None:
    """Refuse options, by name, that a check of `url` would overlook; at their defaults they are accepted.

    Raises:
        ValueError: naming every such option.
    """
    useless = [name for name in CheckOptions.model_fields if not has_use_for(url, name)]
    given = [name for name in useless if options.get(name) != _DEFAULTS[name]]
    if given:
        kind = url.partition(":")[0].lower()
        marks = ":" if is_heartbeat(url) else "://"
        raise ValueError(f"{kind}{marks} checks have no use for {', '.join(given)}; leave it at its default")
