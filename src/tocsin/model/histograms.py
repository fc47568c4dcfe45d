"""Histograms of durations: logarithmic buckets, mergeable, percentiles within 2 %, a few dozen bytes.

A duration of v microseconds falls into bucket ceil(log_γ v) with γ = 1.04; the estimate 2γ^i/(γ+1) is off by at
most (γ−1)/(γ+1) = 1.96 %. Two histograms are merged by adding their counts, exactly.
Source: Masson, Rim and Lee, "DDSketch", VLDB 2019, section 2.
"""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from math import ceil, log

GAMMA = 1.04
_LOG_GAMMA = log(GAMMA)
_SHORT = 16  # a gap and a count below this share one byte

Histogram = dict[int, int]
"""Bucket number → how many durations fell into it."""


def bucket_of(duration_us: int) -> int:
    """Return the bucket of a duration in microseconds; all below 1 µs share the first."""
    return ceil(log(duration_us) / _LOG_GAMMA) if duration_us > 1 else 0


def value_of(bucket: int) -> float:
    """Return the duration that stands for a bucket, in milliseconds."""
    return 2 * GAMMA**bucket / (GAMMA + 1) / 1000


def build(durations_us: Iterable[int]) -> Histogram:
    """Return the histogram of durations in microseconds."""
    counts: Histogram = {}
    for duration in durations_us:
        bucket = bucket_of(duration)
        counts[bucket] = counts.get(bucket, 0) + 1
    return counts


def merge(into: Histogram, other: Mapping[int, int]) -> None:
    """Add the counts of `other` to `into`."""
    for bucket, count in other.items():
        into[bucket] = into.get(bucket, 0) + count


def percentile(histogram: Mapping[int, int], share: float) -> float | None:
    """Return the duration in milliseconds that `share` (0 to 1) of all stay at or below; None where there are none."""
    total = sum(histogram.values())
    if not total:
        return None
    wanted = min(total, max(1, ceil(share * total)))
    buckets = sorted(histogram)
    seen = accumulate(histogram[bucket] for bucket in buckets)
    return next(value_of(bucket) for bucket, count in zip(buckets, seen, strict=True) if count >= wanted)


def encode(histogram: Mapping[int, int]) -> bytes:
    """Return the compact form: per used bucket the gap to the one before and the count, mostly in one byte."""
    out = bytearray()
    last = -1
    for bucket in sorted(histogram):
        gap, count = bucket - last, histogram[bucket]
        last = bucket
        if gap < _SHORT and count < _SHORT:
            out.append(gap << 4 | count)
        else:
            out.append(0)
            _write_number(out, gap)
            _write_number(out, count)
    return bytes(out)


def decode(data: bytes) -> Histogram:
    """Return the histogram of which `encode` made `data`."""
    histogram: Histogram = {}
    bucket, position = -1, 0
    while position < len(data):
        gap, count = data[position] >> 4, data[position] & 15
        position += 1
        if not gap:
            gap, position = _read_number(data, position)
            count, position = _read_number(data, position)
        bucket += gap
        histogram[bucket] = count
    return histogram


def join(parts: Iterable[bytes]) -> bytes:
    """Return several encoded histograms as one value, each behind its length."""
    out = bytearray()
    for part in parts:
        _write_number(out, len(part))
        out += part
    return bytes(out)


def split(data: bytes) -> list[bytes]:
    """Return the parts that `join` put together."""
    parts = []
    position = 0
    while position < len(data):
        length, position = _read_number(data, position)
        parts.append(data[position : position + length])
        position += length
    return parts


def _write_number(out: bytearray, number: int) -> None:
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


def _read_number(data: bytes, position: int) -> tuple[int, int]:
    """Return the number that begins at `position`, and the position behind it."""
    number = shift = 0
    while data[position] > 127:
        number |= (data[position] & 127) << shift
        shift += 7
        position += 1
    return number | data[position] << shift, position + 1
