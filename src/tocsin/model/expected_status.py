"""Which HTTP status codes mean that a website is well: the language of `expected_status`."""

import re
from functools import lru_cache

_PART = re.compile(r"(\d{3})(?:-(\d{3}))?|([1-5])xx", re.IGNORECASE)


@lru_cache(maxsize=1024)
def parse_expected_status(text: str) -> frozenset[int]:
    """Return the codes named by `text`: codes, ranges and classes joined by commas ("200,204,3xx,401-403").

    Raises:
        ValueError: a part is none of these, or a range runs backwards.
    """
    codes: set[int] = set()
    for part in text.replace(" ", "").split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is no status code, range or class; write for example 200-299,301,4xx")
        first, last, hundreds = match.groups()
        if hundreds:
            first, last = f"{hundreds}00", f"{hundreds}99"
        low, high = int(first), int(last or first)
        if not 100 <= low <= high <= 599:
            raise ValueError(f"{part!r} is not within 100-599, or runs backwards")
        codes.update(range(low, high + 1))
    return frozenset(codes)
