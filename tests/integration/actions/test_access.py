"""Users, tokens and logins in a database."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from tocsin import Database
from tocsin.actions import access
from tocsin.actions.access import Caller, LoginThrottle
from tocsin.errors import Conflict, Invalid, NotFound, TooManyTries, Unauthorized
from tocsin.model.enums import Scope
from tocsin.model.times import utcnow
from tocsin.storage.database import Session
from tocsin.storage.tables.accounts import ApiToken, Login, User

PASSWORD = "correct horse"


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    with database.session() as db:
        yield db


def log_in(db: Session, name: str = "ada", password: str = PASSWORD, brake: LoginThrottle | None = None) -> str:
    return access.log_in(db, brake or LoginThrottle(), name, password, "192.0.2.1").cookie


def test_users_are_listed_by_name_without_a_password_to_be_read(db: Session) -> None:
    assert not access.has_users(db)
    access.create_user(db, " bob ", PASSWORD, Scope.READ)
    access.create_user(db, "ada", PASSWORD)
    assert access.has_users(db)
    assert [(user.name, user.scope) for user in access.list_users(db)] == [("ada", Scope.ADMIN), ("bob", Scope.READ)]
    assert all(PASSWORD not in user.password_hash for user in access.list_users(db))


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\0b"])
def test_a_name_that_is_none_is_refused(db: Session, name: str) -> None:
    with pytest.raises(Invalid):
        access.create_user(db, name, PASSWORD)
    with pytest.raises(Invalid):
        access.create_token(db, name)
    with pytest.raises(NotFound):
        access.set_password(db, name, PASSWORD)
    with pytest.raises(Unauthorized):
        log_in(db, name)


def test_a_name_is_taken_once(db: Session) -> None:
    access.create_user(db, "ada", PASSWORD)
    access.create_token(db, "robot")
    with pytest.raises(Conflict):
        access.create_user(db, "ada", PASSWORD)
    with pytest.raises(Conflict):
        access.create_token(db, "robot")


def test_a_login_is_known_by_its_cookie_alone(db: Session) -> None:
    user = access.create_user(db, "ada", PASSWORD, Scope.WRITE)
    cookie = log_in(db)
    assert access.identify_cookie(db, cookie) == Caller("login", "ada", Scope.WRITE, user.id)
    assert access.identify_cookie(db, cookie[:-1]) is None
    assert access.identify_cookie(db, cookie, utcnow() + timedelta(days=30)) is None
    stored = db.query(Login).one()
    assert cookie not in stored.cookie_sha256
    assert user.last_login_at is not None


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong horse"), ("nobody", PASSWORD), ("ada", "")])
def test_a_failed_login_does_not_say_what_was_wrong(db: Session, name: str, password: str) -> None:
    access.create_user(db, "ada", PASSWORD)
    with pytest.raises(Unauthorized, match=r"^name or password is wrong$"):
        log_in(db, name, password)


def test_the_sixth_guess_has_to_wait_even_if_it_is_right(db: Session) -> None:
    access.create_user(db, "ada", PASSWORD)
    brake = LoginThrottle()
    for _ in range(5):
        with pytest.raises(Unauthorized):
            log_in(db, "ada", "wrong horse", brake)
    with pytest.raises(TooManyTries):
        log_in(db, "ada", PASSWORD, brake)


def test_who_gets_in_again_and_again_is_not_braked(db: Session) -> None:
    access.create_user(db, "ada", PASSWORD)
    brake = LoginThrottle()
    assert len({log_in(db, brake=brake) for _ in range(7)}) == 7


def test_logging_out_ends_one_login(db: Session) -> None:
    access.create_user(db, "ada", PASSWORD)
    first, second = log_in(db), log_in(db)
    access.log_out(db, first)
    access.log_out(db, "unknown")
    assert access.identify_cookie(db, first) is None
    assert access.identify_cookie(db, second) is not None


def test_a_new_password_ends_every_login(db: Session) -> None:
    access.create_user(db, "ada", PASSWORD)
    cookie = log_in(db)
    with pytest.raises(Invalid):
        access.set_password(db, "ada", "short")
    access.set_password(db, "ada", "battery staple")
    assert access.identify_cookie(db, cookie) is None
    with pytest.raises(Unauthorized):
        log_in(db)
    assert log_in(db, password="battery staple")


def test_logging_in_forgets_logins_that_have_expired(db: Session) -> None:
    access.create_user(db, "ada", PASSWORD)
    log_in(db)
    db.query(Login).one().expires_at = utcnow()
    db.commit()
    log_in(db)
    assert db.query(Login).count() == 1


def test_a_hash_of_older_parameters_is_made_anew_at_the_login(db: Session) -> None:
    user = access.create_user(db, "ada", PASSWORD)
    user.password_hash = older = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    db.commit()
    log_in(db)
    db.expire_all()
    assert db.query(User).one().password_hash != older
    log_in(db)


def test_a_deleted_user_is_out_but_the_last_one_stays(db: Session) -> None:
    access.create_user(db, "ada", PASSWORD)
    access.create_user(db, "bob", PASSWORD)
    cookie = log_in(db, "bob")
    access.delete_user(db, "bob")
    assert access.identify_cookie(db, cookie) is None
    with pytest.raises(NotFound):
        access.delete_user(db, "bob")
    with pytest.raises(Invalid, match="last user"):
        access.delete_user(db, "ada")


def test_a_tokens_secret_is_shown_once_and_only_its_hash_kept(db: Session) -> None:
    new = access.create_token(db, "robot", Scope.WRITE)
    assert new.secret.startswith("tocsin_")
    assert len(new.secret) == len("tocsin_") + 43
    assert new.secret not in str(vars(db.query(ApiToken).one()))
    assert access.identify_token(db, new.secret) == Caller("token", "robot", Scope.WRITE)
    assert access.identify_token(db, new.secret + "x") is None
    assert access.identify_token(db, "\ud800") is None


def test_a_token_lasts_as_long_as_it_should(db: Session) -> None:
    expires_at = utcnow() + timedelta(days=1)
    secret = access.create_token(db, "robot", expires_at=expires_at).secret
    assert access.identify_token(db, secret) is not None
    assert access.identify_token(db, secret, expires_at) is None
    with pytest.raises(Invalid):
        access.create_token(db, "late", expires_at=utcnow())


def test_a_revoked_token_is_unknown(db: Session) -> None:
    secret = access.create_token(db, "robot").secret
    access.revoke_token(db, "robot")
    assert access.identify_token(db, secret) is None
    assert list(access.list_tokens(db)) == []
    with pytest.raises(NotFound):
        access.revoke_token(db, "robot")


def test_the_use_of_a_token_is_noted_once_a_minute(db: Session) -> None:
    secret = access.create_token(db, "robot").secret
    start = utcnow()
    noted = []
    for seconds in (0, 30, 59, 60, 61):
        access.identify_token(db, secret, start + timedelta(seconds=seconds))
        db.expire_all()
        used_at = db.query(ApiToken).one().last_used_at
        assert used_at is not None
        noted.append((used_at - start).total_seconds())
    assert noted == [0, 0, 0, 60, 60]


def test_a_busy_database_does_not_keep_a_token_out(tmp_path: Path) -> None:
    database = Database(tmp_path / "tocsin.db")
    with database.session() as db:
        secret = access.create_token(db, "robot").secret
        db.connection().exec_driver_sql("PRAGMA busy_timeout = 20")
        with database.engine.connect() as other:
            other.exec_driver_sql("BEGIN IMMEDIATE")
            assert access.identify_token(db, secret) is not None
            other.exec_driver_sql("ROLLBACK")
        assert db.query(ApiToken).one().last_used_at is None
    database.dispose()
