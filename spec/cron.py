"""When something is to happen, as cron says it: five fields of numbers (crontab(5), robfig/cron v3)."""

import re
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
