"""When GKE may upgrade a cluster, and maintenance policies that it does not take for leaving it too little time.

kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions, November 2026: at least 48 hours in any 32 days, of
four hours or more each, also where exclusions take some of the windows; 30 days and three exclusions at most.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, groupby
from typing import Any, Final

_EXCLUSIONS, _DAYS = 3, 31  # a day more, as they end a second before midnight
_SPAN, _LEAST, _SHORTEST = 32 * 24, 48, 4  # hours
_HOUR: Final = timedelta(hours=1)
_MARGIN: Final = timedelta(days=40)
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_RECURRENCE: Final = re.compile(rf"FREQ=(?P<often>DAILY|WEEKLY)(;BYDAY=(?P<days>({'|'.join(_WEEKDAYS)})(,\w\w)*))?")

Interval = tuple[datetime, datetime]


def problems(policy: Mapping[str, Any]) -> Iterator[str]:
    """Why GKE does not take a policy."""
    exclusions = [each for each in policy.get("maintenanceExclusions", ()) if _of_all(each)]
    if len(exclusions) > _EXCLUSIONS:
        yield f"{len(exclusions)} maintenance exclusions of scope NO_UPGRADES, at most {_EXCLUSIONS} are allowed"
    for each in exclusions:
        first, last = _interval(each)
        if (last - first).days >= _DAYS - 1:
            yield f"maintenance exclusion {each['exclusionName']} is longer than {_DAYS - 1} days"
    if window := policy.get("recurringWindow"):
        yield from _of_window(window, [_interval(each) for each in exclusions])


def _of_window(window: Mapping[str, Any], exclusions: Sequence[Interval]) -> Iterator[str]:
    start, end = _interval(window)
    recurrence = _RECURRENCE.fullmatch(str(window.get("recurrence")))
    if end <= start:
        yield f"maintenance window ends {end:%FT%TZ}, which is not after its start {start:%FT%TZ}"
    elif recurrence is None:
        yield f"invalid recurrence of the maintenance window: {window.get('recurrence')}"
    elif _scarcest(start, end, recurrence, exclusions) < _LEAST:
        said = f"would go longer than {_SPAN // 24}d without {_LEAST}h maintenance availability"
        yield f"maintenance policy {said} of >={_SHORTEST}h contiguous duration"


def _scarcest(start: datetime, end: datetime, recurrence: re.Match[str], exclusions: Sequence[Interval]) -> int:
    """The fewest hours of any span."""
    begin = min([start, *(first for first, _ in exclusions)]) - _MARGIN
    hours = int((max([start, *(last for _, last in exclusions)]) + 2 * _MARGIN - begin) / _HOUR)
    days = (recurrence["days"] or ",".join(_WEEKDAYS)).split(",")
    length = int((end - start) / _HOUR)
    opens = [at.hour == start.hour and _WEEKDAYS[at.weekday()] in days for at in _hourly(begin, hours)]
    is_open = [any(opens[max(0, number - length + 1) : number + 1]) for number in range(hours)]
    free = [each and not _excluded(at, exclusions) for each, at in zip(is_open, _hourly(begin, hours), strict=True)]
    counted = [hour for is_free, run in groupby(free) for hour in _long_enough(is_free, len(list(run)))]
    sums = [0, *accumulate(counted)]
    return min(sums[number + _SPAN] - sums[number] for number in range(hours - _SPAN))


def _hourly(begin: datetime, hours: int) -> Iterator[datetime]:
    return (begin + number * _HOUR for number in range(hours))


def _long_enough(is_free: bool, length: int) -> list[bool]:
    return [is_free and length >= _SHORTEST] * length


def _excluded(at: datetime, exclusions: Sequence[Interval]) -> bool:
    return any(first < at + _HOUR and at < last for first, last in exclusions)


def _of_all(exclusion: Mapping[str, Any]) -> bool:
    options = exclusion.get("exclusionOptions") or {}
    return bool(options.get("scope", "NO_UPGRADES") == "NO_UPGRADES")


def _interval(given: Mapping[str, Any]) -> Interval:
    first, last = (datetime.fromisoformat(given[key]) for key in ("startTime", "endTime"))
    return first, last
