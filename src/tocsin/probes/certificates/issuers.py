"""What the name of an issuer tells: whether it is likely an intermediate under a root that is trusted here. Pure.

Only names are at hand, since the issuer's certificate was not sent. Certificates themselves are read elsewhere.
"""

import re
from collections.abc import Iterable

from cryptography import x509
from cryptography.x509.oid import NameOID

_SAYS_INTERMEDIATE = frozenset({"int", "inter", "intermediate", "intermediates", "issuing", "issuer", "sub", "subca"})
_SAYS_INTERMEDIATE |= frozenset({"subordinate", "ica", "dv", "ov"})
_PURPOSES = re.compile(r"(domain|organi[sz]ation) validat|secure (server|site)", re.IGNORECASE)
_SAYS_AUTHORITY = frozenset({"ca", "authority"})
_GENERATION = re.compile(r"[a-z]{1,2}\d{1,2}", re.IGNORECASE)  # R3, E5, G2, WR2; many roots bear one too
_ROOT = re.compile(r"(?<![a-z])root|root(?![a-z])", re.IGNORECASE)

_GENERIC_WORDS = frozenset(
    {"ca", "root", "rootca", "authority", "certificate", "certification", "server", "tls", "ssl"}
)
_GENERIC_WORDS |= frozenset(
    {"the", "of", "and", "ecc", "ecdsa", "rsa", "ec", "ev", "a", "my", "class", "global", "secure"}
)
_GENERIC_WORDS |= frozenset(
    {"security", "trust", "trusted", "public", "private", "internal", "local", "test", "default"}
)
_LEGAL_FORMS = frozenset(
    {"inc", "llc", "ltd", "limited", "corp", "corporation", "co", "gmbh", "ag", "sa", "nv", "bv", "plc"}
)
_NO_ORGANISATIONS = frozenset({"internet widgits pty", "default company", "my company", "company", "organization"})


def is_likely_intermediate(issuer: x509.Name, roots: Iterable[x509.Name]) -> bool:
    """Tell whether `issuer`, of which no certificate is at hand, is likely to stand under one of `roots`.

    Evidence is a word that names an intermediate ("Int", "Issuing", "SubCA"), a bare generation ("R10", "E5"), or
    the organisation or the leading word of a trusted root. A name that says "root" is none, nor is a trusted
    root's own: what such an issuer lacks is trust, or the key that is trusted.
    """
    if says_root(issuer):
        return False
    known = tuple(roots)
    if issuer in known:
        return False
    return _names_an_intermediate(_text(issuer)) or not _family(issuer).isdisjoint(_families(known))


def says_root(name: x509.Name) -> bool:
    """Tell whether the name calls itself a root."""
    return _ROOT.search(_text(name)) is not None


def _names_an_intermediate(text: str) -> bool:
    words = [word.lower() for word in re.findall(r"[A-Za-z0-9]+", text)]
    if _PURPOSES.search(text) or any(word.rstrip("0123456789") in _SAYS_INTERMEDIATE for word in words):
        return True
    return _SAYS_AUTHORITY.isdisjoint(words) and any(_GENERATION.fullmatch(word) for word in words)


def _families(names: Iterable[x509.Name]) -> set[tuple[str, str]]:
    return {kin for name in names for kin in _family(name)}


def _family(name: x509.Name) -> set[tuple[str, str]]:
    """Return the organisation without its legal form, and the first word that not any authority bears."""
    family = {("organisation", _organisation(text)) for text in _texts(name, NameOID.ORGANIZATION_NAME)}
    family = {(kind, text) for kind, text in family if text and text not in _NO_ORGANISATIONS}
    leading = next((word for word in _words(_text(name)) if word not in _GENERIC_WORDS), None)
    return family | {("leading", leading)} if leading else family


def _organisation(text: str) -> str:
    words = _words(re.sub(r"(?<=\b\w)\.|-", "", text))  # "S.A." and "nv-sa" in one
    return " ".join(word for word in words if word not in _LEGAL_FORMS and word not in ("the", "nvsa"))


def _words(text: str) -> list[str]:
    """Return the words that hold a letter, in lower case; "ssl.com" is one."""
    words = (word.strip(".") for word in re.findall(r"[\w.]+", text.lower().replace("_", " ")))
    return [word for word in words if len(word) > 1 and any(one.isalpha() for one in word)]


def _text(name: x509.Name) -> str:
    """Return the common name, else the unit, else the whole name."""
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME):
        for text in _texts(name, kind):
            return text
    return name.rfc4514_string()


def _texts(name: x509.Name, kind: x509.ObjectIdentifier) -> list[str]:
    return [str(one.value) for one in name.get_attributes_for_oid(kind)]
