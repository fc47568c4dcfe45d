"""A program's own errors as alerts: from logging and from Sentry's hook, quietly and bounded."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.support.alerts import rows
from tocsin import AlertHandler, Database, sentry_before_send
from tocsin.storage.database import Session


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "x.db")
    yield opened
    opened.dispose()


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    one = logging.getLogger("shop.test")
    one.propagate = False
    yield one
    for handler in list(one.handlers):
        one.removeHandler(handler)


def fail(logger: logging.Logger, error: Exception, **extra: Any) -> None:
    try:
        raise error
    except type(error):
        logger.exception("it failed", extra=extra)


def test_a_logged_exception_is_an_alert_with_its_stack_trace(here: Database, logger: logging.Logger) -> None:
    handler = AlertHandler(here.session)
    logger.addHandler(handler)
    fail(logger, ValueError("no such booking"), endpoint="POST /bookings", user="7")
    fail(logger, ValueError("no such booking"), endpoint="POST /bookings", user="8")
    logger.error("no exception, no alert")
    logger.warning("not so bad", exc_info=ValueError("x"))
    handler.flush()
    (alert,) = rows(here)
    assert alert.alert_type == "application_error_ValueError"
    assert alert.title == "ValueError in shop.test (POST /bookings)"
    assert "no such booking" in alert.message
    assert "raise error\nValueError: no such booking" in alert.alert_metadata["stack_trace"]
    assert alert.resource == "shop.test"
    assert handler.reporter.dropped_count == 0


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("even its text fails")


def test_a_handler_never_raises_whatever_is_logged_and_wherever_it_goes(logger: logging.Logger) -> None:
    def nowhere() -> AbstractContextManager[Session]:
        fail(logger, KeyError("logged while an alert is stored"))
        raise OSError("no database")

    handler = AlertHandler(nowhere)
    logger.addHandler(handler)
    fail(logger, Unspeakable())
    fail(logger, ValueError("x"))
    handler.flush()
    assert handler.reporter.dropped_count == 2


def test_what_is_over_the_limit_is_dropped_and_counted(here: Database, logger: logging.Logger) -> None:
    handler = AlertHandler(here.session, per_minute=2)
    logger.addHandler(handler)
    for kind in (ValueError, KeyError, TypeError, OSError):
        fail(logger, kind("x"))
    handler.flush()
    assert len(rows(here)) == 2
    assert handler.reporter.dropped_count == 2


def test_sentry_events_go_on_unchanged_and_are_alerts_too(here: Database) -> None:
    before_send = sentry_before_send(here.session)
    event = {
        "exception": {
            "values": [{"type": "KeyError", "value": "cause"}, {"type": "StripeAPIError", "value": "declined"}]
        },
        "transaction": "POST /pay",
        "user": {"id": 3},
        "server_name": "web-1",
    }
    assert before_send(event, {}) is event
    for odd in ({}, {"exception": None}, {"exception": {"values": "text"}}):
        assert before_send(odd, {}) is odd
    before_send.reporter.flush()  # type: ignore[attr-defined]
    (alert,) = rows(here)
    assert alert.title == "StripeAPIError in web-1 (POST /pay)"
    assert alert.alert_metadata["affected_users"] == 1


def test_sentry_hints_give_the_stack_trace(here: Database) -> None:
    before_send = sentry_before_send(here.session)
    hint = {"exc_info": (ValueError, ValueError("deep"), None)}
    before_send({"exception": {"values": [{"type": "ValueError", "value": "deep"}]}}, hint)
    before_send.reporter.flush()  # type: ignore[attr-defined]
    assert "ValueError: deep" in rows(here)[0].alert_metadata["stack_trace"]
