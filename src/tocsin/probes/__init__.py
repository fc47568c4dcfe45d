"""Looking at a website from outside: one module a protocol, and the table of them.

Judging what was seen, retrying and storing live elsewhere.
"""

from collections.abc import Awaitable, Callable

from tocsin.model.results import CheckResult
from tocsin.probes import dns, http, icmp, tcp, tls, websocket
from tocsin.probes.target import Target
from tocsin.probes.tools import Tools, open_tools

__all__ = ["PROBES", "Probe", "Target", "Tools", "open_tools", "probe"]

Probe = Callable[[Target, Tools], Awaitable[CheckResult]]

PROBES: dict[str, Probe] = {
    "http": http.probe,
    "https": http.probe,
    "ws": websocket.probe,
    "wss": websocket.probe,
    "tcp": tcp.probe,
    "tls": tls.probe,
    "dns": dns.probe,
    "icmp": icmp.probe,
}
"""The probe of each URL scheme; the keys are those of `model.urls.SCHEMES`."""


async def probe(target: Target, tools: Tools) -> CheckResult:
    """Look at `target` once with the probe of its scheme. Faults of the world are the result's `cause`.

    Raises:
        ValueError: no probe knows the URL's scheme, or it is no URL.
    """
    scheme = target.url.partition(":")[0].lower()
    look = PROBES.get(scheme)
    if look is None:
        raise ValueError(f"{target.url!r} must start with one of {', '.join(f'{name}://' for name in PROBES)}")
    return await look(target, tools)
