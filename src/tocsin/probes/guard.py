"""The guard: which addresses must not be connected to, in whatever form they are written."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from tocsin.model.targets.networks import FORBIDDEN_BY_DEFAULT, Network

Address = IPv4Address | IPv6Address

_LOW = (12, 13, 14, 15)
_CARRIERS: tuple[tuple[IPv6Network, tuple[tuple[int, ...], ...]], ...] = (
    (IPv6Network("::ffff:0:0/96"), (_LOW,)),  # mapped, RFC 4291
    (IPv6Network("::/96"), (_LOW,)),  # compatible, RFC 4291
    (IPv6Network("::ffff:0:0:0/96"), (_LOW,)),  # translated, RFC 2765
    (IPv6Network("64:ff9b::/96"), (_LOW,)),  # NAT64, RFC 6052
    # NAT64 of one's own, RFC 8215: RFC 6052 section 2.2 puts the address where the prefix ends.
    (IPv6Network("64:ff9b:1::/48"), (_LOW, (6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12))),
    (IPv6Network("2002::/16"), ((2, 3, 4, 5),)),  # 6to4, RFC 3056
)
"""IPv6 networks whose addresses carry an IPv4 address, and the bytes in which they do."""

_TEREDO = IPv6Network("2001::/32")
_HERE: dict[Address, Address] = {
    IPv4Address("0.0.0.0"): IPv4Address("127.0.0.1"),  # noqa: S104 (nothing is bound to it)
    IPv6Address("::"): IPv6Address("::1"),
}
"""What the system takes an unspecified address for, when it is connected to."""


class Guard:
    """Refuses connections to some networks. What it said of an address is remembered."""

    def __init__(self, networks: Iterable[Network] = FORBIDDEN_BY_DEFAULT) -> None:
        self._networks = tuple(networks)
        self.refusal = lru_cache(maxsize=16384)(self._refusal)

    def _refusal(self, address: str) -> IPv4Network | IPv6Network | None:
        """Return the forbidden network in which `address` lies, itself or as what it stands for, or None."""
        forms = set(forms_of(ip_address(address.partition("%")[0])))
        forms |= {_HERE[one] for one in forms if one in _HERE}
        return next((network for network in self._networks if any(one in network for one in forms)), None)


def forms_of(address: Address) -> Iterator[Address]:
    """Yield `address`, and those that a system or a translator on the way may take it for."""
    yield address
    if isinstance(address, IPv4Address):
        return
    packed = address.packed
    for network, places in _CARRIERS:
        if address in network:
            yield from (IPv4Address(bytes(packed[at] for at in place)) for place in places)
    if address in _TEREDO:  # RFC 4380 section 4: the server's address, and the client's with each bit turned
        yield IPv4Address(packed[4:8])
        yield IPv4Address(bytes(255 - packed[at] for at in _LOW))
