"""The table of points, faults and tests, in docs/verification.md."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from common.paths import CHECKOUT
from tests.put_back.points import Fault, Point
from tests.support.recorded import commit, put_between

_PAGE: Final = CHECKOUT / "docs" / "verification.md"


def write(points: Sequence[Point], missed: Mapping[Fault, Sequence[str]]) -> None:
    """Put the table of a whole run between its marks; `missed` are tests that did not notice their fault."""
    faults = [fault for point in points for fault in point.faults]
    head = (
        f"Put back on {datetime.now(UTC):%Y-%m-%d}, commit {commit()}: {len(faults)} faults of {len(points)} things "
        f"that clouds do; {len(faults) - len(missed)} were noticed by every test that is named."
    )
    rows = ["| what a cloud does | the fault | whose | noticed by |", "|-|-|-|-|", *_rows(points, missed)]
    put_between(_PAGE, "put back", "make put-back", "\n\n".join([head, "\n".join(rows)]))


def _rows(points: Sequence[Point], missed: Mapping[Fault, Sequence[str]]) -> Iterator[str]:
    for point in points:
        title = f"{point.number}. {point.title}"
        for fault in point.faults:
            tests = "<br>".join(_shown(test, noticed=test not in missed.get(fault, ())) for test in fault.tests)
            yield f"| {title} | {fault.fault} | {fault.side} | {tests} |"
            title = ""


def _shown(test: str, *, noticed: bool) -> str:
    file, _, name = test.partition("::")
    return f"{'' if noticed else 'not by '}[{file.rpartition('/')[2]}](../{file}) {name}"
