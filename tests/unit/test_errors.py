"""What Tocsin's errors carry."""

import pytest

from tocsin import errors
from tocsin.errors import ExtraMissing, Invalid, NotFound, SettingsInvalid, TocsinError, TooManyTries


def test_an_error_without_a_text_says_what_its_class_means() -> None:
    assert str(NotFound()) == "There is no such thing."
    assert NotFound("there is no website 5").message == "there is no website 5"


def test_an_invalid_request_names_the_field() -> None:
    error = Invalid("too long", field="name")
    assert (error.field, error.http_status, error.exit_code) == ("name", 422, 2)
    assert Invalid().field is None


def test_wrong_settings_are_listed_one_a_line() -> None:
    error = SettingsInvalid(["A: wrong", "B: wrong too"])
    assert error.faults == ["A: wrong", "B: wrong too"]
    assert str(error) == "Settings:\n  - A: wrong\n  - B: wrong too"


def test_a_missing_extra_is_an_import_error_too() -> None:
    with pytest.raises(ImportError, match="pip install"):
        raise ExtraMissing("pip install it")


def test_too_many_tries_say_how_long_to_wait() -> None:
    assert (TooManyTries().retry_after_s, TooManyTries(retry_after_s=5).retry_after_s) == (60, 5)


def test_everything_raised_on_purpose_is_caught_by_the_root() -> None:
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)]
    assert len(classes) > 8
    assert all(issubclass(one, TocsinError) and one.code for one in classes)
