"""What measures tell, and how they take it: medians, and ratios pair by pair, as machines drift."""

from collections.abc import Callable
from statistics import median
from typing import Final, NotRequired, TypedDict, TypeVar

RUNS: Final = 7
Take = Callable[[], float]
T = TypeVar("T")


class Figure(TypedDict):
    """A measured value, with its rival's and their ratio where there is one.

    `goal` is the most that the ratio (without a rival: the value) should be.
    """

    name: str
    value: float
    unit: str
    rival: float | None
    ratio: float | None
    runs: int
    goal: NotRequired[float]


def single(name: str, unit: str, take: Take, runs: int = RUNS) -> Figure:
    """The median of `runs` takes, after one that does not count."""
    take()
    return told(name, unit, [take() for _ in range(runs)])


def told(name: str, unit: str, values: list[float]) -> Figure:
    """The figure of values that are taken already."""
    return Figure(name=name, value=_rounded(median(values)), unit=unit, rival=None, ratio=None, runs=len(values))


def pair(name: str, unit: str, ours: Take, theirs: Take, runs: int = RUNS) -> Figure:
    """Medians of both sides, and the median of the ratios of neighbouring takes; which side begins alternates."""
    return pairs_told(name, unit, pairs(ours, theirs, runs))


def pairs_told(name: str, unit: str, taken: list[tuple[float, float]]) -> Figure:
    """The same of pairs that are taken already."""
    return Figure(
        name=name,
        value=_rounded(median(one for one, _ in taken)),
        unit=unit,
        rival=_rounded(median(other for _, other in taken)),
        ratio=_rounded(median(one / other for one, other in taken)),
        runs=len(taken),
    )


def pairs(ours: Callable[[], T], theirs: Callable[[], T], runs: int = RUNS) -> list[tuple[T, T]]:
    """`runs` takes of each side in turn, after one of each that does not count."""
    ours()
    theirs()
    taken = []
    for run in range(runs):
        if run % 2:
            other = theirs()
            taken.append((ours(), other))
        else:
            taken.append((ours(), theirs()))
    return taken


def _rounded(value: float) -> float:
    return round(value, 3)
