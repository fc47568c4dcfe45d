"""Causes that no server on loopback can bring about, from the numbers libcurl would report."""

import errno
from datetime import timedelta

import pycurl
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.certificates import issue
from tocsin.model.enums import Cause, Phase
from tocsin.probes.certificates.facts import common_name, subject_of
from tocsin.probes.certificates.trust import Trust
from tocsin.probes.curl.exchange import Exchange
from tocsin.probes.curl.faults import answer_fault, connect_fault
from tocsin.probes.curl.tls_faults import certificate_fault, handshake_fault
from tocsin.probes.fault import seconds
from tocsin.probes.place import locate

PLACE = locate("https://site.example/")


def exchange(**seen: object) -> Exchange:
    one = Exchange(PLACE.url, 1.0)
    for name, value in seen.items():
        setattr(one, name, value)
    return one


CONNECTING = [
    (errno.ECONNRESET, Cause.CONNECT_RESET),
    (errno.ETIMEDOUT, Cause.CONNECT_TIMEOUT),
    (errno.EHOSTUNREACH, Cause.NO_ROUTE),
    (errno.ENETUNREACH, Cause.NO_ROUTE),
    (errno.EACCES, Cause.NO_ROUTE),
    (0, Cause.NO_ROUTE),
]


@pytest.mark.parametrize(("number", "cause"), CONNECTING)
def test_a_failed_connection_is_told_by_its_errno(number: int, cause: Cause) -> None:
    fault = connect_fault(exchange(code=pycurl.E_COULDNT_CONNECT, os_errno=number, error="why"), PLACE, "10.0.0.5")
    assert (fault.cause, fault.phase) == (cause, Phase.CONNECT)
    assert "10.0.0.5:443" in fault.message


def test_a_broken_sending_lies_in_the_request() -> None:
    fault = answer_fault(exchange(code=pycurl.E_SEND_ERROR, connect_s=1.0, error="it broke"), PLACE, "::1")
    assert (fault.cause, fault.phase) == (Cause.RESET, Phase.REQUEST)
    assert "[::1]:443" in fault.message
    assert "it broke" in fault.message


@pytest.mark.parametrize("number", range(1, 100))
def test_any_error_of_libcurl_has_a_cause(number: int) -> None:
    for lines in ([], [b"HTTP/1.1 200 OK\r\n", b"\r\n"]):
        fault = answer_fault(exchange(code=number, connect_s=1.0, lines=lines, error="odd"), PLACE, "10.0.0.5")
        assert fault.phase in (Phase.REQUEST, Phase.RESPONSE, Phase.BODY)
        assert fault.message


def trust_with(*names: x509.Name) -> Trust:
    trust = Trust()
    trust.__dict__["root_names"] = names
    return trust


@pytest.mark.parametrize("number", range(80))
def test_any_verdict_of_openssl_has_a_cause(number: int) -> None:
    chain = [issue("site.example", hosts=("site.example",)).certificate.public_bytes(Encoding.DER)]
    for sent in (chain, [], [b"junk"]):
        seen = exchange(code=pycurl.E_PEER_FAILED_VERIFICATION, verify_result=number, chain=sent, error="odd")
        fault = certificate_fault(seen, PLACE, trust_with())
        assert fault.phase is Phase.TLS
        assert fault.cause.startswith("tls_")


HOSTS = [
    ("site.example", True),
    ("SITE.example.", True),
    ("a.wild.example", True),
    ("a.b.wild.example", False),
    ("wild.example", False),
    ("other.example", False),
    ("10.1.2.3", True),
    ("2001:db8::1", True),
    ("10.1.2.4", False),
    ("localhost", False),
]


@pytest.mark.parametrize(("host", "is_covered"), HOSTS)
def test_a_certificate_refused_for_its_issuer_also_tells_of_a_wrong_host(host: str, is_covered: bool) -> None:
    names = ("site.example", "*.wild.example", "10.1.2.3", "2001:db8::1")
    der = issue("site.example", hosts=names).certificate.public_bytes(Encoding.DER)
    seen = exchange(code=pycurl.E_PEER_FAILED_VERIFICATION, verify_result=18, chain=[der])
    place = locate(f"https://[{host}]/" if ":" in host else f"https://{host}/")
    message = certificate_fault(seen, place, trust_with()).message
    assert message.endswith("vouches for it") is is_covered
    assert (f"and it is for {', '.join(names)}, not for {place.host}" in message) is not is_covered


AGES = [({"days": 2}, "2 days"), ({"days": 1}, "1 day"), ({"minutes": 61}, "1 hour"), ({"minutes": 5.5}, "5 min")]


@pytest.mark.parametrize(("ago", "words"), AGES)
def test_the_age_of_an_expired_certificate_is_told(ago: dict[str, float], words: str) -> None:
    der = issue("s", not_before=-timedelta(days=9), not_after=-timedelta(**ago)).certificate.public_bytes(Encoding.DER)
    seen = exchange(code=pycurl.E_PEER_FAILED_VERIFICATION, verify_result=10, chain=[der])
    assert f"expired {words} ago" in certificate_fault(seen, PLACE, trust_with()).message


def test_an_unnamed_handshake_fault_keeps_libcurls_text() -> None:
    fault = handshake_fault(exchange(code=pycurl.E_SSL_CONNECT_ERROR, error="something new"), PLACE, "10.0.0.5")
    assert (fault.cause, fault.phase) == (Cause.TLS_PROTOCOL, Phase.TLS)
    assert "something new" in fault.message


def test_names_are_read_out_of_their_rfc_4514_form() -> None:
    assert common_name("CN=a\\,b,O=c") == "a,b"
    assert common_name("O=only") == "O=only"
    assert subject_of(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----") is None


def test_lengths_of_time_are_short() -> None:
    assert [seconds(value) for value in (0.001, 0.25, 0.746, 1, 9.99, 30)] == [
        "0.001 s", "0.25 s", "0.75 s", "1 s", "9.99 s", "30 s",
    ]  # fmt: skip
