"""When a cloud may upgrade what it runs, and when it may not."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding
from spec.text import DnsLabel, TextRule

Day: TypeAlias = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
DateText: TypeAlias = Annotated[
    str, TextRule(Code.BAD_NAME, 'a date, in quotes: "2026-12-20"', "2[0-9]{3}-[01][0-9]-[0-3][0-9]", "2026-12-20")
]


class Freeze(StackModel):
    """Days without upgrades, such as the weeks before Christmas."""

    name: DnsLabel = Field(description="Unique among the freezes.")
    first: DateText = Field(description="The first day.")
    last: DateText = Field(description="The last day; the cloud allows about a month.")

    def findings(self) -> Iterator[Finding]:
        for key, text in (("first", self.first), ("last", self.last)):
            if isinstance(text, str) and not _is_date(text):
                yield Finding(Code.BAD_NAME, text, "a day of the calendar", "Write a day that exists.", at=(key,))
        if self.first > self.last:
            yield Finding(Code.OUT_OF_ORDER, self.first, f"at most last, {self.last}", "Swap them.", at=("first",))


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


class Maintenance(StackModel):
    """A window in each week. It is long, because clouds want 48 hours in a month."""

    day: Day = Field(default="Sunday", description="The day on which it begins.")
    start_hour: Annotated[int, Field(ge=0, le=23)] = Field(default=2, description="The hour, in UTC.")
    hours: Annotated[int, Field(ge=12, le=24)] = Field(default=12, description="How long it lasts.")
    freezes: Many[Freeze] = Field(default=(), description="Days on which nothing is upgraded all the same.")

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("freeze", "freezes", self.freezes)
