"""Which root certificates count: the system's, and those an administrator adds."""

import ssl
import tempfile
from functools import cached_property
from pathlib import Path

import pycurl
from cryptography import x509

from tocsin.errors import SettingsInvalid

_WELL_KNOWN = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)


class Trust:
    """The CA file and folder that libcurl reads; one file throughout, so that it parses the roots once."""

    def __init__(self, ca_bundle: str | None = None) -> None:
        paths = ssl.get_default_verify_paths()  # honours SSL_CERT_FILE and SSL_CERT_DIR
        self.cafile = paths.cafile or next((path for path in _WELL_KNOWN if Path(path).is_file()), None)
        self.capath = paths.capath
        self._merged: Path | None = None
        if ca_bundle is not None:
            self._merge(ca_bundle)

    def _merge(self, ca_bundle: str) -> None:
        try:
            added = Path(ca_bundle).read_bytes()
            x509.load_pem_x509_certificates(added)
        except (OSError, ValueError) as error:
            raise SettingsInvalid([f"CA bundle {ca_bundle}: {error}"]) from error
        system = Path(self.cafile).read_bytes() if self.cafile else b""
        # libcurl caches its parsed roots by file name, not for roots given in memory.
        with tempfile.NamedTemporaryFile(prefix="tocsin-roots-", suffix=".pem", delete=False) as merged:
            merged.write(system + b"\n" + added)
        self._merged = Path(merged.name)
        self.cafile = merged.name

    def options(self) -> list[tuple[int, str]]:
        """Return the libcurl options that name the roots, for servers and for HTTPS proxies."""
        options = []
        if self.cafile:
            options += [(pycurl.CAINFO, self.cafile), (pycurl.PROXY_CAINFO, self.cafile)]
        if self.capath:
            options += [(pycurl.CAPATH, self.capath), (pycurl.PROXY_CAPATH, self.capath)]
        return options

    @cached_property
    def root_names(self) -> tuple[x509.Name, ...]:
        """The subjects of the roots in the CA file; empty where it cannot be read."""
        try:
            roots = x509.load_pem_x509_certificates(Path(self.cafile or "").read_bytes())
        except (OSError, ValueError):
            return ()
        return tuple(root.subject for root in roots)

    def close(self) -> None:
        """Remove the merged bundle."""
        if self._merged is not None:
            self._merged.unlink(missing_ok=True)
            self._merged = None
