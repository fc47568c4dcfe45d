"""Histograms: how near their percentiles come, and that they are merged and stored without loss."""

import math
import random

import pytest
from hypothesis import given, strategies as st

from tocsin.model import histograms

COUNTS = st.dictionaries(st.integers(0, 2000), st.integers(1, 10**6), max_size=60)
SHARES = (0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)


def lognormal(dice: random.Random) -> float:
    return dice.lognormvariate(math.log(120_000), 0.5)


def bimodal(dice: random.Random) -> float:
    return dice.gauss(20_000, 1500) if dice.random() < 0.7 else dice.gauss(900_000, 60_000)


def heavy_tailed(dice: random.Random) -> float:
    return 5_000 * dice.paretovariate(1.1)


@pytest.mark.parametrize("draw", [lognormal, bimodal, heavy_tailed])
def test_every_percentile_is_within_two_percent(draw: "type") -> None:
    dice = random.Random(5)
    durations = sorted(max(1, round(draw(dice))) for _ in range(5000))
    histogram = histograms.build(durations)
    for share in SHARES:
        exact = durations[max(1, math.ceil(share * len(durations))) - 1] / 1000
        estimate = histograms.percentile(histogram, share)
        assert estimate == pytest.approx(exact, rel=0.02)


@given(st.integers(1, 86_400_000_000))
def test_one_duration_is_within_two_percent(duration: int) -> None:
    assert histograms.value_of(histograms.bucket_of(duration)) * 1000 == pytest.approx(duration, rel=0.0197)


def test_durations_below_a_microsecond_share_the_first_bucket() -> None:
    assert histograms.bucket_of(0) == histograms.bucket_of(1) == 0


def test_an_empty_histogram_has_no_percentile() -> None:
    assert histograms.percentile({}, 0.5) is None
    assert histograms.encode({}) == b""
    assert histograms.decode(b"") == {}


def test_shares_beyond_the_ends_mean_the_ends() -> None:
    histogram = histograms.build([1000, 2000, 3000])
    assert histograms.percentile(histogram, 0) == pytest.approx(1, rel=0.02)
    assert histograms.percentile(histogram, 2) == pytest.approx(3, rel=0.02)


@given(st.lists(st.integers(0, 10**9)), st.lists(st.integers(0, 10**9)))
def test_merging_loses_nothing(left: list[int], right: list[int]) -> None:
    merged = histograms.build(left)
    histograms.merge(merged, histograms.build(right))
    assert merged == histograms.build(left + right)


@given(COUNTS)
def test_a_histogram_comes_back_as_it_was_stored(histogram: dict[int, int]) -> None:
    assert histograms.decode(histograms.encode(histogram)) == histogram


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_joined_parts_come_apart_again(parts: list[bytes]) -> None:
    assert histograms.split(histograms.join(parts)) == parts


def test_an_hour_of_checks_takes_a_few_dozen_bytes() -> None:
    dice = random.Random(5)
    for checks, limit in ((60, 40), (360, 80), (3600, 150)):
        hour = histograms.build(round(dice.lognormvariate(math.log(120_000), 0.25)) for _ in range(checks))
        assert len(histograms.encode(hour)) <= limit
