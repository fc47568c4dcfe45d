"""The numbers under which closed lists are stored: released ones keep their meaning for ever."""

from enum import Enum
from typing import Any

import pytest

from tocsin.storage.tables import MonitorCheck
from tocsin.storage.tables.codes import CODES, MEMBERS
from tocsin.storage.tables.rows import CHECK_COLUMNS, CheckRow, transfer_us


@pytest.mark.parametrize("kind", list(CODES))
def test_every_member_has_a_number_of_its_own(kind: type[Enum]) -> None:
    assert set(CODES[kind]) == set(kind)
    assert len(set(CODES[kind].values())) == len(kind)
    assert all(MEMBERS[kind][number] is member for member, number in CODES[kind].items())


def test_the_numbers_are_the_ones_that_databases_hold() -> None:
    """A number that changes here turns stored checks into lies: add members, never renumber."""
    numbers: dict[str, dict[Any, int]] = {kind.__name__: codes for kind, codes in CODES.items()}
    assert {str(key): number for key, number in numbers["MonitorStatus"].items()} == {
        "UP": 0, "DOWN": 1, "DEGRADED": 2, "UNKNOWN": 3,
    }  # fmt: skip
    assert {str(key): number for key, number in numbers["HTTPMethod"].items()} == {
        "GET": 0, "HEAD": 1, "POST": 2, "PUT": 3, "PATCH": 4, "DELETE": 5, "OPTIONS": 6,
    }  # fmt: skip
    assert {str(key): number for key, number in numbers["Phase"].items()} == {
        "dns": 1, "connect": 2, "tls": 3, "request": 4, "response": 5,
        "body": 6, "content": 7, "latency": 8, "vantage": 9,
    }  # fmt: skip
    assert {str(key): number for key, number in numbers["Cause"].items()} == {
        "dns_not_found": 10, "dns_server_failure": 11, "dns_timeout": 12, "dns_no_records": 13,
        "no_route": 20, "connect_refused": 21, "connect_timeout": 22, "connect_reset": 23, "address_forbidden": 24,
        "tls_protocol": 30, "tls_expired": 31, "tls_not_yet_valid": 32, "tls_self_signed": 33, "tls_unknown_issuer": 34,
        "tls_incomplete_chain": 35, "tls_wrong_host": 36, "tls_closed": 37, "tls_timeout": 38, "tls_not_spoken": 39,
        "plain_on_tls_port": 40,
        "empty_reply": 50, "reset": 51, "malformed_reply": 52, "timeout_first_byte": 53, "timeout_headers": 54,
        "timeout_body": 55, "truncated_body": 56, "body_too_large": 57, "bad_encoding": 58,
        "redirect_loop": 60, "redirect_too_many": 61, "redirect_invalid": 62,
        "http_client_error": 70, "http_server_error": 71, "expectation_failed": 80, "slow": 81,
        "heartbeat_missed": 90, "heartbeat_failed": 91, "vantage_blind": 95,
    }  # fmt: skip


def test_a_raw_row_has_every_column_of_the_table_in_order() -> None:
    assert len(CheckRow._fields) == len(CHECK_COLUMNS)
    assert {"id", *CHECK_COLUMNS} == {column.name for column in MonitorCheck.__table__.columns}


@pytest.mark.parametrize(
    ("phases", "left"),
    [
        ((100, 10, 20, 30, 25), 15),
        ((100, None, None, None, 25), 75),
        ((100, 10, 20, 30, None), 0),
        ((10, 5, 5, 5, 5), 0),
    ],
)
def test_transfer_is_what_the_other_phases_leave(phases: tuple[int, ...], left: int) -> None:
    assert transfer_us(*phases) == left
