"""Who may use Tocsin: users, API tokens and web logins, by the hashes of their secrets."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from tocsin.errors import Conflict
from tocsin.model.times import utcnow
from tocsin.storage.tables.accounts import ApiToken, Login, User

USED_PRECISION = timedelta(minutes=1)
"""How exactly the last use of a token is kept: more would make every read a write."""


def has_users(db: Session) -> bool:
    """Return whether there is any user."""
    return bool(db.scalar(select(exists().select_from(User))))


def list_users(db: Session) -> Sequence[User]:
    """Return every user, by name."""
    return db.scalars(select(User).order_by(User.name)).all()


def find_user(db: Session, name: str) -> User | None:
    """Return the user of that name, or None."""
    return db.scalars(select(User).where(User.name == name)).one_or_none()


def add_user(db: Session, user: User) -> None:
    """Store a user.

    Raises:
        Conflict: the name is taken.
    """
    _add(db, user, f"there is a user {user.name!r} already")


def replace_password(db: Session, user: User, password_hash: str) -> None:
    """Store the hash of a new password, and end every login made with the old one."""
    user.password_hash = password_hash
    db.execute(delete(Login).where(Login.user_id == user.id))
    db.commit()


def delete_user(db: Session, user: User) -> None:
    """Delete a user and their logins."""
    db.execute(delete(Login).where(Login.user_id == user.id))
    db.delete(user)
    db.commit()


def list_tokens(db: Session) -> Sequence[ApiToken]:
    """Return every API token, by name."""
    return db.scalars(select(ApiToken).order_by(ApiToken.name)).all()


def add_token(db: Session, token: ApiToken) -> None:
    """Store an API token.

    Raises:
        Conflict: the name is taken.
    """
    _add(db, token, f"there is a token {token.name!r} already")


def find_token(db: Session, token_sha256: str) -> ApiToken | None:
    """Return the token of that hash, expired or not, or None."""
    return db.scalars(select(ApiToken).where(ApiToken.token_sha256 == token_sha256)).one_or_none()


def delete_token(db: Session, name: str) -> bool:
    """Delete the token of that name; return whether there was one."""
    found = db.scalars(delete(ApiToken).where(ApiToken.name == name).returning(ApiToken.id)).all()
    db.commit()
    return bool(found)


def note_token_use(db: Session, token: ApiToken, now: datetime) -> None:
    """Write down that the token was used, unless that was done a moment ago or the database is busy."""
    if token.last_used_at is not None and now - token.last_used_at < USED_PRECISION:
        return
    try:
        db.execute(update(ApiToken).where(ApiToken.id == token.id).values(last_used_at=now))
        db.commit()
    except OperationalError:  # a request that only reads must not fail for this
        db.rollback()


def add_login(db: Session, user: User, login: Login, *, password_hash: str | None = None) -> None:
    """Store a login, forget those that have expired, and keep the password under a newer hash where one is given."""
    now = utcnow()
    db.execute(delete(Login).where(Login.expires_at <= now))
    user.last_login_at = now
    user.password_hash = password_hash or user.password_hash
    db.add(login)
    db.commit()


def find_login(db: Session, cookie_sha256: str) -> tuple[Login, User] | None:
    """Return the login of that hash, expired or not, and whose it is; or None."""
    wanted = select(Login, User).join(User, User.id == Login.user_id).where(Login.cookie_sha256 == cookie_sha256)
    row = db.execute(wanted).one_or_none()
    return None if row is None else (row[0], row[1])


def delete_login(db: Session, cookie_sha256: str) -> None:
    """Delete the login of that hash, if there is one."""
    db.execute(delete(Login).where(Login.cookie_sha256 == cookie_sha256))
    db.commit()


def _add(db: Session, row: User | ApiToken, taken: str) -> None:
    db.add(row)
    try:
        db.commit()
    except IntegrityError as error:
        db.rollback()
        raise Conflict(taken) from error
