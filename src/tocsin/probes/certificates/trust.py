"""Which root certificates count: the system's, and those an administrator adds."""

import os
import re
import ssl
import tempfile
import weakref
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import pycurl
from cryptography import x509

from tocsin.errors import SettingsInvalid
from tocsin.probes.certificates.facts import subject_of

_PEM = re.compile(b"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_HAS_MEMFD = hasattr(os, "memfd_create")
_WELL_KNOWN = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)


class Trust:
    """One CA file for libcurl, which it parses once and keeps.

    A folder of roots is read into that file too: given as a folder, OpenSSL would look into it at each handshake.
    """

    def __init__(self, ca_bundle: str | None = None) -> None:
        paths = ssl.get_default_verify_paths()  # honours SSL_CERT_FILE and SSL_CERT_DIR
        self.cafile = paths.cafile or next((path for path in _WELL_KNOWN if Path(path).is_file()), None)
        chosen_folder = paths.capath if paths.capath != paths.openssl_capath or self.cafile is None else None
        self._merged: Callable[[], object] | None = None
        added = [*_in_folder(chosen_folder), *(_certificates(ca_bundle) if ca_bundle is not None else [])]
        if added:
            self._merge(added)

    def _merge(self, added: list[bytes]) -> None:
        """Put all roots into one file; libcurl keeps parsed roots by file name, not those given in memory."""
        blocks = dict.fromkeys((*_blocks(self.cafile), *added))
        data = b"\n".join(blocks) + b"\n"
        if _HAS_MEMFD:  # goes with the process, also with one that is killed
            number = os.memfd_create("tocsin-roots")
            self._merged = weakref.finalize(self, os.close, number)
            self.cafile = f"/proc/self/fd/{number}"
        else:
            number, self.cafile = tempfile.mkstemp(prefix="tocsin-roots-", suffix=".pem")
            os.close(number)
            self._merged = weakref.finalize(self, os.unlink, self.cafile)
        Path(self.cafile).write_bytes(data)

    def options(self) -> list[tuple[int, str]]:
        """Return the libcurl options that name the roots, for servers and for HTTPS proxies."""
        return [(pycurl.CAINFO, self.cafile), (pycurl.PROXY_CAINFO, self.cafile)] if self.cafile else []

    @cached_property
    def root_names(self) -> tuple[x509.Name, ...]:
        """The subjects of the roots in the CA file; empty where it cannot be read."""
        names = (subject_of(block) for block in _blocks(self.cafile))
        return tuple(name for name in names if name is not None)

    def close(self) -> None:
        """Let go of the merged bundle."""
        if self._merged is not None:
            self._merged()


def _blocks(path: str | Path | None) -> list[bytes]:
    """Return the PEM certificates in a file; none where there is no such file."""
    try:
        return _PEM.findall(Path(path).read_bytes()) if path else []
    except OSError:
        return []


def _in_folder(folder: str | None) -> list[bytes]:
    """Return the PEM certificates of every file in `folder`; its links lead to the same ones again."""
    return [block for file in sorted(Path(folder).iterdir()) for block in _blocks(file)] if folder else []


def _certificates(path: str) -> list[bytes]:
    """Return the PEM certificates of an administrator's bundle. Raises SettingsInvalid for one without any."""
    try:
        data = Path(path).read_bytes()
        x509.load_pem_x509_certificates(data)
    except (OSError, ValueError) as error:
        raise SettingsInvalid([f"CA bundle {path}: {error}"]) from error
    return _PEM.findall(data)
