"""A certificate authority of the tests' own: chains with one chosen fault each. No servers here."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, and the certificates a server would send along."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def chain_pem(self) -> bytes:
        """Return leaf and intermediates, in the order a server sends them."""
        return b"".join(pem(one) for one in (self.certificate, *self.chain))

    @property
    def key_pem(self) -> bytes:
        """Return the private key, unencrypted."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def write(self, folder: Path, name: str = "server") -> tuple[Path, Path]:
        """Write chain and key into `folder`; return both paths."""
        chain, key = folder / f"{name}.pem", folder / f"{name}.key"
        chain.write_bytes(self.chain_pem)
        key.write_bytes(self.key_pem)
        return chain, key


def pem(certificate: x509.Certificate) -> bytes:
    """Return the PEM form."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def issue(
    common_name: str,
    *,
    issuer: Issued | None = None,
    hosts: tuple[str, ...] = (),
    is_ca: bool = False,
    not_before: timedelta = timedelta(days=-10),
    not_after: timedelta = timedelta(days=80),
    ca_issuers_url: str | None = None,
) -> Issued:
    """Issue a certificate; without `issuer` it signs itself. Times are relative to now."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer.certificate.subject if issuer else _name(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + not_before)
        .not_valid_after(now + not_after)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if hosts:
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    if ca_issuers_url:
        where = x509.UniformResourceIdentifier(ca_issuers_url)
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, where)
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    return Issued(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


@dataclass(frozen=True)
class Authority:
    """A root that the tests trust, and an intermediate under it."""

    root: Issued
    intermediate: Issued

    def leaf(self, *hosts: str, days_left: float = 80, starts_in_days: float = -10) -> Issued:
        """Issue a server certificate for `hosts` under the intermediate, with the full chain."""
        leaf = issue(
            hosts[0],
            issuer=self.intermediate,
            hosts=hosts,
            not_before=timedelta(days=starts_in_days if starts_in_days < days_left else days_left - 90),
            not_after=timedelta(days=days_left),
        )
        return Issued(leaf.certificate, leaf.key, (self.intermediate.certificate,))

    def bundle(self, folder: Path) -> str:
        """Write the root as a CA bundle; return its path."""
        path = folder / "roots.pem"
        path.write_bytes(pem(self.root.certificate))
        return str(path)


def make_authority(name: str = "Tests") -> Authority:
    """Make a root and an intermediate of that name."""
    long_ago, far_off = timedelta(days=-400), timedelta(days=4000)
    root = issue(f"{name} Root CA", is_ca=True, not_before=long_ago, not_after=far_off)
    intermediate = issue(f"{name} Intermediate CA", issuer=root, is_ca=True, not_before=long_ago, not_after=far_off)
    return Authority(root, intermediate)
