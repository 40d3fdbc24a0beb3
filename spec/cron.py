"""When something is to happen, as cron says it: five fields of numbers (crontab(5), robfig/cron v3)."""

import re
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, WithJsonSchema

from spec.model import refused
from spec.problems import Code, Finding, quoted

_FIELDS: Final = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
_STEP: Final = r"(\*|[0-9]{1,2}(-[0-9]{1,2})?)(/[0-9]{1,2})?"
_FIELD: Final = rf"{_STEP}(,{_STEP})*"
_PATTERN: Final = rf"{_FIELD}( {_FIELD}){{4}}"
_ALLOWED: Final = "minute, hour, day of the month, month and weekday, in UTC: 0 7 * * *"


def _check(text: str) -> str:
    if re.fullmatch(_PATTERN, text) is None:
        raise refused(Finding(Code.NOT_ALLOWED, quoted(text), _ALLOWED, 'Write "0 7 * * *", say.'))
    for field, (name, lowest, highest) in zip(text.split(), _FIELDS, strict=True):
        for part in field.split(","):
            bounds, _, step = part.partition("/")
            numbers = [] if bounds == "*" else [int(number) for number in bounds.split("-")]
            if sorted(numbers) != numbers or not all(lowest <= number <= highest for number in numbers) or step == "0":
                found = f"{quoted(part)} as the {name}"
                remedy = "Write one that there is, or the smaller one first."
                raise refused(Finding(Code.OUT_OF_RANGE, found, f"{lowest} to {highest}", remedy))
    return text


Cron: TypeAlias = Annotated[
    str,
    AfterValidator(_check),
    WithJsonSchema({"type": "string", "pattern": f"^{_PATTERN}$", "examples": ["0 7 * * *"]}),
]


_FROM: Final = date(2024, 1, 1)
_YEAR: Final = 366  # days; a leap year, and one more with its first day, are looked at
_SUNDAY: Final = 6  # as Python numbers weekdays; cron begins with it


def longest_pause(cron: Cron) -> timedelta:
    """The longest time from one firing to the next, of whole days where it is more than one; a year if it never fires.

    A day has to fit month, and either of day and weekday where both are limited, as crontab(5) has it.
    """
    minutes, hours, days, months, weekdays = (
        _numbers(field, lowest, highest) for field, (_, lowest, highest) in zip(cron.split(), _FIELDS, strict=True)
    )
    _, _, day, _, weekday = cron.split()
    either = not day.startswith("*") and not weekday.startswith("*")
    fitting = []
    for number in range(2 * _YEAR):
        today = _FROM + timedelta(days=number)
        by_day, by_weekday = today.day in days, (today.weekday() - _SUNDAY) % 7 in weekdays
        if today.month in months and ((by_day or by_weekday) if either else (by_day and by_weekday)):
            fitting.append(number)
    times = sorted(hour * 60 + minute for hour in hours for minute in minutes)
    within = max((later - earlier for earlier, later in pairwise(times)), default=0)
    overnight = max((later - earlier for earlier, later in pairwise(fitting)), default=_YEAR)
    return timedelta(minutes=max(within, overnight * 24 * 60 + times[0] - times[-1]))


def _numbers(field: str, lowest: int, highest: int) -> set[int]:
    """Those that a field names."""
    found: set[int] = set()
    for part in field.split(","):
        bounds, _, step = part.partition("/")
        first, _, last = ("", "", "") if bounds == "*" else bounds.partition("-")
        begin = int(first or lowest)
        end = int(last or (highest if bounds == "*" or step else begin))
        found.update(range(begin, end + 1, int(step or 1)))
    return found
