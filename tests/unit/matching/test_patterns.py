"""Regular expressions: refused with the place of the fault, answered in time that grows only with the text."""

import pytest

from tocsin.matching.patterns import find, pattern_fault


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("ab(cd", "missing ) at character 3, '(cd'"),
        ("(a)b(c", "missing ) at character 5, '(c'"),
        ("a)b", "unexpected ) at character 2, ')b'"),
        (r"\((a[)(]b(", "missing ) at character 10, '('"),
        ("a(?=b)", "RE2 has no look-ahead at character 2, '(?=b)'"),
        ("(?<!b)a", "RE2 has no look-behind at character 1, '(?<!b)a'"),
        (r"(a)\1", r"invalid escape sequence at character 4, '\\1'"),
        ("x[z-a]", "invalid character class range at character 3, 'z-a]'"),
        ("a**", "bad repetition operator at character 2, '**'"),
        ("((a{99}){99}){99}", "invalid repetition size at character 4, '{99}){99}){99}'"),
        (r"(\pL{0,9}){0,99}", "its repetitions multiply to too many states"),
        (r".{900}.{900}", "its repetitions multiply to too many states"),
        ("a\ud800", "half of a surrogate pair at character 2"),
    ],
)
def test_a_wrong_pattern_is_refused_with_its_place(pattern: str, fault: str) -> None:
    assert fault in (pattern_fault(pattern) or "")
    with pytest.raises(ValueError, match="is no regular expression: "):
        find(pattern, "a")


@pytest.mark.parametrize("pattern", ["", "a", "(?i)OK", r"^\d+$", "é", "(?s).*", "a\0b"])
def test_a_usable_pattern_has_no_fault(pattern: str) -> None:
    assert pattern_fault(pattern) is None


def test_a_long_pattern_is_shown_shortened() -> None:
    assert (pattern_fault("x" * 99 + "(") or "").startswith(f"'{'x' * 40}…' is no regular")


def test_a_match_says_where_it_ends() -> None:
    assert find("(?i)ok", "all OK here") == (6, False)
    assert find("é", "é") == (2, True)
    assert find("x", "abc") is None
    assert find(r"\?", "a\ud800c") is None


@pytest.mark.parametrize("pattern", ["(x+x+)+y", "(a|a)*b", "([a-z]+)*$!", "(.*)*z"])
def test_patterns_that_make_others_hang_are_accepted_and_answered(pattern: str) -> None:
    assert pattern_fault(pattern) is None
    assert find(pattern, "xa" * 32 * 1024) is None
