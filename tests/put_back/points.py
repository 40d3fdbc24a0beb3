"""The faults as the files of `points` tell them."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict

from common.paths import CHECKOUT

_POINTS: Final = Path(__file__).with_name("points")


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(_Told):
    """A fault: `passage`, which stands once in `file`, is `without` the mend; each of `tests` fails of it.

    Tests are named as pytest does; of one with parameters and none given, one case at least has to fail.
    """

    fault: str
    file: str
    passage: str
    without: str
    tests: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where the passage stands, below the root of the project."""
        return Path(self.file)

    @property
    def side(self) -> str:
        """Which side has it: the program, or a stand-in that would not show it."""
        return "stand-in" if self.path.parts[0] == "rehearsal" else "program"

    def put_into(self, text: str) -> str:
        """The text of the file with the fault; ValueError unless the passage stands there once."""
        if (times := text.count(self.passage)) != 1:
            raise ValueError(f"{self.file} has the passage of «{self.fault}» {times} times, not once")
        return text.replace(self.passage, self.without)


class Point(_Told):
    """What a cloud does, `title`, and the faults of whoever does not know it."""

    title: str
    faults: tuple[Fault, ...]
    file: Path

    @cached_property
    def number(self) -> int:
        """The number that the file begins with."""
        return int(self.file.name.partition("-")[0])


def read_points() -> Sequence[Point]:
    """All points, in the order of their numbers."""
    files = sorted(_POINTS.glob("*.yaml"))
    return [Point(file=file, **yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files]


def now_in(fault: Fault) -> str:
    """The text of the file that a fault is put into, as it is now."""
    return (CHECKOUT / fault.path).read_text(encoding="utf-8")
