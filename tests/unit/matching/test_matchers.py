"""Label matchers, as Alertmanager writes and means them."""

import pytest
from hypothesis import given, strategies as st

from tocsin.matching.matchers import Matcher, matches_all, parse_matcher, parse_matchers
from tocsin.matching.patterns import compile_pattern

LABELS = {"alertname": "DiskFull", "instance": "web1", "severity": "warning"}


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        ('severity="warning"', Matcher("severity", "warning")),
        ("severity=warning", Matcher("severity", "warning")),
        (' severity != "page" ', Matcher("severity", "page", is_equal=False)),
        ('instance=~"web.*"', Matcher("instance", "web.*", is_regex=True)),
        ("instance!~db[0-9]+", Matcher("instance", "db[0-9]+", is_regex=True, is_equal=False)),
        (r'note="a \"b\" \\ \n"', Matcher("note", 'a "b" \\ \n')),
        ('"härte grad"="hoch"', Matcher("härte grad", "hoch")),
        ("empty=", Matcher("empty", "")),
    ],
)
def test_every_way_to_write_a_matcher_is_understood(text: str, matcher: Matcher) -> None:
    assert parse_matcher(text) == matcher


@pytest.mark.parametrize("text", ["foo", "", "=x", 'a="b', 'a="b"c"', "a b=c"])
def test_what_is_no_matcher_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="bad matcher format"):
        parse_matcher(text)


def test_a_pattern_that_is_none_is_refused_and_says_why() -> None:
    with pytest.raises(ValueError, match=r"no regular expression: missing"):
        parse_matcher('instance=~"web("')
    with pytest.raises(ValueError, match="name of a label"):
        Matcher("", "x")


def test_matchers_in_braces_are_cut_at_commas_outside_quotes() -> None:
    found = parse_matchers(['{a="1,2", b=~"x|y"}', "c=3", "{}"])
    assert found == (Matcher("a", "1,2"), Matcher("b", "x|y", is_regex=True), Matcher("c", "3"))


def test_patterns_match_whole_values_and_missing_labels_are_empty() -> None:
    assert Matcher("instance", "web.", is_regex=True).matches(LABELS)
    assert not Matcher("instance", "we", is_regex=True).matches(LABELS)
    assert Matcher("instance", "we", is_regex=True, is_equal=False).matches(LABELS)
    assert Matcher("job", "").matches(LABELS)
    assert Matcher("job", "x", is_equal=False).matches_empty
    assert not Matcher("job", "x").matches_empty
    assert matches_all((), {})
    assert not matches_all((Matcher("severity", "warning"), Matcher("instance", "web2")), LABELS)


def test_a_pattern_that_takes_others_for_ever_is_answered() -> None:
    assert compile_pattern("(a+)+$").fullmatch("a" * 50_000 + "!") is None


@given(st.text(min_size=1), st.text(), st.booleans(), st.booleans())
def test_the_json_form_comes_back_as_it_went(name: str, value: str, is_regex: bool, is_equal: bool) -> None:
    matcher = Matcher(name, "x" if is_regex else value, is_regex, is_equal)
    assert Matcher.from_dict(matcher.to_dict()) == matcher


@given(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,10}", fullmatch=True), st.text(), st.booleans())
def test_what_a_matcher_prints_is_read_back(name: str, value: str, is_equal: bool) -> None:
    matcher = Matcher(name, value, is_equal=is_equal)
    assert parse_matcher(str(matcher)) == matcher


def test_a_pattern_prints_with_its_own_operators() -> None:
    assert str(Matcher("a", "b.*", is_regex=True)) == 'a=~"b.*"'
    assert str(Matcher("a", "b.*", is_regex=True, is_equal=False)) == 'a!~"b.*"'
