"""What does not hold, and how it is said."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from tocsin import CheckResult, HTTPMethod, Invalid
from tocsin.model.expectations import SUBJECTS, Expectation, operators_of
from tocsin.model.options import CheckOptions
from tocsin.model.results import BODY_HEAD_BYTES, BODY_JUDGED_BYTES, CertificateFacts, Hop, PeerCertificate, Phases
from tocsin.watch.expect import check_expectations, is_heavy, unmet_expectations
from tocsin.watch.judge import settle

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEAF = CertificateFacts("ab", "CN=example.com", "CN=CA", ("example.com", "192.0.2.1"), NOW, NOW + timedelta(days=10))
RESULT = CheckResult(
    url="https://example.com/",
    started_at=NOW,
    http_status_code=200,
    phases=Phases(total_ms=120.0),
    address="192.0.2.1",
    addresses=("192.0.2.1", "2001:db8::1"),
    redirects=(Hop("http://example.com/", 301, "https://example.com/", Phases()),),
    headers=(("Content-Type", "text/html"), ("X-Cache", "HIT"), ("x-cache", "again")),
    body_head="Welcome to 007",
    body_bytes=14,
    certificate=PeerCertificate((LEAF,), verified=True),
    tls_version="TLSv1.3",
)


def texts(result: CheckResult = RESULT, **expectation: Any) -> list[str]:
    return [text for _, text in unmet_expectations(result, [Expectation(**expectation)], NOW)]


def of_json(body: str, op: str, *value: Any, path: str = "$.a", on: str = "json", **more: Any) -> str:
    """Return the message of one expectation on a body, "" where it holds."""
    result = RESULT.evolve(**{"body_head": body, "body_bytes": len(body), **more})
    given_value = {"value": value[0]} if value else {}
    return "; ".join(texts(result, on=on, path=path, op=op, **given_value))


@pytest.mark.parametrize(
    "held",
    [
        {"on": "body", "op": "contains", "value": "Welcome"},
        {"on": "body", "op": "not_contains", "value": "Error"},
        {"on": "body", "op": "!=", "value": ""},
        {"on": "body", "op": "matches", "value": r"\d{3}$"},
        {"on": "body", "op": "not_matches", "value": "(?i)error|exception"},
        {"on": "header", "name": "x-cache", "op": "==", "value": "HIT"},
        {"on": "header", "name": "X-Cache", "op": "==", "value": "again"},
        {"on": "header", "name": "x-cache", "op": "exists"},
        {"on": "header", "name": "x-none", "op": "not_exists"},
        {"on": "total_ms", "op": "<=", "value": 120},
        {"on": "certificate_days", "op": ">", "value": 9.9},
        {"on": "certificate_days", "op": ">=", "value": 10},
        {"on": "certificate_subject", "op": "==", "value": "CN=example.com"},
        {"on": "certificate_issuer", "op": "not_contains", "value": "Evil"},
        {"on": "certificate_sans", "op": "==", "value": "192.0.2.1"},
        {"on": "certificate_sans", "op": "!=", "value": "192.0.2.9"},
        {"on": "body_bytes", "op": "==", "value": 14},
        {"on": "body_bytes", "op": "!=", "value": 15},
        {"on": "http_status_code", "op": "<", "value": 300},
        {"on": "redirects_count", "op": "==", "value": 1},
        {"on": "address", "op": "==", "value": "192.0.2.1"},
        {"on": "addresses", "op": "contains", "value": "2001:db8:"},
        {"on": "tls_version", "op": "!=", "value": "TLSv1.2"},
    ],
)
def test_what_holds_is_not_mentioned(held: dict[str, Any]) -> None:
    assert texts(**held) == []


@pytest.mark.parametrize(
    ("failed", "text"),
    [
        ({"on": "body", "op": "contains", "value": "7 0"}, "expected body contains '7 0' (got 'Welcome to 007')"),
        (
            {"on": "header", "name": "X-Cache", "op": "==", "value": "MISS"},
            "expected header X-Cache == 'MISS' (got 'HIT', 'again')",
        ),
        (
            {"on": "header", "name": "X-Cache", "op": "!=", "value": "HIT"},
            "expected header X-Cache != 'HIT' (got 'HIT', 'again')",
        ),
        ({"on": "header", "name": "X-None", "op": "exists"}, "expected header X-None exists (got nothing)"),
        (
            {"on": "header", "name": "Content-Type", "op": "not_exists"},
            "expected header Content-Type not exists (got 'text/html')",
        ),
        ({"on": "total_ms", "op": "<", "value": 100}, "expected total_ms < 100 (got 120)"),
        ({"on": "certificate_days", "op": ">", "value": 14}, "expected certificate_days > 14 (got 10)"),
        (
            {"on": "addresses", "op": "not_contains", "value": "2001"},
            "expected addresses not contains '2001' (got '192.0.2.1', '2001:db8::1')",
        ),
        (
            {"on": "body", "op": "matches", "value": "(?i)goodbye"},
            "expected body matches '(?i)goodbye' (got 'Welcome to 007')",
        ),
    ],
)
def test_what_fails_says_expected_and_got(failed: dict[str, Any], text: str) -> None:
    assert texts(**failed) == [text]


def test_many_texts_are_shown_in_part() -> None:
    many = RESULT.evolve(addresses=tuple(f"192.0.2.{number}" for number in range(5)))
    (text,) = texts(many, on="addresses", op="==", value="x")
    assert text == "expected addresses == 'x' (got '192.0.2.0', '192.0.2.1', '192.0.2.2' and 2 more)"


def test_a_number_is_shown_as_finely_as_the_comparison_needs() -> None:
    result = RESULT.evolve(phases=Phases(total_ms=500.0001, ttfb_ms=1234567.8), body_bytes=1234567)
    assert texts(result, on="total_ms", op="<=", value=500) == ["expected total_ms <= 500 (got 500.0001)"]
    assert texts(result, on="ttfb_ms", op="<", value=1) == ["expected ttfb_ms < 1 (got 1234568)"]
    assert texts(result, on="body_bytes", op="<", value=1) == ["expected body_bytes < 1 (got 1234567)"]


BARE = CheckResult(url="tcp://example.com:25", started_at=NOW)


@pytest.mark.parametrize("on", sorted(SUBJECTS))
def test_a_missing_value_never_passes_whatever_the_operator(on: str) -> None:
    more = {"header": {"name": "X"}, "json": {"path": "$.a"}, "json_length": {"path": "$.a"}}.get(on, {})
    for op in operators_of(on):
        value: Any = (
            1 if op[0] in "<>" or on.endswith(("_ms", "_days", "_bytes", "_code", "_count", "_length")) else "x"
        )
        fields = {"on": on, "op": op, **more, **({} if op.endswith("exists") else {"value": value})}
        (text,) = texts(BARE, **fields)
        assert text.endswith("(got nothing)"), fields


def test_a_head_request_has_no_body_to_judge() -> None:
    answer = RESULT.evolve(method=HTTPMethod.HEAD, body_head="", body_bytes=0)
    assert texts(answer, on="body", op="not_contains", value="error")[0].endswith("(got nothing)")
    assert texts(RESULT.evolve(body_head="", body_bytes=0), on="body", op="not_contains", value="error") == []


def test_a_kind_without_bytes_has_the_body_it_shows() -> None:
    records = BARE.evolve(body_head="10 mail.example.com.\n")
    assert texts(records, on="body", op="contains", value="mail.example.com") == []
    assert texts(records, on="body", op="!=", value="x") == []


def test_a_long_text_is_shown_shortened() -> None:
    (text,) = texts(RESULT.evolve(body_head="x" * 500), on="body", op="contains", value="y" * 500)
    assert text == f"expected body contains '{'y' * 80}…' (got '{'x' * 80}…')"


def test_a_number_given_for_a_text_compares_as_it_is_written() -> None:
    assert texts(RESULT.evolve(body_head="7"), on="body", op="==", value=7) == []
    assert texts(RESULT.evolve(body_head="07"), on="body", op="==", value=7) == ["expected body == 7 (got '07')"]


CUT = RESULT.evolve(body_head="Welcome " * 8192, body_bytes=BODY_HEAD_BYTES + 1)


@pytest.mark.parametrize(
    ("op", "value", "holds"),
    [
        ("contains", "come W", True),
        ("contains", "Bye", False),
        ("not_contains", "Bye", False),
        ("not_contains", "come", False),
        ("==", "Welcome", False),
        ("!=", "Bye", True),
        ("matches", "^Welcome", True),
        ("matches", "come $", False),
        ("matches", "Bye", False),
        ("not_matches", "Bye", False),
    ],
)
def test_of_a_body_that_was_cut_only_what_is_certain_holds(op: str, value: str, holds: bool) -> None:
    found = texts(CUT, on="body", op=op, value=value)
    assert (found == []) is holds
    if not holds:
        is_seen = (op, value) == ("not_contains", "come")
        got = "'Welcome Wel" if is_seen else "a body of 65537 bytes, of which only the first 65536 are judged)"
        assert f"(got {got}" in found[0]


def test_a_short_beginning_of_a_cut_body_decides_nothing() -> None:
    assert texts(RESULT.evolve(body_head="We", body_bytes=70_000), on="body", op="!=", value="Welcome") != []


def test_where_more_was_kept_more_is_judged() -> None:
    more = CUT.evolve(judged_body=CUT.body_head + "!")
    assert texts(more, on="body", op="matches", value="!$") == []
    assert texts(more, on="body", op="not_contains", value="Bye") == []
    (text,) = texts(more.evolve(body_bytes=BODY_JUDGED_BYTES + 1), on="body", op="not_contains", value="Bye")
    assert "only the first 1048576 are judged" in text


def test_large_bodies_are_told_so_that_no_loop_waits_for_them() -> None:
    wants = CheckOptions(expectations=[Expectation(on="body", op="contains", value="x")])
    assert is_heavy(CUT, wants)
    assert not is_heavy(CUT, CheckOptions())
    assert not is_heavy(RESULT, wants)


@pytest.mark.parametrize(
    ("body", "op", "value"),
    [
        ('{"a": "ok"}', "==", "ok"),
        ('{"a": null}', "==", None),
        ('{"a": null}', "!=", "x"),
        ('{"a": false}', "==", False),
        ('{"a": 0}', "!=", False),
        ('{"a": 1.0}', "==", 1),
        ('{"a": 1}', "==", 1.0),
        ('{"a": 0.1}', "==", 0.1),
        ('{"a": 0.30000000000000004}', "!=", 0.3),
        ('{"a": 12345678901234567890}', "==", 12345678901234567890),
        ('{"a": 12345678901234567890}', "!=", 12345678901234567891),
        ('{"a": 12345678901234567890.0}', "==", 12345678901234567890),
        ('{"a": 0.9}', "<", 1),
        ('{"a": 1.9}', ">", 1.5),
        ('{"a": 1e400}', ">", 7),
        ('{"a": -1}', "<=", -1),
        ('{"a": "007"}', "!=", 7),
        ('{"a": "a text"}', "contains", "tex"),
        ('{"a": "a text"}', "not_contains", "x y"),
        ('{"a": [1, "2"]}', "contains", 1.0),
        ('{"a": [1, "2"]}', "not_contains", 2),
        ('{"a": {"b": 1}}', "contains", "b"),
        ('{"a": "ready"}', "matches", "^(ok|ready)$"),
        ('{"a": "ready"}', "not_matches", "^ok$"),
    ],
)
def test_values_compare_as_they_are_written(body: str, op: str, value: Any) -> None:
    assert of_json(body, op, value) == ""


@pytest.mark.parametrize(
    ("body", "op", "value", "got"),
    [
        ('{"a": "down"}', "==", "ok", "'down'"),
        ('{"a": "007"}', "==", 7, "'007', a text and not a number"),
        ('{"a": "7"}', "<", 8, "'7', a text and not a number"),
        ('{"a": 7}', "==", "7", "7, a number and not a text"),
        ('{"a": 7.50}', "matches", "7", "7.50, a number and not a text"),
        ('{"a": 7}', "not_contains", "8", "7, a number and not a text"),
        ('{"a": null}', "==", "x", "null"),
        ('{"a": null}', "<", 1, "null"),
        ('{"a": null}', "not_contains", "x", "null"),
        ('{"a": true}', "==", 1, "true"),
        ('{"a": ""}', "==", "x", "''"),
        ('{"a": []}', "==", "x", "an empty array"),
        ('{"a": {}}', "==", "x", "an empty object"),
        ('{"a": [1]}', "==", 1, "an array of 1 items"),
        ('{"a": [1]}', "contains", 2, "an array of 1 items, without it"),
        ('{"a": {"b": 1}}', "not_contains", "b", "an object of 1 members, with it"),
        ('{"a": "xyz"}', "contains", "b", "'xyz'"),
        ('{"b": 1}', "!=", 1, "nothing"),
        ('{"b": 1}', "not_contains", "x", "nothing"),
        ('{"b": 1}', "not_matches", "x", "nothing"),
        ("", "!=", 1, "an empty body"),
        ("<html>", "!=", 1, "text that is no JSON: Expecting value at character 1: '<html>'"),
        ("[NaN]", "!=", 1, "text that is no JSON: NaN is no JSON: '[NaN]'"),
        (f'{{"a": {"9" * 200}}}', "==", 1, "9" * 80 + "…"),
    ],
)
def test_a_message_tells_null_missing_and_empty_apart(body: str, op: str, value: Any, got: str) -> None:
    assert of_json(body, op, value).endswith(f" (got {got})")


def test_every_selected_value_must_hold_and_the_first_that_does_not_is_named() -> None:
    body = '{"services": [{"up": true}, {"up": false}]}'
    assert of_json(body, "==", True, path="$.services[0].up") == ""
    assert of_json(body, "==", True, path="$..up").endswith("(got false at $['services'][1]['up'])")
    assert of_json(body, "==", True, path="$.nothing[*]").endswith("(got nothing)")


def test_a_path_can_be_asked_whether_it_leads_anywhere() -> None:
    assert of_json('{"a": null}', "exists") == ""
    assert of_json('{"b": null}', "exists") == "expected json $.a exists (got nothing)"
    assert of_json('{"b": null}', "not_exists") == ""
    assert of_json('{"a": "boom"}', "not_exists") == "expected json $.a not exists (got 'boom')"
    assert "no JSON" in of_json("<html>", "not_exists")


def test_lengths_are_compared() -> None:
    assert of_json('{"a": [1, 2]}', ">=", 2, on="json_length") == ""
    assert of_json('{"a": "grün"}', "==", 4, on="json_length") == ""
    assert of_json('{"a": {}}', ">", 0, on="json_length") == "expected json_length $.a > 0 (got 0)"
    assert of_json('{"a": 7}', ">", 0, on="json_length").endswith("(got 7, which has no length)")
    assert of_json('{"b": 7}', ">=", 0, on="json_length").endswith("(got nothing)")


def test_json_that_was_cut_is_too_large_to_be_judged() -> None:
    text = of_json('{"a": 1}', "==", 1, body_bytes=70_000)
    assert text == "expected json $.a == 1 (got a body of 70000 bytes, too large to be judged as JSON)"
    assert of_json('{"a": 1}', "==", 1, body_bytes=70_000, judged_body='{"a": 1}') == ""


def test_several_conditions_share_what_may_be_visited() -> None:
    wide = json.dumps([[0]] * 30_000)
    result = RESULT.evolve(body_head="", judged_body=wide, body_bytes=len(wide))
    one = Expectation(on="json", path="$..*", op="exists")
    found = unmet_expectations(result, [one] * 5, NOW)
    assert 0 < len(found) < 5
    assert "too many values" in found[0][1]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"on": "body", "op": "not_matches", "value": "a("}, "is no regular expression: missing"),
        ({"on": "json", "path": "$[", "op": "exists"}, "the JSONPath is wrong at character 3"),
        ({"on": "json", "path": "$.a", "op": "not_matches", "value": "*"}, "at character 1"),
    ],
)
def test_what_could_never_be_judged_is_refused_and_never_counts_as_met(fields: dict[str, Any], fault: str) -> None:
    good = Expectation(on="json", path="$.a", op="exists")
    check_expectations([good])
    with pytest.raises(Invalid, match=f"^expectation 2: .*{fault}") as refused:
        check_expectations([good, Expectation(**fields)])
    assert refused.value.field == "expectations"
    (text,) = texts(RESULT.evolve(body_head='{"a": "x"}'), **fields)
    assert "(got no verdict: " in text
    assert fault in text


BODIES = (
    st.text()
    | st.binary().map(lambda data: data.decode("utf-8", "replace"))
    | st.text(st.characters(categories=["Cs", "Ll"]))
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner),
    ).map(json.dumps)
    | st.sampled_from(["[" * 60_000, '{"a":' * 60_000, "9" * 60_000, '{"a":1,"a":2}', "[1e9999999999999999999999]"])
)
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("a(*[x\\")
)
PATHS = st.sampled_from(["$", "$.a", "$..a", "$[*]", "$[?@.a > 1]", "$..[?@ == $.a]", "$["]) | st.text("$.[]*?@'a1")


@given(BODIES, PATHS, VALUES, st.data())
@settings(deadline=None)
def test_judging_never_raises_whatever_came(body: str, path: str, value: Any, data: st.DataObject) -> None:
    on = data.draw(st.sampled_from(["body", "json", "json_length"]))
    op = data.draw(st.sampled_from(operators_of(on)))
    fields = {"on": on, "op": op, **({} if on == "body" else {"path": path})}
    try:
        one = Expectation(**fields, **({} if op.endswith("exists") else {"value": value}))
    except ValueError:
        return
    result = RESULT.evolve(body_head=body, body_bytes=data.draw(st.sampled_from([None, len(body), 10**6])))
    settled = settle(result, CheckOptions(expectations=[one]), NOW)
    assert settled.status is not None
    assert len(settled.message) < 1500


def test_a_pattern_that_makes_others_hang_is_answered() -> None:
    body = RESULT.evolve(body_head="x" * BODY_HEAD_BYTES, body_bytes=BODY_HEAD_BYTES)
    assert texts(body, on="body", op="not_matches", value="(x+x+)+y") == []
