"""`python -m tests.mutation [--room ROOM] [FILE…]`: break modules, place by place, and tell how much tests notice."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Final

from common.files import write_atomically
from common.paths import CHECKOUT
from tests.mutation.mutants import Mutant, install_operators, mutants_of, sample_of
from tests.mutation.rooms import ROOMS, Room, room_named, room_of
from tests.mutation.trial import Trial

_RESULTS: Final = CHECKOUT / "build" / "mutation.txt"
_POLICY: Final = ROOMS[0].name


def main() -> None:
    """Try mutants, tell the score by module, and write those that nobody notices to build/mutation.txt."""
    arguments = argparse.ArgumentParser(prog="python -m tests.mutation", description="Break modules.")
    arguments.add_argument(
        "files", nargs="*", type=Path, help="modules to break, of one room (default: the whole room)"
    )
    arguments.add_argument("--room", type=room_named, help=f"one of {', '.join(room.name for room in ROOMS)}")
    arguments.add_argument("--part", type=int, default=1, metavar="N", help="try an N-th of each module's places")
    arguments.add_argument(
        "--count", type=int, metavar="N", help="try N places of the room, drawn from all its modules"
    )
    given = arguments.parse_args()
    files = [file.resolve() for file in given.files]
    room = given.room or (room_of(files[0]) if files else room_named(_POLICY))
    files = files or list(room.modules())
    install_operators()
    tries = sample_of(files, given.count) if given.count else {file: mutants_of(file, given.part) for file in files}
    with _bare_machine():
        _try(room, tries)


def _try(room: Room, tries: dict[Path, list[Mutant]]) -> None:
    trial, began, tried, unnoticed = Trial(room), monotonic(), 0, list[Mutant]()
    for file, mutants in tries.items():
        if not mutants:
            continue
        if not trial.can_judge(file):
            print(
                f"{file.relative_to(CHECKOUT)}: left out, as its tests fail when it is imported a second time",
                flush=True,
            )
            continue
        missed = [mutant for mutant in mutants if not trial.is_noticed(mutant)]
        tried += len(mutants)
        unnoticed += missed
        _tell(str(file.relative_to(CHECKOUT)), len(mutants), len(missed))
        for mutant in missed:
            print(f"  {mutant.title}", flush=True)
    write_atomically(_RESULTS, "".join(f"{mutant.title}\n" for mutant in unnoticed))
    _tell(room.name, tried, len(unnoticed))
    print(f"{monotonic() - began:.0f} s; what nobody noticed is in {_RESULTS.relative_to(CHECKOUT)}")


@contextmanager
def _bare_machine() -> Iterator[None]:
    """Until the end of the block, no tool: what needs one is skipped, here as elsewhere."""
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(CHECKOUT / "build" / "bytecode")
    with tempfile.TemporaryDirectory() as cache:
        os.environ |= {"POLYKUBE_WITHOUT_ENGINE": "1", "XDG_CACHE_HOME": cache, "PATH": os.defpath}
        yield


def _tell(what: str, tried: int, missed: int) -> None:
    if tried:
        print(f"{what}: {tried - missed} of {tried} noticed, {100 * (1 - missed / tried):.1f} %", flush=True)


if __name__ == "__main__":
    main()
