"""The format of the log."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from tocsin.logs import configure_logs


@pytest.fixture(autouse=True)
def root_as_before() -> Iterator[None]:
    """Give the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(level: str, log_format: str, name: str = "tocsin.watch") -> io.StringIO:
    stream = io.StringIO()
    configure_logs(level, log_format, stream)
    logger = logging.getLogger(name)
    logger.debug("a detail")
    logger.info("checked %s", "a site", extra={"website_id": 3})
    try:
        int("broken")
    except ValueError:
        logger.exception("it failed")
    stream.seek(0)
    return stream


def test_text_has_time_level_logger_message_and_extra_fields() -> None:
    first, second, *rest = logged("INFO", "text").read().splitlines()
    assert first.endswith("Z INFO    tocsin.watch: checked a site website_id=3")
    assert first[10] == "T"
    assert second.endswith("ERROR   tocsin.watch: it failed")
    assert rest[-1].startswith("ValueError: invalid literal")


def test_json_is_one_object_a_line() -> None:
    first, second = (json.loads(line) for line in logged("INFO", "json"))
    assert list(first) == ["at", "level", "logger", "message", "website_id"]
    assert first["message"] == "checked a site"
    assert "ValueError: invalid literal" in second["traceback"]


def test_json_prints_whatever_it_is_given() -> None:
    stream = io.StringIO()
    configure_logs("INFO", "json", stream)
    logging.getLogger("tocsin").info("odd", extra={"thing": object()}, stack_info=True)
    record = json.loads(stream.getvalue())
    assert record["thing"].startswith("<object")
    assert "test_logs" in record["traceback"]


@pytest.mark.parametrize("name", ["apscheduler.scheduler", "alembic.runtime", "uvicorn.error"])
def test_chatty_libraries_are_heard_only_when_they_warn_or_at_debug(name: str) -> None:
    assert "checked" not in logged("INFO", "text", name).read()
    assert "it failed" in logged("INFO", "text", name).read()
    assert "a detail" in logged("DEBUG", "text", name).read()


def test_the_level_holds_for_everybody() -> None:
    assert "checked" not in logged("ERROR", "text").read()


def test_configuring_twice_writes_each_line_once() -> None:
    logged("INFO", "text")
    assert logged("INFO", "text").read().count("checked") == 1


def test_uvicorns_own_handlers_give_way() -> None:
    uvicorn = logging.getLogger("uvicorn")
    uvicorn.addHandler(logging.NullHandler())
    uvicorn.propagate = False
    logged("INFO", "text")
    assert (uvicorn.handlers, uvicorn.propagate) == ([], True)
