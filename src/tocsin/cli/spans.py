"""Durations and moments as people type them: "90m", "2h30m", "1d"; "2026-03-01 22:00"."""

import re
from datetime import datetime, timedelta

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_WHOLE = re.compile(rf"(?:\s*{_PART.pattern})+\s*")
LONGEST = timedelta(days=3660)


def parse_span(text: str) -> timedelta:
    """Return the duration that `text` names: numbers with s, m, h, d or w.

    Raises:
        ValueError: it names none, or one of more than ten years.
    """
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no duration; write for example 90m, 2h30m or 1d")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if not 0 < seconds <= LONGEST.total_seconds():
        raise ValueError(f"{text!r} is not between a second and ten years")
    return timedelta(seconds=seconds)


class Span(click.ParamType[timedelta]):
    """A duration on the command line."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the duration."""
        if isinstance(value, timedelta):
            return value
        try:
            return parse_span(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Moment(click.ParamType[datetime]):
    """A moment on the command line: ISO 8601, UTC where no offset is given."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the aware moment in UTC."""
        from tocsin.model.times import as_utc  # noqa: PLC0415 (pydantic is slow to load)

        try:
            return as_utc(value if isinstance(value, datetime) else datetime.fromisoformat(str(value)))
        except ValueError:
            self.fail(f"{value!r} is no time; write for example 2026-03-01T22:00 (UTC) or …T22:00+01:00", param, ctx)
