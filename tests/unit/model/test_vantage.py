"""How references are written."""

import pytest

from tocsin.model.vantage import Reference, ReferenceKind, parse_references


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("gateway", Reference(ReferenceKind.GATEWAY)),
        ("Resolver", Reference(ReferenceKind.RESOLVER)),
        ("192.0.2.7:443", Reference(ReferenceKind.TCP, "192.0.2.7", 443)),
        ("[2001:db8::7]:443", Reference(ReferenceKind.TCP, "2001:db8::7", 443)),
        ("example.com:443", Reference(ReferenceKind.TCP, "example.com", 443)),
        ("icmp:example.com", Reference(ReferenceKind.ICMP, "example.com")),
        ("icmp:2001:db8::7", Reference(ReferenceKind.ICMP, "2001:db8::7")),
        ("dns:192.0.2.53", Reference(ReferenceKind.DNS, "192.0.2.53", 53)),
        ("dns:192.0.2.53:5353", Reference(ReferenceKind.DNS, "192.0.2.53", 5353)),
        ("dns:2001:db8::53", Reference(ReferenceKind.DNS, "2001:db8::53", 53)),
        ("dns:[2001:db8::53]:5353", Reference(ReferenceKind.DNS, "2001:db8::53", 5353)),
        ("gateway:80", Reference(ReferenceKind.TCP, "gateway", 80)),  # a host may be called so
    ],
)
def test_a_reference_is_read_in_each_of_its_forms(text: str, reference: Reference) -> None:
    assert parse_references([text]) == (reference,)
    assert parse_references([str(reference)]) == (reference,)


def test_none_means_that_nothing_is_asked() -> None:
    assert parse_references([" none "]) == parse_references([]) == ()


def test_what_is_named_twice_is_asked_once() -> None:
    assert len(parse_references(["gateway", "resolver", "gateway"])) == 2


@pytest.mark.parametrize(
    "text", ["router", "host:", "host:0", "host:70000", "host:x", ":80", "icmp:", "dns:", "a..b:80", "none", "icmp:a:b"]
)
def test_what_is_no_reference_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no reference: write gateway, resolver, host:port, icmp:host, dns:host"):
        parse_references([text, "gateway"])
