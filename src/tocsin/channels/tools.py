"""What every channel works with: one HTTP client, TLS, time limits, the guard, the clock."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Self

import httpx

from tocsin import __version__
from tocsin.errors import SendFailed, SettingsInvalid
from tocsin.model.times import utcnow

Forbid = Callable[[str], object]
"""What says of an address whether it must not be connected to: by anything that is true, as `Guard.refusal` does."""

MAX_BLOCKING_SENDS = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one send may take, in seconds."""

    connect_s: float = 5.0
    answer_s: float = 20.0  # without a byte
    whole_s: float = 30.0  # all together


@dataclass(slots=True)
class Tools:
    """One set serves all channels of an event loop. Use as an async context manager, or aclose() it."""

    client: httpx.AsyncClient
    tls: ssl.SSLContext
    limits: Limits = Limits()
    clock: Callable[[], datetime] = utcnow
    forbid: Forbid | None = None
    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(MAX_BLOCKING_SENDS, "tocsin-channels")
    )  # for libraries that block; they start with the first use

    async def addresses_of(self, host: str, port: int) -> list[str]:
        """Return the addresses of `host` that may be connected to, all of them looked at.

        Raises:
            SendFailed: there are none, or the guard refuses one.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.limits.connect_s):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise SendFailed(f"{host} is not found: {error or 'the name servers do not answer'}") from error
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        refused = next((one for one in addresses if self.forbid is not None and self.forbid(one)), None)
        if refused is not None:
            raise SendFailed(f"{host} is {refused}, an address that channels may not connect to", is_permanent=True)
        return addresses

    async def aclose(self) -> None:
        """Close the client. Sends under way in threads end by their own time limits, heard by nobody."""
        await self.client.aclose()
        self.threads.shutdown(wait=False, cancel_futures=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def open_tools(
    ca_bundle: str | None = None,
    proxy: str | None = None,
    forbid: Forbid | None = None,
    clock: Callable[[], datetime] = utcnow,
    limits: Limits = Limits(),
) -> Tools:
    """Return tools.

    Args:
        ca_bundle: a PEM file of roots to trust beside the system's.
        proxy: URL of a proxy for HTTP; the environment's are not used.
        forbid: says which addresses must not be connected to.
        clock: tells the time.
        limits: how long one send may take.

    Raises:
        SettingsInvalid: `ca_bundle` cannot be read or holds no certificates.
        ValueError: `proxy` is no URL of a proxy.
    """
    tls = ssl.create_default_context()
    try:
        if ca_bundle:
            tls.load_verify_locations(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        raise SettingsInvalid([f"TOCSIN_CA_BUNDLE: {ca_bundle}: {error}"]) from error
    _keep_urls_out_of_the_log()
    client = httpx.AsyncClient(
        verify=tls,
        proxy=proxy,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(limits.answer_s, connect=limits.connect_s, pool=limits.connect_s),
        # A kept connection that the other side has closed meanwhile would make a try's outcome unknown.
        limits=httpx.Limits(max_keepalive_connections=0),
        headers={"User-Agent": f"Tocsin/{__version__}", "Accept-Encoding": "identity"},
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return Tools(client, tls, limits, clock, forbid)


def _keep_urls_out_of_the_log() -> None:
    """Silence httpx's line about every request: webhook URLs are secrets, and they stand in it."""
    logging.getLogger("httpx").addFilter(_is_no_request)


def _is_no_request(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("HTTP Request")
