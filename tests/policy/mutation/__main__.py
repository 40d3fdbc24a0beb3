"""`python -m tests.policy.mutation [FILE…]`: break modules, place by place, and tell how much of it tests notice."""

import argparse
import os
import sys
from pathlib import Path
from time import monotonic
from typing import Final

from common.files import write_atomically
from common.paths import CHECKOUT
from tests.policy.mutation.mutants import Mutant, mutants_of
from tests.policy.mutation.trial import Trial

_RESULTS: Final = CHECKOUT / "build" / "mutation.txt"


def main() -> None:
    """Try mutants, tell the score by module, and write those that nobody notices to build/mutation.txt."""
    arguments = argparse.ArgumentParser(prog="python -m tests.policy.mutation", description="Break rules.")
    arguments.add_argument("files", nargs="*", type=Path, help="modules to break (default: the whole policy pack)")
    arguments.add_argument("--part", type=int, default=1, metavar="N", help="try an N-th of each module's places")
    given = arguments.parse_args()
    files = [file.resolve() for file in given.files] or _modules()
    os.environ["POLYKUBE_WITHOUT_ENGINE"] = "1"
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(CHECKOUT / "build" / "bytecode")
    trial = Trial()
    began = monotonic()
    tried = 0
    unnoticed: list[Mutant] = []
    for file in files:
        mutants = mutants_of(file, given.part)
        missed = [mutant for mutant in mutants if not trial.is_noticed(mutant)]
        tried += len(mutants)
        unnoticed += missed
        _tell(str(file.relative_to(CHECKOUT)), len(mutants), len(missed))
        for mutant in missed:
            print(f"  {mutant.title}", flush=True)
    write_atomically(_RESULTS, "".join(f"{mutant.title}\n" for mutant in unnoticed))
    _tell("together", tried, len(unnoticed))
    print(f"{monotonic() - began:.0f} s; what nobody noticed is in {_RESULTS.relative_to(CHECKOUT)}")


def _modules() -> list[Path]:
    return sorted(CHECKOUT.glob("policy/**/*.py"))


def _tell(what: str, tried: int, missed: int) -> None:
    if tried:
        print(f"{what}: {tried - missed} of {tried} noticed, {100 * (1 - missed / tried):.1f} %", flush=True)


if __name__ == "__main__":
    main()
