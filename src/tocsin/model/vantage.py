"""Our own view of the world: the references that tell whether we can see, and what they said. Frozen values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Any

from tocsin.model.times import isoformat

NO_REFERENCES = "none"
DNS_PORT = 53
BLIND, SEES_AGAIN = "vantage_blind", "vantage_sees_again"


class ReferenceKind(StrEnum):
    """How a reference is asked."""

    GATEWAY = "gateway"  # the default gateways, as the system has them at that moment
    RESOLVER = "resolver"  # the name servers that checks use
    TCP = "tcp"
    ICMP = "icmp"
    DNS = "dns"


@dataclass(frozen=True, slots=True)
class Reference:
    """Something that answers as long as we can see."""

    kind: ReferenceKind
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        """Return it as the setting has it."""
        if self.kind in (ReferenceKind.GATEWAY, ReferenceKind.RESOLVER):
            return self.kind
        place = f"[{self.host}]" if ":" in self.host and self.port else self.host
        place = f"{place}:{self.port}" if self.port else place
        return place if self.kind is ReferenceKind.TCP else f"{self.kind}:{place}"


def parse_references(texts: Iterable[str]) -> tuple[Reference, ...]:
    """Return the references of the setting's parts; none for "none".

    Raises:
        ValueError: one of them is not written as one of its forms.
    """
    parts = [text.strip() for text in texts if text.strip()]
    if [part.lower() for part in parts] == [NO_REFERENCES]:
        return ()
    return tuple(dict.fromkeys(map(_parse, parts)))


def _parse(text: str) -> Reference:
    word, colon, rest = text.partition(":")
    kind = word.lower()
    if not colon and kind in (ReferenceKind.GATEWAY, ReferenceKind.RESOLVER):
        return Reference(ReferenceKind(kind))
    if kind == ReferenceKind.ICMP and rest:
        return Reference(ReferenceKind.ICMP, _host(rest.removeprefix("[").removesuffix("]"), text))
    if kind == ReferenceKind.DNS and rest:
        return Reference(ReferenceKind.DNS, *split_place(rest, text, DNS_PORT))
    return Reference(ReferenceKind.TCP, *split_place(text, text))


def split_place(place: str, text: str, port: int | None = None) -> tuple[str, int]:
    """Return host and port of "host:port", "[address]:port" or, where `port` is the default, of the host alone.

    Raises:
        ValueError: it is none of these; `text` is what stood there.
    """
    bare = place.removeprefix("[").removesuffix("]")
    if port is not None and (":" not in place or _is_address(bare)):
        return _host(bare, text), port
    host, _, digits = place.rpartition(":")
    if not (digits.isascii() and digits.isdigit() and 0 < int(digits) <= 65535):
        raise _no_reference(text)
    return _host(host.removeprefix("[").removesuffix("]"), text), int(digits)


def _host(host: str, text: str) -> str:
    if _is_address(host) or (host and all(part and part.isascii() for part in host.split(".")) and ":" not in host):
        return host
    raise _no_reference(text)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _no_reference(text: str) -> ValueError:
    return ValueError(
        f"{text!r} is no reference: write gateway, resolver, host:port, icmp:host, dns:host or none, for example"
        " gateway,resolver or 192.0.2.7:443"
    )


class Said(StrEnum):
    """What became of asking a reference."""

    ANSWERS = "answers"
    SILENT = "silent"
    ABSENT = "absent"  # there is none, for example no default gateway


@dataclass(frozen=True, slots=True)
class Answer:
    """What one reference said."""

    reference: Reference
    said: Said
    name: str  # for people: "the gateway 192.0.2.1"


@dataclass(frozen=True, slots=True)
class VantageChange:
    """We have become blind, or see again."""

    is_blind: bool
    at: datetime
    since: datetime  # when the blindness began
    references: tuple[str, ...]  # that were silent, for people
    websites_count: int  # that could not be told of

    @property
    def reason(self) -> str:
        """The event's reason."""
        return BLIND if self.is_blind else SEES_AGAIN

    def told(self) -> dict[str, Any]:
        """Return it as listeners are told, JSON-able."""
        return {"is_blind": self.is_blind, "reason": self.reason, "occurred_at": isoformat(self.at), **self.details()}

    def details(self) -> dict[str, Any]:
        """Return the event's details, JSON-able."""
        return {
            "since": isoformat(self.since),
            "references": list(self.references),
            "websites_count": self.websites_count,
        }
