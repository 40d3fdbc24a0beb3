"""The client-side limit lets a burst through and then keeps the rate.

Guards against performance figures of a rehearsal that the official provider's limit would not allow.
"""

import time

import pytest

from rehearsal.providers.kubernetes.rate_limit import RateLimiter


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until its only item is changed."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_burst_passes_at_once_and_the_rest_at_the_rate(clock: list[float]) -> None:
    limiter = RateLimiter(qps=50, burst=120)
    assert [limiter.delay() for _ in range(120)] == [0] * 120
    assert [limiter.delay() for _ in range(3)] == pytest.approx([0.02, 0.04, 0.06])
    clock[0] += 0.5
    assert limiter.delay() == 0


def test_tokens_gather_up_to_the_burst_only(clock: list[float]) -> None:
    limiter = RateLimiter(qps=10, burst=2)
    clock[0] += 3600
    assert [limiter.delay() for _ in range(3)] == pytest.approx([0, 0, 0.1])


def test_a_rate_of_zero_is_client_gos_default_and_a_negative_one_is_no_limit(clock: list[float]) -> None:
    assert clock
    default = RateLimiter(qps=0, burst=0)
    assert [default.delay() for _ in range(11)][-1] == pytest.approx(0.2)
    assert [RateLimiter(qps=-1, burst=1).delay() for _ in range(10)] == [0] * 10
