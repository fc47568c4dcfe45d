"""Faults of the handshake and of certificates, told apart by OpenSSL's numbers and the shape of the chain."""

from datetime import datetime, timedelta

import pycurl

from tocsin.model.enums import Cause, Phase
from tocsin.model.results import CertificateFacts
from tocsin.model.times import utcnow
from tocsin.probes.certificates.facts import common_name, facts_of, is_for, issuer_of, names_an_issuer_url
from tocsin.probes.certificates.issuers import is_likely_intermediate, says_root
from tocsin.probes.certificates.trust import Trust
from tocsin.probes.curl.exchange import Exchange
from tocsin.probes.fault import Fault
from tocsin.probes.place import Place

# X509_V_ERR_… of OpenSSL's x509_vfy.h
_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED, _SELF_SIGNED_IN_CHAIN = 9, 10, 18, 19
_BAD_SIGNATURE = 7
_DATES = frozenset({_NOT_YET_VALID, _EXPIRED})
_NO_ISSUER = frozenset({2, 20, 21})
_WRONG_NAME = frozenset({0, 1, 62, 64})  # libcurl compares some names itself, and leaves 0 or 1
_NAMES_SHOWN = 4


def is_certificate_fault(exchange: Exchange) -> bool:
    """Tell whether the handshake failed on the certificate, so that its chain is worth reading."""
    return exchange.code == int(pycurl.E_PEER_FAILED_VERIFICATION)


def certificate_fault(exchange: Exchange, place: Place, trust: Trust) -> Fault:
    """Say what is wrong with the certificate that `exchange` was refused for.

    The cause is OpenSSL's first verdict: the name first, then who issued it, then the dates from the root down.
    What else is wrong with it is added to the message.
    """
    chain, number, now = facts_of(exchange.chain), exchange.verify_result, utcnow()
    cause, text = _verdict(exchange, chain, number, place, trust, now)
    others = [] if number in _DATES else [_also_dated(chain, now)]
    if number in _WRONG_NAME:
        others.insert(0, _also_self_signed(chain, trust))
    elif chain and not is_for(chain[0], place.host):
        others.append(f"it is for {_names(chain[0])}, not for {place.host}")
    return _fault(cause, "".join([text, *(f", and {other}" for other in others if other)]))


def _verdict(
    exchange: Exchange, chain: tuple[CertificateFacts, ...], number: int, place: Place, trust: Trust, now: datetime
) -> tuple[Cause, str]:
    if number in _NO_ISSUER:
        return _issuer_verdict(chain, trust)
    if number in _DATES:
        early = number == _NOT_YET_VALID
        return (
            (Cause.TLS_NOT_YET_VALID, _not_yet_valid(chain, now))
            if early
            else (Cause.TLS_EXPIRED, _expired(chain, now))
        )
    if number == _SELF_SIGNED:
        return Cause.TLS_SELF_SIGNED, f"The certificate of {place.host} is self-signed, so nothing vouches for it"
    if number == _SELF_SIGNED_IN_CHAIN:
        return Cause.TLS_UNKNOWN_ISSUER, f"The certificate's authority {_issuer(chain[-1:])} is not trusted here"
    if number in _WRONG_NAME:
        shown = _names(chain[0]) if chain else "other names"
        return Cause.TLS_WRONG_HOST, f"The certificate is for {shown}, not for {place.host}"
    reason = "it was not signed with the key of the issuer it names" if number == _BAD_SIGNATURE else exchange.error
    return Cause.TLS_UNKNOWN_ISSUER, f"The certificate was not accepted ({reason})"


def _fault(cause: Cause, message: str) -> Fault:
    return Fault(cause, Phase.TLS, message)


def _issuer(end: tuple[CertificateFacts, ...]) -> str:
    return f'"{common_name(end[0].issuer)}"' if end else "(not sent)"


def _issuer_verdict(chain: tuple[CertificateFacts, ...], trust: Trust) -> tuple[Cause, str]:
    """Tell a server that forgot an intermediate certificate from one of an authority unknown here."""
    end = _end_of(chain)
    if end and _is_missing_link(end[0], end[0] is chain[0], trust):
        sent = "its certificate" if end[0] is chain[0] else f'the certificate of "{common_name(end[0].subject)}"'
        text = f"The server sent {sent} without that of the issuer {_issuer(end)}"
        return Cause.TLS_INCOMPLETE_CHAIN, f"{text} (the intermediate certificate is missing)"
    text = f"The certificate was issued by {_issuer(end)}, which is not among the trusted roots"
    return Cause.TLS_UNKNOWN_ISSUER, text


def _end_of(chain: tuple[CertificateFacts, ...]) -> tuple[CertificateFacts, ...]:
    """Return the certificate, alone, at which the way up from the leaf ends; others may have been sent in vain."""
    end, left = chain[:1], list(chain[1:])
    while end and (above := next((one for one in left if one.subject == end[0].issuer), None)):
        left.remove(above)
        end = (above,)
    return end


def _is_missing_link(end: CertificateFacts, is_leaf: bool, trust: Trust) -> bool:
    """Tell by its issuer whether `end` is not the last below a root.

    A leaf that says where its issuer's certificate is comes from a public authority, and those issue no leaf from
    a root; their intermediates say the same of the root itself.
    """
    issuer = issuer_of(end)
    if is_likely_intermediate(issuer, trust.root_names):
        return True
    return is_leaf and names_an_issuer_url(end) and not says_root(issuer) and issuer not in trust.root_names


def _whose(index: int, facts: CertificateFacts) -> str:
    return "certificate" if index == 0 else f'intermediate certificate "{common_name(facts.subject)}"'


def _expired(chain: tuple[CertificateFacts, ...], now: datetime) -> str:
    for index, facts in enumerate(chain):
        if facts.not_after < now:
            ago = _days(now - facts.not_after)
            return f"The {_whose(index, facts)} expired {ago} ago ({facts.not_after:%Y-%m-%d})"
    return "A root certificate that the chain ends in has expired"


def _not_yet_valid(chain: tuple[CertificateFacts, ...], now: datetime) -> str:
    for index, facts in enumerate(chain):
        if facts.not_before > now:
            ahead = _days(facts.not_before - now)
            return f"The {_whose(index, facts)} is valid only in {ahead}, from {facts.not_before:%Y-%m-%d}"
    return "A certificate of the chain is not valid yet"


def _also_self_signed(chain: tuple[CertificateFacts, ...], trust: Trust) -> str:
    is_so = chain and chain[0].issuer == chain[0].subject and issuer_of(chain[0]) not in trust.root_names
    return "it is self-signed" if is_so else ""


def _also_dated(chain: tuple[CertificateFacts, ...], now: datetime) -> str:
    """Return what the dates of the chain say against it besides another fault, or nothing."""
    for index, facts in enumerate(chain):
        whose = "it" if index == 0 else f"the {_whose(index, facts)}"
        if facts.not_after < now:
            return f"{whose} expired on {facts.not_after:%Y-%m-%d} ({_days(now - facts.not_after)} ago)"
        if facts.not_before > now:
            return f"{whose} is valid only from {facts.not_before:%Y-%m-%d} (in {_days(facts.not_before - now)})"
    return ""


def _days(span: timedelta) -> str:
    """Return "3 days", "1 day", or hours below two days' end: "5 hours"."""
    if span >= timedelta(days=1):
        return "1 day" if span.days == 1 else f"{span.days} days"
    hours = span // timedelta(hours=1)
    if hours:
        return "1 hour" if hours == 1 else f"{hours} hours"
    return f"{max(1, span // timedelta(minutes=1))} min"


def _names(leaf: CertificateFacts) -> str:
    names = leaf.sans or (common_name(leaf.subject),)
    return ", ".join(names[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "") or "other names"


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
    return _fault(Cause.TLS_PROTOCOL, f"The TLS handshake with {where} failed ({exchange.error})")
