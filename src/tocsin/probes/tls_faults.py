"""Faults of the handshake and of certificates, told apart by OpenSSL's numbers and the shape of the chain."""

from datetime import datetime, timedelta

import pycurl

from tocsin.model.enums import Cause, Phase
from tocsin.model.results import CertificateFacts
from tocsin.model.times import utcnow
from tocsin.probes.certificates import common_name, facts_of, issuer_looks_intermediate, names_an_issuer_url
from tocsin.probes.exchange import Exchange
from tocsin.probes.faults import Fault
from tocsin.probes.place import Place
from tocsin.probes.trust import Trust

# X509_V_ERR_… of OpenSSL's x509_vfy.h
_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED, _SELF_SIGNED_IN_CHAIN = 9, 10, 18, 19
_NO_ISSUER = frozenset({2, 20, 21})
_WRONG_NAME = frozenset({0, 1, 62, 64})  # libcurl compares names itself, and leaves 0 or 1
_NAMES_SHOWN = 4


def is_certificate_fault(exchange: Exchange) -> bool:
    """Tell whether the handshake failed on the certificate, so that its chain is worth reading."""
    return exchange.code == int(pycurl.E_PEER_FAILED_VERIFICATION)


def certificate_fault(exchange: Exchange, place: Place, trust: Trust) -> Fault:
    """Say what is wrong with the certificate that `exchange` was refused for."""
    chain, number = facts_of(exchange.chain), exchange.verify_result
    if number in _NO_ISSUER:
        return _issuer_fault(chain, trust)
    cause, text = Cause.TLS_UNKNOWN_ISSUER, f"the certificate was not accepted ({exchange.error})"
    if number == _EXPIRED:
        cause, text = Cause.TLS_EXPIRED, _expired(chain, utcnow())
    elif number == _NOT_YET_VALID:
        cause, text = Cause.TLS_NOT_YET_VALID, _not_yet_valid(chain, utcnow())
    elif number == _SELF_SIGNED:
        cause, text = (
            Cause.TLS_SELF_SIGNED,
            f"the certificate of {place.host} is self-signed, so nothing vouches for it",
        )
    elif number == _SELF_SIGNED_IN_CHAIN:
        text = f"the certificate's authority {_top(chain)} is not trusted here"
    elif number in _WRONG_NAME:
        cause, text = Cause.TLS_WRONG_HOST, _wrong_names(place.host, chain)
    return _fault(cause, text)


def _fault(cause: Cause, message: str) -> Fault:
    return Fault(cause, Phase.TLS, message)


def _top(chain: tuple[CertificateFacts, ...]) -> str:
    return f'"{common_name(chain[-1].issuer)}"' if chain else "(not sent)"


def _issuer_fault(chain: tuple[CertificateFacts, ...], trust: Trust) -> Fault:
    """Tell a server that forgot its intermediate certificate from one of an authority unknown here."""
    if len(chain) == 1 and _is_missing_link(chain[0], trust):
        text = f'the server sent its certificate without that of the issuer "{common_name(chain[0].issuer)}"'
        return _fault(Cause.TLS_INCOMPLETE_CHAIN, f"{text} (the intermediate certificate is missing)")
    text = f"the certificate was issued by {_top(chain)}, which is not among the trusted roots"
    return _fault(Cause.TLS_UNKNOWN_ISSUER, text)


def _is_missing_link(leaf: CertificateFacts, trust: Trust) -> bool:
    return names_an_issuer_url(leaf) or issuer_looks_intermediate(leaf, trust.root_names)


def _whose(index: int, facts: CertificateFacts) -> str:
    return "certificate" if index == 0 else f'intermediate certificate "{common_name(facts.subject)}"'


def _expired(chain: tuple[CertificateFacts, ...], now: datetime) -> str:
    for index, facts in enumerate(chain):
        if facts.not_after < now:
            ago = _days(now - facts.not_after)
            return f"{_whose(index, facts)} expired {ago} ago ({facts.not_after:%Y-%m-%d})"
    return "a root certificate that the chain ends in has expired"


def _not_yet_valid(chain: tuple[CertificateFacts, ...], now: datetime) -> str:
    for index, facts in enumerate(chain):
        if facts.not_before > now:
            ahead = _days(facts.not_before - now)
            return f"{_whose(index, facts)} is valid only in {ahead}, from {facts.not_before:%Y-%m-%d}"
    return "a certificate of the chain is not valid yet"


def _days(span: timedelta) -> str:
    """Return "3 days", "1 day", or hours below two days' end: "5 hours"."""
    if span >= timedelta(days=1):
        return "1 day" if span.days == 1 else f"{span.days} days"
    hours = span // timedelta(hours=1)
    if hours:
        return "1 hour" if hours == 1 else f"{hours} hours"
    return f"{max(1, span // timedelta(minutes=1))} min"


def _wrong_names(host: str, chain: tuple[CertificateFacts, ...]) -> str:
    names = chain[0].sans or (common_name(chain[0].subject),) if chain else ()
    shown = ", ".join(names[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")
    return f"the certificate is for {shown or 'other names'}, not for {host}"


_NOT_SPOKEN = (
    "wrong version number",
    "packet length too long",
    "http request",
    "record layer failure",
    "bad record type",
)
_CLOSED = ("reset", "syscall", "unexpected eof", "broken pipe", "closed", "end of file")
_ALERTS = (
    ("protocol version", "it speaks no TLS version from 1.2 on"),
    ("unsupported protocol", "it speaks no TLS version from 1.2 on"),
    ("no protocols available", "it speaks no TLS version from 1.2 on"),
    ("handshake failure", "it shares no cipher or key exchange with us, or wants a name we did not send"),
    ("no application protocol", "it does not offer HTTP/1.1"),
    ("certificate required", "it asks for a client certificate"),
    ("dh key too small", "its Diffie-Hellman key is too small"),
    ("internal error", "it met an internal error"),
)


def wants_client_certificate(exchange: Exchange) -> bool:
    """Tell whether the server ended the session for want of one; over TLS 1.3 it says so after the handshake."""
    return "certificate required" in exchange.error.lower()


def handshake_fault(exchange: Exchange, place: Place, address: str) -> Fault:
    """Say why the TLS handshake failed, certificates left out."""
    where, text = place.at(address), exchange.error.lower()
    if any(sign in text for sign in _NOT_SPOKEN):
        return _fault(Cause.TLS_NOT_SPOKEN, f"{where} does not speak TLS; it answers in plain text, perhaps HTTP")
    if "unrecognized name" in text:
        return _fault(Cause.TLS_WRONG_HOST, f"{where} has no certificate for {place.host} (alert unrecognized name)")
    for sign, meaning in _ALERTS:
        if sign in text:
            return _fault(Cause.TLS_PROTOCOL, f"{where} refused the TLS handshake: {meaning} ({sign})")
    if any(sign in text for sign in _CLOSED):
        return _fault(Cause.TLS_CLOSED, f"{where} closed the connection during the TLS handshake")
    return _fault(Cause.TLS_PROTOCOL, f"the TLS handshake with {where} failed ({exchange.error})")
