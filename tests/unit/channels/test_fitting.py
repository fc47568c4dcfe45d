from collections.abc import Callable

import pytest
from hypothesis import given, strategies

from tests.support.messages import FAMILY, NOW, huge, sample
from tocsin.channels.texts.composition import Text, compose
from tocsin.channels.texts.cutting import CUT, cut, utf8, utf16
from tocsin.channels.texts.fitting import ANY_LENGTH, LADDER, Detail, fit, shrink
from tocsin.channels.texts.markup import PLAIN, body_of
from tocsin.channels.texts.wording import When
from tocsin.model.messages import MessageKind

WHEN = When(NOW)


def plain(text: Text) -> str:
    return f"{text.subject}\n{body_of(text, PLAIN)}"


MEASURES = [len, utf16, utf8]


def test_characters_are_counted_as_the_provider_counts_them() -> None:
    assert (len("é🔥"), utf16("é🔥"), utf8("é🔥")) == (2, 3, 6)


@given(text=strategies.text(max_size=200), limit=strategies.integers(0, 60), measure=strategies.sampled_from(MEASURES))
def test_what_is_cut_measures_no_more_than_allowed(text: str, limit: int, measure: Callable[[str], int]) -> None:
    done = cut(text, limit, measure)
    assert measure(done) <= max(limit, measure(CUT) if limit >= len(CUT) else limit * 3)
    assert done == text if measure(text) <= limit else len(done) < len(text) or CUT.startswith(done[-len(CUT) :][:1])


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("limit", [20, 33, 64, 100])
def test_a_cut_is_seen_and_within_the_limit(measure: Callable[[str], int], limit: int) -> None:
    for text in ("x" * 500, "🔥" * 500, FAMILY * 100, "word " * 100, "é" * 500):
        done = cut(text, limit, measure)
        assert measure(done) <= limit
        assert done.endswith(CUT)


def test_a_cut_falls_between_words_and_emoji() -> None:
    assert cut("one two three four five six", 22) == "one two three" + CUT
    assert cut(FAMILY * 3, 20) == FAMILY + CUT
    assert cut("👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽", 10) == "👍🏽" + CUT
    assert cut("1\ufe0f\u20e3" * 10, 12) == "1\ufe0f\u20e3" + CUT
    assert cut("unbrokenunbrokenunbroken", 12) == "unbro" + CUT


def test_what_is_joined_without_end_is_cut_all_the_same() -> None:
    assert cut("a" + "\u200d" * 500, 60) == "a" + "\u200d" * 52 + CUT
    assert cut("\u200d" * 500, 10).endswith(CUT)


def test_where_there_is_no_room_even_for_the_mark_its_beginning_is_left() -> None:
    assert cut("a long text", 4) == CUT[:4]
    assert cut("a long text", -1) == ""


def test_the_whole_text_is_kept_where_it_fits() -> None:
    text = compose(sample(MessageKind.FIRING), WHEN)
    assert fit(text, 2000, lambda one: one, lambda _: True) is text


def test_a_text_is_shortened_step_by_step_and_says_so() -> None:
    text = compose(huge(MessageKind.FIRING, "word "), WHEN)
    whole = [plain(shrink(text, detail)) for detail in LADDER]
    for limit in (100_000, 20_000, 4_000, 1_000, 700):
        said = fit(text, limit, plain, lambda built, limit=limit: len(built) <= limit)  # type: ignore[misc]
        assert said == next(one for one in whole if len(one) <= limit)
        assert CUT in said


def test_even_the_narrowest_channel_hears_what_it_is_about() -> None:
    text = compose(huge(MessageKind.FIRING), WHEN)
    least = fit(text, ANY_LENGTH, plain, lambda _: False)
    assert len(least) <= 50
    assert least.startswith("[REPEAT?] [CRITICAL] ")
    assert least.endswith(CUT)


def test_the_link_is_given_up_last() -> None:
    text = compose(sample(MessageKind.FIRING), WHEN)
    assert "https://tocsin.example/alerts/12" in body_of(shrink(text, Detail(0, 160)), PLAIN)
    assert "https" not in body_of(shrink(text, Detail(0, 100)), PLAIN)


def test_lines_that_are_left_off_are_counted() -> None:
    text = shrink(compose(sample(MessageKind.FIRING), WHEN), Detail(1, 1000))
    assert "1. Look whether the web server runs: systemctl status nginx\n… and 1 more, https://" in body_of(text, PLAIN)


def test_every_step_is_smaller_than_the_one_before() -> None:
    assert [(one.lines, one.characters) for one in LADDER] == sorted(
        ((one.lines, one.characters) for one in LADDER), reverse=True
    )
