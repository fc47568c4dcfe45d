"""Asks the references that tell whether we can see at all: gateway, name servers, whatever else was named."""

import asyncio
import socket
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from tocsin.model.enums import AddressFamily
from tocsin.model.vantage import DNS_PORT, Answer, Reference, ReferenceKind, Said, split_place
from tocsin.probes.echoes import accepts_or_refuses, answers_dns, echoes
from tocsin.probes.names.resolver import Names

GATEWAY_PORTS = (53, 80, 443)
_RTF_GATEWAY, _RTF_REJECT = 0x2, 0x200
_STUB_OF_SYSTEMD = "127.0.0.53"


@dataclass(frozen=True, slots=True)
class SystemFiles:
    """Where the system says which gateways and name servers it uses."""

    route: str = "/proc/net/route"
    ipv6_route: str = "/proc/net/ipv6_route"
    resolv_conf: str = "/etc/resolv.conf"
    systemd_resolv_conf: str = "/run/systemd/resolve/resolv.conf"


class References:
    """The references of a setting, asked together. Belongs to one event loop."""

    def __init__(
        self,
        references: Sequence[Reference],
        names: Names,
        name_servers: Sequence[str] = (),
        files: SystemFiles | None = None,
    ) -> None:
        self._references = tuple(references)
        self._names = names
        self._name_servers = tuple(name_servers)
        self._files = files or SystemFiles()

    def __len__(self) -> int:
        return len(self._references)

    async def ask(self, wait_s: float, *, until_one_answers: bool = True) -> list[Answer]:
        """Ask all at once, each for at most `wait_s`; return what they said.

        With `until_one_answers` the others are not waited for then, and left out where they have said nothing yet.
        """
        tasks = [asyncio.create_task(self._ask_one(one, wait_s)) for one in self._references]
        answers: list[Answer] = []
        try:
            for task in asyncio.as_completed(tasks):
                answers.append(await task)
                if until_one_answers and answers[-1].said is Said.ANSWERS:
                    break
        finally:
            await _end(tasks)
        return answers

    async def _ask_one(self, reference: Reference, wait_s: float) -> Answer:
        try:
            async with asyncio.timeout(wait_s):
                places, name = await self._places(reference, wait_s)
                questions = [one for place in places for one in _questions(reference.kind, *place)]
                is_alive = bool(questions) and await _any(questions)
        except TimeoutError:
            return Answer(reference, Said.SILENT, self._name(reference))
        if not questions:
            return Answer(reference, Said.ABSENT, name)
        return Answer(reference, Said.ANSWERS if is_alive else Said.SILENT, name)

    def _name(self, reference: Reference) -> str:
        """Return what people call it, as far as that is known without asking anybody."""
        if reference.kind is ReferenceKind.GATEWAY:
            return _named("the gateway", default_gateways(self._files), "a default gateway (there is none)")
        if reference.kind is ReferenceKind.RESOLVER:
            servers = [_shown(place) for place in self._resolvers()]
            return _named("the name server", servers, "a name server (none is configured)")
        return str(reference)

    async def _places(self, reference: Reference, wait_s: float) -> tuple[list[tuple[str, int]], str]:
        """Return addresses and ports to ask; an unknown name has none that answers, which is silence, not absence."""
        name = self._name(reference)
        if reference.kind is ReferenceKind.GATEWAY:
            return [(address, 0) for address in default_gateways(self._files)], name
        if reference.kind is ReferenceKind.RESOLVER:
            return self._resolvers(), name
        if _is_address(reference.host):
            return [(reference.host, reference.port)], name
        found = await self._names.resolve(reference.host, AddressFamily.ANY, wait_s)
        if not isinstance(found, tuple):
            raise TimeoutError
        return [(address, reference.port) for address in found[:2]], name

    def _resolvers(self) -> list[tuple[str, int]]:
        if self._name_servers:
            return [split_place(one, one, DNS_PORT) for one in self._name_servers]
        return [(address, DNS_PORT) for address in system_resolvers(self._files)]


def _questions(kind: ReferenceKind, address: str, port: int) -> list[Awaitable[bool]]:
    if kind in (ReferenceKind.RESOLVER, ReferenceKind.DNS):
        return [answers_dns(address, port)]
    if kind is ReferenceKind.TCP:
        return [accepts_or_refuses(address, port)]
    if kind is ReferenceKind.ICMP:
        return [echoes(address)]
    return [echoes(address), *(accepts_or_refuses(address, one) for one in GATEWAY_PORTS)]


async def _any(questions: Sequence[Awaitable[bool]]) -> bool:
    """Return whether one of them comes out true; the rest is not waited for."""
    tasks = [asyncio.ensure_future(one) for one in questions]
    try:
        for task in asyncio.as_completed(tasks):
            with suppress(OSError):  # no IPv6 here, for example
                if await task:
                    return True
    finally:
        await _end(tasks)
    return False


async def _end(tasks: "Sequence[asyncio.Future[Answer]] | Sequence[asyncio.Future[bool]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _named(word: str, names: Sequence[str], otherwise: str) -> str:
    return f"{word} {' or '.join(names)}" if names else otherwise


def _shown(place: tuple[str, int]) -> str:
    address, port = place
    if port == DNS_PORT:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def default_gateways(files: SystemFiles) -> list[str]:
    """Return the addresses of the default gateways, IPv4 first; empty where there are none, or no Linux.

    Source: proc(5), /proc/net/route; linux/Documentation/networking, ipv6_route.
    """
    found = []
    for line in _lines(files.route)[1:]:
        device, destination, gateway, flags, *rest = line.split()
        is_default = int(destination, 16) == 0 and int(rest[3], 16) == 0
        if device and is_default and int(flags, 16) & _RTF_GATEWAY:
            found.append(socket.inet_ntoa(int(gateway, 16).to_bytes(4, "little")))
    for line in _lines(files.ipv6_route):
        fields = line.split()
        bits = int(fields[8], 16)
        if int(fields[0], 16) == 0 and fields[1] == "00" and bits & _RTF_GATEWAY and not bits & _RTF_REJECT:
            address = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(fields[4]))
            found.append(f"{address}%{fields[9]}" if ip_address(address).is_link_local else address)
    return list(dict.fromkeys(found))


def system_resolvers(files: SystemFiles) -> list[str]:
    """Return the addresses of the system's name servers, but for those on this machine.

    Such a one answers from its memory, whether we can see or not. Where it is systemd's, those it asks itself count.
    """
    found = _name_servers(files.resolv_conf)
    if _STUB_OF_SYSTEMD in found:
        found += _name_servers(files.systemd_resolv_conf)
    return [one for one in dict.fromkeys(found) if not ip_address(one.partition("%")[0]).is_loopback]


def _name_servers(path: str) -> list[str]:
    words = (line.split() for line in _lines(path))
    return [line[1] for line in words if line[:1] == ["nameserver"] and len(line) > 1 and _is_address(line[1])]


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
