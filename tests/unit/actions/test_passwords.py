"""Password hashes."""

import pytest
from argon2 import PasswordHasher

from tocsin.actions.passwords import hash_password, is_outdated, verify_password
from tocsin.errors import Invalid


def test_a_hash_is_argon2id_and_never_the_same_twice() -> None:
    first, second = hash_password("correct horse"), hash_password("correct horse")
    assert first.startswith("$argon2id$")
    assert first != second
    assert not is_outdated(first)


def test_only_the_right_password_is_right() -> None:
    stored = hash_password("correct horse")
    assert verify_password(stored, "correct horse")
    assert not verify_password(stored, "Correct horse")
    assert not verify_password(stored, "")
    assert not verify_password("no hash at all", "correct horse")


def test_an_unknown_user_costs_the_same_and_is_never_right() -> None:
    assert not verify_password(None, "nobody has this password, since nobody is compared to it")


def test_a_password_is_the_same_however_its_accents_are_typed() -> None:
    assert verify_password(hash_password("caf\u00e9 noir"), "cafe\u0301 noir")


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_a_password_of_the_wrong_length_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        hash_password(password)
    assert caught.value.field == "password"
    assert not verify_password(None, password)


@pytest.mark.parametrize("password", ["12345678", "x" * 1024, "half a character \ud800"])
def test_a_password_of_the_right_length_is_taken(password: str) -> None:
    assert verify_password(hash_password(password), password)


def test_a_hash_of_weaker_parameters_is_outdated() -> None:
    assert is_outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct horse"))
