"""What can be asked about access: users, API tokens and logins, and who a secret belongs to.

Secrets are random, shown once and stored as SHA-256; passwords are stored as Argon2id.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from tocsin.actions.passwords import hash_password, is_outdated, verify_password
from tocsin.actions.throttle import LoginThrottle
from tocsin.errors import Invalid, NotFound, Unauthorized
from tocsin.model.enums import Scope
from tocsin.model.times import utcnow
from tocsin.storage import access
from tocsin.storage.database import Session
from tocsin.storage.tables.accounts import ApiToken, Login, User

TOKEN_PREFIX = "tocsin_"  # noqa: S105 (lets secret scanners recognise a leaked token; no secret itself)
SECRET_BYTES = 32
LOGIN_LASTS = timedelta(days=30)
MAX_NAME = 100

has_users = access.has_users
list_users = access.list_users
list_tokens = access.list_tokens


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what they may do."""

    kind: Literal["token", "login", "loopback"]
    name: str
    scope: Scope
    user_id: int | None = None  # of a login


@dataclass(frozen=True, slots=True)
class NewToken:
    """An API token and its secret, which is not to be had again."""

    token: ApiToken
    secret: str


@dataclass(frozen=True, slots=True)
class NewLogin:
    """A login and the cookie that stands for it."""

    caller: Caller
    cookie: str
    expires_at: datetime


def create_user(db: Session, name: str, password: str, scope: Scope = Scope.ADMIN) -> User:
    """Store a user who can log in.

    Raises:
        Invalid: name or password cannot be taken.
        Conflict: the name is taken.
    """
    user = User(name=_checked_name(name), password_hash=hash_password(password), scope=scope)
    access.add_user(db, user)
    return user


def set_password(db: Session, name: str, password: str) -> None:
    """Give a user another password and log them out everywhere.

    Raises:
        NotFound: there is no such user.
        Invalid: the password cannot be taken.
    """
    access.replace_password(db, _find_user(db, name), hash_password(password))


def delete_user(db: Session, name: str) -> None:
    """Delete a user. The last one stays: without any, everybody on this machine would be an admin again.

    Raises:
        NotFound: there is no such user.
        Invalid: it is the last one.
    """
    user = _find_user(db, name)
    if len(list_users(db)) == 1:
        raise Invalid(f"{name!r} is the last user; create another one first", field="name")
    access.delete_user(db, user)


def create_token(db: Session, name: str, scope: Scope = Scope.READ, expires_at: datetime | None = None) -> NewToken:
    """Store an API token and return it with its secret, for this once.

    Raises:
        Invalid: the name cannot be taken, or the token would have expired already.
        Conflict: the name is taken.
    """
    if expires_at is not None and expires_at <= utcnow():
        raise Invalid("the token would have expired already", field="expires_at")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token = ApiToken(name=_checked_name(name), token_sha256=_digest(secret), scope=scope, expires_at=expires_at)
    access.add_token(db, token)
    return NewToken(token, secret)


def revoke_token(db: Session, name: str) -> None:
    """Delete an API token; it is refused from now on.

    Raises:
        NotFound: there is none of that name.
    """
    if not access.delete_token(db, name):
        raise NotFound(f"there is no token {name!r}")


def identify_token(db: Session, secret: str, now: datetime | None = None) -> Caller | None:
    """Return whose bearer token this is, or None where it is unknown or has expired."""
    now = now or utcnow()
    digest = _digest(secret)
    token = access.find_token(db, digest)
    if token is None or not hmac.compare_digest(token.token_sha256, digest):
        return None
    if token.expires_at is not None and token.expires_at <= now:
        return None
    access.note_token_use(db, token, now)
    return Caller("token", token.name, token.scope)


def log_in(db: Session, throttle: LoginThrottle, name: str, password: str, address: str) -> NewLogin:
    """Log a user in from a client's address. Takes some 50 ms: call it in a thread.

    Raises:
        Unauthorized: name or password is wrong; it does not say which.
        TooManyTries: too many were wrong before.
    """
    keys = (f"name:{name[:MAX_NAME]}", f"address:{address}")
    throttle.begin(*keys)
    user = access.find_user(db, name) if _is_name(name) else None
    if not verify_password(user.password_hash if user else None, password) or user is None:
        raise Unauthorized("name or password is wrong")
    throttle.forgive(*keys)
    cookie = secrets.token_urlsafe(SECRET_BYTES)
    login = Login(user_id=user.id, cookie_sha256=_digest(cookie), expires_at=utcnow() + LOGIN_LASTS)
    newer = hash_password(password) if is_outdated(user.password_hash) else None
    access.add_login(db, user, login, password_hash=newer)
    return NewLogin(Caller("login", user.name, user.scope, user.id), cookie, login.expires_at)


def log_out(db: Session, cookie: str) -> None:
    """End the login that the cookie stands for, if it does."""
    access.delete_login(db, _digest(cookie))


def identify_cookie(db: Session, cookie: str, now: datetime | None = None) -> Caller | None:
    """Return who is logged in by this cookie, or None where it is unknown or has expired."""
    digest = _digest(cookie)
    found = access.find_login(db, digest)
    if found is None or not hmac.compare_digest(found[0].cookie_sha256, digest):
        return None
    login, user = found
    return Caller("login", user.name, user.scope, user.id) if login.expires_at > (now or utcnow()) else None


def _digest(secret: str) -> str:
    """A fast hash is enough: the secrets are random and long, there is nothing to guess."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _is_name(name: str) -> bool:
    return len(name.strip()) > 0 and len(name) <= MAX_NAME and name.isprintable()


def _checked_name(name: str) -> str:
    name = name.strip()
    if not _is_name(name):
        raise Invalid(f"a name has 1 to {MAX_NAME} printable characters", field="name")
    return name


def _find_user(db: Session, name: str) -> User:
    user = access.find_user(db, name) if _is_name(name) else None
    if user is None:
        raise NotFound(f"there is no user {name!r}")
    return user


__all__ = [
    "Caller",
    "LoginThrottle",
    "NewLogin",
    "NewToken",
    "create_token",
    "create_user",
    "delete_user",
    "has_users",
    "identify_cookie",
    "identify_token",
    "list_tokens",
    "list_users",
    "log_in",
    "log_out",
    "revoke_token",
    "set_password",
]
