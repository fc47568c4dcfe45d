"""A brake on guessing passwords: so many failures a minute for one name or from one address, then a pause."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock

from tocsin.errors import TooManyTries

FAILURES = 5
WINDOW_S = 60.0
MAX_KEYS = 10_000


class LoginThrottle:
    """Counts tries by name and by address, in memory. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def begin(self, *keys: str) -> None:
        """Count a try under each key. It counts as failed until `forgive`, so that many at once gain nothing.

        Raises:
            TooManyTries: one of the keys has used up its failures; says when the next try is welcome.
        """
        with self._lock:
            now = self._clock()
            wait = max(self._wait(key, now) for key in keys)
            if wait > 0:
                seconds = int(wait) + 1
                raise TooManyTries(f"too many failed logins; try again in {seconds} s", retry_after_s=seconds)
            for key in keys:
                self._tries.setdefault(key, deque()).append(now)
                self._tries.move_to_end(key)
            while len(self._tries) > MAX_KEYS:
                self._tries.popitem(last=False)

    def forgive(self, *keys: str) -> None:
        """Forget the tries of these keys: somebody got in."""
        with self._lock:
            for key in keys:
                self._tries.pop(key, None)

    def _wait(self, key: str, now: float) -> float:
        """Return for how many seconds no further try is welcome; 0 or less: it is."""
        tries = self._tries.get(key, deque())
        while tries and now - tries[0] >= WINDOW_S:
            tries.popleft()
        return tries[0] + WINDOW_S - now if len(tries) >= FAILURES else 0.0
