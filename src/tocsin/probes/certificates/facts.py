"""X.509 certificates: parsed once each, and one to measure with. What a fault means is said elsewhere."""

import hashlib
import ipaddress
import re
import warnings
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from tocsin.model.results import CertificateFacts
from tocsin.model.times import utcnow

SELF_SIGNED_LASTS = timedelta(days=1)


@lru_cache(maxsize=2048)
def _parse(der: bytes) -> CertificateFacts | None:
    try:
        certificate = _load(der)
        return CertificateFacts(
            sha256=hashlib.sha256(der).hexdigest(),
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            sans=_sans(certificate),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            serial=f"{certificate.serial_number:x}",
            der=der,
        )
    except ValueError:  # what a server sends need not be a certificate
        return None


def _load(data: bytes) -> x509.Certificate:
    """Load DER or PEM; what is merely odd in a certificate of others is no warning of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        is_pem = data.startswith(b"-----")
        return x509.load_pem_x509_certificate(data) if is_pem else x509.load_der_x509_certificate(data)


def subject_of(pem: bytes) -> x509.Name | None:
    """Return the subject of one PEM certificate, or None where it cannot be parsed."""
    try:
        return _load(pem).subject
    except ValueError:
        return None


def facts_of(chain: list[bytes]) -> tuple[CertificateFacts, ...]:
    """Return the facts of each DER certificate of `chain`; one that cannot be parsed is left out."""
    return tuple(facts for facts in map(_parse, chain) if facts is not None)


def _extension(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> object | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return None


def _sans(certificate: x509.Certificate) -> tuple[str, ...]:
    names = _extension(certificate, x509.SubjectAlternativeName)
    if not isinstance(names, x509.SubjectAlternativeName):
        return ()
    return tuple(str(name.value) for name in names if isinstance(name, (x509.DNSName, x509.IPAddress)))


def names_an_issuer_url(facts: CertificateFacts) -> bool:
    """Tell whether the certificate says where its issuer's own can be fetched, as those of public CAs do."""
    access = _extension(_load(facts.der), x509.AuthorityInformationAccess)
    if not isinstance(access, x509.AuthorityInformationAccess):
        return False
    return any(one.access_method == AuthorityInformationAccessOID.CA_ISSUERS for one in access)


def issuer_of(facts: CertificateFacts) -> x509.Name:
    """Return the issuer's name in its parts."""
    return _load(facts.der).issuer


def is_for(facts: CertificateFacts, host: str) -> bool:
    """Tell whether the certificate is for `host`, a name in ASCII or an address. Source: RFC 9525 section 6."""
    names = facts.sans or (common_name(facts.subject),)
    wanted = host.lower().rstrip(".")
    try:
        wanted = str(ipaddress.ip_address(wanted))
    except ValueError:
        _, _, parent = wanted.partition(".")
        return any(name.lower().rstrip(".") in (wanted, f"*.{parent}") for name in names)
    return wanted in names


def common_name(rfc4514: str) -> str:
    """Return the common name out of an RFC 4514 name, else the whole of it."""
    match = re.search(r"(?:^|,)CN=((?:\\.|[^,\\])+)", rfc4514)
    return re.sub(r"\\(.)", r"\1", match.group(1)) if match else rfc4514


def write_self_signed(addresses: Sequence[str], folder: Path) -> tuple[Path, Path]:
    """Write a certificate for IP addresses and its key into `folder`; return both paths.

    For a server on this machine that is measured; it lasts a day. Whoever is to verify it adds it to the
    authorities that are trusted.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, addresses[0])])
    hosts = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address)) for address in addresses])
    now = utcnow()
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + SELF_SIGNED_LASTS)
    builder = builder.add_extension(hosts, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    certificate_path, key_path = folder / "certificate.pem", folder / "key.pem"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.touch(mode=0o600)
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_path, key_path
