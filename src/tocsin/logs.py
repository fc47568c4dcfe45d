"""The log's format, set once at start: one line an event, for people or as JSON. Not what is logged."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

LEVELS = {"DEBUG": logging.DEBUG, "INFO": logging.INFO, "WARNING": logging.WARNING, "ERROR": logging.ERROR}

_CHATTY = ("apscheduler", "alembic", "asyncio", "aiodns", "httpx", "httpcore", "python_multipart", "uvicorn")
"""Libraries that tell their inner life at INFO; below WARNING they are heard only at level DEBUG."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}
"""What every record has; all else was given as `extra`."""


class TextFormatter(logging.Formatter):
    """Time, level, logger, message and extra fields as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and the traceback's lines where there is one."""
        line = f"{_time(record)} {record.levelname:<7} {record.name}: {record.getMessage()}"
        for name, value in _extra(record).items():
            line += f" {name}={value}"
        return "\n".join([line, *_traceback(self, record)])


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message, the extra fields, and traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        fields: dict[str, Any] = {
            **_extra(record),
            "at": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        traceback = _traceback(self, record)
        if traceback:
            fields["traceback"] = "\n".join(traceback)
        order = ("at", "level", "logger", "message")
        return json.dumps({name: fields.pop(name) for name in order} | fields, ensure_ascii=False, default=str)


def configure_logs(level: str = "INFO", log_format: str = "text", stream: TextIO | None = None) -> None:
    """Send every log record of this process to `stream` (stderr where None) in one format.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
        log_format: "text" or "json".
        stream: where to write.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(LEVELS[level])
    quiet = logging.NOTSET if level == "DEBUG" else max(logging.WARNING, LEVELS[level])
    for name in _CHATTY:
        logging.getLogger(name).setLevel(quiet)
    _take_over_uvicorn()


def _take_over_uvicorn() -> None:
    """Let uvicorn's loggers speak through the root, however uvicorn set them up before."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        if name != "uvicorn":
            logger.setLevel(logging.NOTSET)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    lines = []
    if record.exc_info:
        lines.append(formatter.formatException(record.exc_info))
    if record.stack_info:
        lines.append(formatter.formatStack(record.stack_info))
    return lines
