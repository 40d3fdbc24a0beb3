"""The client-side limit on requests, a token bucket as client-go's: `qps` on average, `burst` at once."""

import threading
import time
from typing import Final

_DEFAULT_QPS: Final = 5.0  # client-go's, for a rate that is given as 0
_DEFAULT_BURST: Final = 10


class RateLimiter:
    """Lets callers through at `qps` requests a second once `burst` are used up; a negative `qps` is no limit."""

    def __init__(self, qps: float, burst: int) -> None:
        self._qps = qps or _DEFAULT_QPS
        self._burst = burst or _DEFAULT_BURST
        self._tokens = float(self._burst)
        self._filled = time.monotonic()
        self._lock = threading.Lock()

    def delay(self) -> float:
        """Take a turn: the seconds that the caller has to wait for it."""
        if self._qps < 0:
            return 0.0
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._qps) - 1
            self._filled = now
            return max(0.0, -self._tokens / self._qps)
