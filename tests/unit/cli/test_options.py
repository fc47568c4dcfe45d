"""What is given on the command line, as fields of a check."""

from pathlib import Path
from typing import Any

import pytest

from tocsin.cli.database import Revision, place_of
from tocsin.cli.options import check_options_of, options_given
from tocsin.errors import Invalid, NotFound

NOTHING: dict[str, Any] = {
    "timeout": None, "max_retries": None, "method": None, "headers": (), "request_body": None, "basic": None,
    "bearer": None, "expected_status": None, "expect_body": (), "expect_regex": (), "expect_json": (),
    "expect_header": (), "expect": (), "follow_redirects": None, "max_redirects": None,
    "insecure": None, "family": None, "proxy": None, "degraded_after_ms": None,
}  # fmt: skip


def given(**values: Any) -> dict[str, Any]:
    return options_given({**NOTHING, **values})


def test_what_was_not_given_is_left_out() -> None:
    assert given() == {}


def test_headers_are_split_at_their_first_colon() -> None:
    assert given(headers=("X-Time: 12:30", "Y:")) == {"request_headers": {"X-Time": "12:30", "Y": ""}}


def test_insecure_turns_verification_off_and_verify_on() -> None:
    assert given(insecure=True) == {"verify_tls": False}
    assert given(insecure=False) == {"verify_tls": True}


def test_a_body_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "body").write_text("grüß", encoding="utf-8")
    assert given(request_body=f"@{tmp_path / 'body'}") == {"request_body": "grüß"}
    assert given(request_body="plain") == {"request_body": "plain"}
    with pytest.raises(Invalid, match="--body @"):
        given(request_body=f"@{tmp_path / 'none'}")


@pytest.mark.parametrize(
    "values",
    [{"headers": ("no colon",)}, {"headers": (": v",)}, {"basic": "maria"}, {"basic": "u:p", "bearer": "t"}],
)
def test_what_cannot_be_read_is_refused_with_how_to_write_it(values: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="--"):
        given(**values)


def test_every_fault_is_named_by_its_option() -> None:
    wrong = {"timeout": 0.1, "headers": ("a b: c",), "expected_status": "many", "proxy": "ftp://x", "max_redirects": 99}
    with pytest.raises(Invalid) as refused:
        check_options_of({**NOTHING, **wrong})
    for option in ("--timeout: ", "--header: ", "--expected-status: ", "--proxy: ", "--max-redirects: "):
        assert option in refused.value.message


KNOWN = [Revision("0001", "first"), Revision("0002", "second"), Revision("0003", "third")]


@pytest.mark.parametrize(
    ("target", "at", "place"),
    [("head", None, 3), ("base", "0002", 0), ("0002", None, 2), ("+1", None, 1), ("-1", "0003", 2), ("+1", "0001", 2)],
)
def test_a_revision_is_named_in_many_ways(target: str, at: str | None, place: int) -> None:
    assert place_of(target, at, KNOWN) == place


def test_a_revision_of_a_newer_release_is_told_as_such() -> None:
    with pytest.raises(NotFound, match="of a newer release"):
        place_of("0009", "0009", KNOWN)
    with pytest.raises(NotFound, match="see `tocsin db history`"):
        place_of("0009", "0001", KNOWN)
    with pytest.raises(Invalid, match="leads nowhere"):
        place_of("-1", None, KNOWN)


def test_conditions_come_in_several_forms() -> None:
    wanted = given(
        expect_body=("a < b",),
        expect_regex=("^a",),
        expect_json=('$.status.db == "ok"',),
        expect=("total_ms < 500",),
        expect_header=("Server", "Content-Type: text/html"),
    )
    assert wanted["expectations"] == [
        {"on": "body", "op": "contains", "value": "a < b"},
        {"on": "body", "op": "matches", "value": "^a"},
        {"on": "json", "path": "$.status.db", "op": "==", "value": "ok"},
        {"on": "total_ms", "op": "<", "value": 500},
        {"on": "header", "name": "Server", "op": "exists"},
        {"on": "header", "name": "Content-Type", "op": "contains", "value": "text/html"},
    ]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"expect": ("total_ms < fast",)}, "--expect 'total_ms < fast': total_ms is compared to a number"),
        ({"expect_json": ("$.a",)}, "--expect-json '\\$.a': write what, how and the value"),
        ({"expect_header": (": x",)}, "--expect-header ': x': write it as Name"),
    ],
)
def test_a_condition_that_cannot_be_read_says_so(values: dict[str, Any], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        given(**values)
