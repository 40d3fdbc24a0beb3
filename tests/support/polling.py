"""Waiting for a condition, in place of sleeping for luck."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

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


def awaited(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine comes to.

    asyncio.run would take the thread's event loop away, which Pulumi's SDK needs in every later test of the process.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()
