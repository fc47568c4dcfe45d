"""A fault of the world, those of every socket, and how long a wait was, in words."""

import errno
import os
from dataclasses import dataclass

from tocsin.model.enums import Cause, Phase

NO_ROUTE = frozenset(
    {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM, errno.EADDRNOTAVAIL, errno.ENETDOWN}
    | {errno.EHOSTDOWN, errno.EAFNOSUPPORT, errno.EINVAL}
)
RESETS = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})
_NEARLY = 0.98  # what steps before took of the time, unless it is worth telling


@dataclass(frozen=True, slots=True)
class Fault:
    """Why no complete answer came: the cause, the step it lies in and one sentence for people."""

    cause: Cause
    phase: Phase
    message: str


def seconds(value: float) -> str:
    """Return a length of time as people write it: "0.75 s", "30 s"."""
    if value < 0.1:
        return f"{value:.2g} s"
    return f"{round(value, 2):g} s" if value < 10 else f"{value:.0f} s"


def limit_text(limit_s: float, wanted_s: float) -> str:
    """Return how long was waited, and why no longer where that is less than the `wanted_s` of the check's options."""
    text = seconds(limit_s)
    return f"{text}, what was left of this check's time" if limit_s < _NEARLY * wanted_s else text


def socket_fault(number: int, where: str, reason: str) -> Fault:
    """Say why no connection to `where` came about: errno `number`, or `reason` where that is 0."""
    if number == errno.ECONNREFUSED:
        return Fault(Cause.CONNECT_REFUSED, Phase.CONNECT, f"Nobody listens on {where} (connection refused)")
    if number in NO_ROUTE:
        return Fault(Cause.NO_ROUTE, Phase.CONNECT, f"There is no route to {where} ({errno_text(number)})")
    if number == errno.ETIMEDOUT:
        return Fault(Cause.CONNECT_TIMEOUT, Phase.CONNECT, f"{where} did not answer (the system gave up connecting)")
    cause = Cause.CONNECT_RESET if number in RESETS else Cause.NO_ROUTE
    text = errno_text(number) if number else reason
    return Fault(cause, Phase.CONNECT, f"No connection to {where} came about ({text})")


def errno_text(number: int) -> str:
    """Return an errno in the system's words, in lower case."""
    return os.strerror(number).lower()
