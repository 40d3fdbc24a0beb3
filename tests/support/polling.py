"""Waiting for a condition, in place of sleeping for luck."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL = 0.1  # seconds
PATIENCE = 120.0  # seconds; far more than anything takes on a machine that is not overloaded


def eventually(probe: Callable[[], T | None], timeout: float = PATIENCE, what: str = "the condition") -> T:
    """The first truthy answer of `probe`; AssertionError, naming `what`, when there is none in `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (answer := probe()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:.0f} s in vain for {what}; last seen: {answer!r}")
        time.sleep(_POLL)
    return answer
