"""Passwords: Argon2id hashes, made and verified a few at a time, since each takes 64 MiB."""

import unicodedata
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from tocsin.errors import Invalid

MIN_LENGTH, MAX_LENGTH = 8, 1024

_HASHER = PasswordHasher()  # Argon2id with RFC 9106's low-memory parameters
_SLOTS = BoundedSemaphore(2)


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a new password, as a PHC string.

    Raises:
        Invalid: it is too short or too long.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Invalid(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters", field="password")
    with _SLOTS:
        return _HASHER.hash(_bytes(password))


def verify_password(password_hash: str | None, password: str) -> bool:
    """Return whether the password is right. None, for an unknown user, takes the same time and is never right."""
    if len(password) > MAX_LENGTH:
        return False
    with _SLOTS:
        try:
            _HASHER.verify(password_hash or _nobodys_hash(), _bytes(password))
        except (VerifyMismatchError, InvalidHashError):
            return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Return whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def _bytes(password: str) -> bytes:
    """The same bytes whatever keyboard it was typed on. Source: RFC 8265 section 4.2 (OpaqueString)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(b"nobody has this password, since nobody is compared to it")
