"""What every probe works with: the engine, the resolver, the trusted roots and the guard."""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from tocsin.model.targets.networks import FORBIDDEN_BY_DEFAULT, Network
from tocsin.probes.certificates.trust import Trust
from tocsin.probes.curl.engine import Engine
from tocsin.probes.guard import Guard
from tocsin.probes.names.resolver import Names


class Tools:
    """One set serves all checks of an event loop. Use as an async context manager, or start() and aclose()."""

    def __init__(self, trust: Trust, names: Names, guard: Guard) -> None:
        self.trust = trust
        self.names = names
        self.engine = Engine(trust)
        self.guard = guard

    async def start(self) -> None:
        """Start the engine."""
        self.engine.start()

    async def aclose(self) -> None:
        """End everything; checks still under way are cancelled."""
        await self.names.aclose()
        await self.engine.aclose()
        self.trust.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def open_tools(
    ca_bundle: str | None = None,
    name_servers: Sequence[str] | None = None,
    forbidden: Iterable[Network] = FORBIDDEN_BY_DEFAULT,
    hosts_path: str = "/etc/hosts",
) -> Tools:
    """Return tools that are not started yet.

    `ca_bundle` is a PEM file of roots to trust beside the system's; `name_servers` ("address" or "address:port")
    replace those of resolv.conf; `forbidden` are the networks that must not be connected to.

    Raises:
        SettingsInvalid: `ca_bundle` cannot be read or holds no certificates, or a name server is no address.
    """
    return Tools(Trust(ca_bundle), Names(name_servers, hosts_path), Guard(forbidden))
