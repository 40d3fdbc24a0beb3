"""How long GKE may upgrade a cluster: in its windows, outside of its freezes.

It takes no freeze that leaves it less than 48 hours in any 32 days, of windows that last for four hours or longer
(kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions, limitations of exclusions, November 2026).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from components.clusters.maintenance import Freeze, Maintenance

LEAST: Final = timedelta(hours=48)
SPAN: Final = timedelta(days=32)
_SHORTEST: Final = timedelta(hours=4)
_WEEK: Final = timedelta(days=7)
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Interval = tuple[datetime, datetime]


def scarcest(maintenance: Maintenance) -> tuple[timedelta, datetime]:
    """The least time that its freezes leave in `SPAN`, and when that begins; there has to be a freeze."""
    frozen = sorted(map(_days, maintenance.freezes))
    begin, end = frozen[0][0] - SPAN - _WEEK, frozen[-1][1] + SPAN + _WEEK
    free = [each for window in _windows(maintenance, begin, end) for each in _outside(window, frozen)]
    free = [each for each in free if each[1] - each[0] >= _SHORTEST]
    # What is free in a span grows and shrinks with its beginning, and is least where a window has just ended, or
    # where the next one has not begun.
    starts = [each for window in free for each in (window[1], window[0] - SPAN)]
    return min((_within(start, free), start) for start in starts if begin <= start <= end - SPAN)


def _days(freeze: Freeze) -> Interval:
    first, last = (date.fromisoformat(each) for each in (freeze.first, freeze.last))
    return datetime.combine(first, time()), datetime.combine(last + timedelta(days=1), time())


def _windows(maintenance: Maintenance, begin: datetime, end: datetime) -> Iterator[Interval]:
    """The windows that begin in a time."""
    ahead = (_DAYS.index(maintenance.day) - begin.weekday()) % len(_DAYS)
    start = datetime.combine(begin.date() + timedelta(days=ahead), time(maintenance.start_hour))
    while start < end:
        yield start, start + timedelta(hours=maintenance.hours)
        start += _WEEK


def _outside(window: Interval, frozen: Sequence[Interval]) -> Iterator[Interval]:
    """What is left of a window between freezes, which are in order."""
    start, end = window
    for first, last in frozen:
        if first < end and last > start:
            yield start, first
            start = max(start, last)
    yield start, end


def _within(start: datetime, free: Sequence[Interval]) -> timedelta:
    overlaps = (min(last, start + SPAN) - max(first, start) for first, last in free)
    return sum((each for each in overlaps if each > timedelta()), timedelta())
