"""Numbers, times and tables as people read them."""

from datetime import timedelta

import click
import pytest
from click.testing import CliRunner

from tests.support.terminal import invoke
from tocsin.cli.output import (
    ago_text,
    bytes_text,
    confirm,
    counted,
    days_between,
    moment_text,
    ms_text,
    page_footer,
    percent_text,
    print_table,
    span_text,
    status_text,
)
from tocsin.errors import Invalid
from tocsin.model.enums import MonitorStatus
from tocsin.model.times import EPOCH


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "–"), (0, "0.00 ms"), (1.234, "1.23 ms"), (9.994, "9.99 ms"), (9.996, "10.0 ms"), (45.67, "45.7 ms"),
        (99.96, "100 ms"), (789.4, "789 ms"), (9999.4, "9999 ms"), (9999.6, "10.0 s"), (61_000, "61.0 s"),
    ],
)  # fmt: skip
def test_milliseconds_have_three_digits_or_so(milliseconds: float | None, text: str) -> None:
    assert ms_text(milliseconds) == text


@pytest.mark.parametrize(
    ("seconds", "units", "text"),
    [
        (0, 2, "0 s"), (0.4, 2, "0 s"), (42, 2, "42 s"), (185, 2, "3 min 5 s"), (3600, 2, "1 h"), (3605, 2, "1 h"),
        (90061, 2, "1 d 1 h"), (90061, 1, "1 d"), (-5, 2, "0 s"),
    ],
)  # fmt: skip
def test_spans_have_their_largest_units(seconds: float, units: int, text: str) -> None:
    assert span_text(seconds, units) == text


def test_moments_are_told_in_utc_and_in_time_gone_by() -> None:
    assert moment_text(EPOCH) == "1970-01-01 00:00:00 UTC"
    assert moment_text(None) == "–"
    assert ago_text(EPOCH, EPOCH + timedelta(minutes=5, seconds=3)) == "5 min ago"
    assert ago_text(None, EPOCH) == "never"


def test_days_left_are_whole_and_negative_once_past() -> None:
    assert days_between(EPOCH, EPOCH + timedelta(days=3, hours=23)) == 3
    assert days_between(EPOCH, EPOCH - timedelta(hours=1)) == 0
    assert days_between(EPOCH, EPOCH - timedelta(days=2, hours=23)) == -2


@pytest.mark.parametrize(
    ("percent", "text"), [(None, "–"), (100, "100.00 %"), (99.9999, "99.99 %"), (99.5, "99.50 %"), (0, "0.00 %")]
)
def test_a_percentage_never_rounds_a_fault_away(percent: float | None, text: str) -> None:
    assert percent_text(percent) == text


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 * 1024**2, "3.0 MiB")])
def test_sizes_are_in_units_of_1024(size: int, text: str) -> None:
    assert bytes_text(size) == text


def test_nouns_agree_with_their_number() -> None:
    assert [counted(number, "day") for number in (0, 1, 2)] == ["0 days", "1 day", "2 days"]


def test_every_status_has_a_sign_and_a_word_of_its_own() -> None:
    texts = [status_text(status).plain for status in MonitorStatus]
    assert len({text.split()[0] for text in texts}) == len(MonitorStatus)
    assert [text.split()[1] for text in texts] == [status.value for status in MonitorStatus]
    assert status_text(None).plain == "? UNKNOWN"


def printed(action: "click.Command", text: str | None = None) -> str:
    return CliRunner().invoke(action, input=text).output


def test_tables_in_a_pipe_keep_every_character_and_no_trailing_space() -> None:
    long = "x" * 300

    @click.command()
    def show() -> None:
        print_table(("id", "name", "note"), [(1, long, ""), (22, "[b]", "n")], right=("id",))

    assert printed(show).splitlines() == ["id  name" + " " * 298 + "note", f" 1  {long}", "22  [b]" + " " * 299 + "n"]


def test_the_footer_is_silent_where_all_was_shown() -> None:
    @click.command()
    def show() -> None:
        page_footer(1, 50, 2, 2, "things")
        page_footer(2, 2, 1, 3, "things")

    assert printed(show) == "3–3 of 3 things\n"


def test_yes_spares_the_question_and_silence_is_no_answer() -> None:
    confirm("Really?", yes=True)

    @click.command()
    def ask() -> None:
        with pytest.raises(Invalid, match="--yes"):
            confirm("Really?", yes=False)

    assert CliRunner().invoke(ask, input="").exit_code == 0


def test_the_program_without_a_command_shows_its_help() -> None:
    assert "Usage: tocsin" in invoke().output
