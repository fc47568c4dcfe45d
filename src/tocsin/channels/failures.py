"""What a provider's answer means for the next try. Pure."""

import re
from collections.abc import Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime

from tocsin.errors import SendFailed
from tocsin.model.masks import MASK
from tocsin.model.messages import Outcome
from tocsin.model.times import as_utc

MAX_RETRY_AFTER_S = 86_400.0
_MIN_SECRET = 6

TEMPORARY_STATUSES = frozenset({408, 409, 421, 423, 425, 429})
"""Of the 4xx, those worth another try: time-out, conflict, misdirected, locked, too early, too many. All 5xx are."""

_ADVICE = {
    301: "write the address it moved to",
    302: "write the address it leads to",
    307: "write the address it leads to",
    308: "write the address it moved to",
    400: "it does not understand the request: check the address and the settings of this channel",
    401: "check the token or password",
    403: "the token or password may not do this",
    404: "there is nothing at this address any more: make a new one and write it here",
    405: "this address takes no such requests: check the method and the address",
    407: "the proxy wants a password",
    410: "it was removed: make a new one and write it here",
    413: "the message is too large for it",
    429: "it is asked too often",
}


def outcome_of(failure: SendFailed) -> Outcome:
    """Return what became of a try that ended so."""
    if failure.is_permanent:
        return Outcome.PERMANENT
    return Outcome.UNKNOWN if failure.may_have_arrived else Outcome.TEMPORARY


def is_permanent(status: int) -> bool:
    """Return whether the same request would be refused again: redirects, and 4xx but for a few."""
    return 300 <= status < 500 and status not in TEMPORARY_STATUSES


def advice_of(status: int) -> str:
    """Return what to do about an HTTP status, or nothing where only waiting helps."""
    return _ADVICE.get(status, "")


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, at most a day; None where it says nothing.

    Source: RFC 9110 section 10.2.3, whole seconds or an HTTP date; some send fractions.
    """
    if not header:
        return None
    text = header.strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return seconds_to_wait(float(text))
    try:
        at = as_utc(parsedate_to_datetime(text))
    except ValueError:
        return None
    return seconds_to_wait((at - as_utc(now)).total_seconds())


def seconds_to_wait(given: object) -> float | None:
    """Return a provider's number of seconds, between 0 and a day; None where it is no number."""
    if isinstance(given, bool) or not isinstance(given, int | float) or given != given:  # noqa: PLR0124 (NaN)
        return None
    return min(max(0.0, float(given)), MAX_RETRY_AFTER_S)


def hide(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with every secret masked, also where only the path of a secret URL stands in it."""
    pieces = {piece for secret in secrets for piece in _pieces(secret) if len(piece) >= _MIN_SECRET}
    for piece in sorted(pieces, key=len, reverse=True):
        text = text.replace(piece, MASK)
    return text


def _pieces(secret: str) -> list[str]:
    """A secret, and what follows the host where it is a URL: that is where webhooks keep theirs."""
    _, found, rest = secret.partition("://")
    if not found:
        return [secret]
    host, _, path = rest.partition("/")
    userinfo = host.rpartition("@")[0]
    return [secret, path, *re.split(r"[/?&=]", path), *userinfo.split(":")]


def excerpt(text: str, limit: int = 200) -> str:
    """Return the beginning of what a provider said, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
