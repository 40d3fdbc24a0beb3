"""Which cases there are: each follows from seed, family and number, so that any can be played again by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

KILLS, PAIRS, DAMAGES = "kills", "pairs", "damages"
FAMILIES: Final = (KILLS, PAIRS, DAMAGES)

REHEARSE: Final = "rehearse"
LIFE: Final = ("up", "refresh", "change", "down")  # each leaves what the next one needs
BLOCK: Final = (*LIFE, *LIFE, REHEARSE)

DISK_FULL, NO_SPACE, IO_ERROR, SHORT, TORN = "disk full", "ENOSPC", "EIO", "short write", "torn write"
DISK: Final = (DISK_FULL, NO_SPACE, IO_ERROR, SHORT, TORN)
"""What becomes of a write of the state; a torn one is written by half, and then its process is killed."""

_IN_A_CLUSTER: Final = ("provider kubernetes", "API server", "etcd")
_RUNS: Final = ("engine", "polykube", "process group")
VICTIMS: Final = {
    "up": (*_RUNS, "program", "policies", *_IN_A_CLUSTER, *DISK),
    "refresh": ("engine", "process group", *_IN_A_CLUSTER, *DISK),
    "change": (*_RUNS, "program", "policies", *_IN_A_CLUSTER, "provider random", *DISK),
    "down": (*_RUNS, "provider kubernetes", *DISK),
    REHEARSE: (*_RUNS, "program", "policies", "provider of a cloud", *_IN_A_CLUSTER),
}
TOGETHER: Final = (
    ("up", "up"),
    ("up", "preview"),
    ("up", "recover"),
    ("up", "down"),
    ("change", "up"),
    ("preview", "preview"),
    ("down", "down"),
    ("down", "up"),
    ("up", "pulumi up"),
    ("recover", "recover"),
)


@dataclass(frozen=True)
class Case:
    """One case: `what` happens to `command` when it has got to the part `moment` (0 … 1) of its way."""

    seed: int
    family: str
    number: int
    command: str
    what: str
    moment: float

    @property
    def name(self) -> str:
        """`kills/17`, as `--case` takes it."""
        return f"{self.family}/{self.number}"

    @property
    def random(self) -> Random:
        """What else is left to chance in it."""
        return chance(f"{self.seed}/{self.name}/details")


def chance(seed: str) -> Random:
    """What seems random, and is the same for the same seed."""
    return Random(seed)  # noqa: S311 - nothing is kept secret by it


def cases(seed: int, family: str, count: int, damages: Sequence[str] = ()) -> list[Case]:
    """The first `count` cases of a family; `damages` are the kinds of damage that there are."""
    return [_case(seed, family, number, damages) for number in range(count)]


def _case(seed: int, family: str, number: int, damages: Sequence[str]) -> Case:
    luck = chance(f"{seed}/{family}/{number}")
    command, what = "up", ""
    if family == KILLS:
        command = BLOCK[number % len(BLOCK)]
        what = _in_turn(seed, command, VICTIMS[command], _how_often(number, command))
    elif family == PAIRS:
        command, what = TOGETHER[number % len(TOGETHER)]
    else:
        what = _in_turn(seed, family, damages, number)
    return Case(seed, family, number, command, what, luck.random())


def _how_often(number: int, command: str) -> int:
    """How many cases of the command come before that with this number."""
    return sum(BLOCK[each % len(BLOCK)] == command for each in range(number))


def _in_turn(seed: int, of: str, choices: Sequence[str], number: int) -> str:
    """Every choice as often as the others, in an order that the seed says."""
    order = list(choices)
    chance(f"{seed}/{of}").shuffle(order)
    return order[number % len(order)]
