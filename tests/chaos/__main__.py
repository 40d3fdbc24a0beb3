"""`python -m tests.chaos`: kill, starve and damage the product hundreds of times; see whether one rerun mends it."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock
from time import monotonic
from typing import Final

from common.paths import CHECKOUT
from tests.chaos import cases, damages, record
from tests.chaos.base import Base
from tests.chaos.cases import BLOCK, FAMILIES, Case
from tests.chaos.results import Results, failures, tables
from tests.chaos.trial import Result, play
from tests.chaos.world import World
from tests.support.recorded import commit

_RESULTS: Final = CHECKOUT / "tests" / "chaos" / "played.jsonl"
_BASE: Final = CHECKOUT / "build" / "chaos-base.json"
_SEED: Final = 14
_TELLING = Lock()


def main() -> None:
    """Play cases, tell how each went, and end with 1 when one did not converge."""
    for ended in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs would inherit SIGINT ignored
        signal.signal(ended, signal.default_int_handler)
    given = _arguments()
    wanted = _chosen(given)
    results = Results(_RESULTS)
    if given.resume:
        done = results.read(given.seed)
        wanted = [case for case in wanted if case.name not in done]
    print(
        f"seed {given.seed}, {len(wanted)} cases; one of them again: {_again(given.seed, 'FAMILY/NUMBER')}", flush=True
    )
    _play_all(wanted, results, given.workers, resume=given.resume)
    known = results.read(given.seed)
    ours = [known[case.name] for case in _chosen(given) if case.name in known]
    print(f"\n{tables(ours)}\n")
    for failure in failures(ours):
        print(f"✗ {failure}")
    if given.record:
        record.write(given.seed, ours)
    sys.exit(any(each["problems"] for each in ours))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description="Disturb runs, and look what comes of it."
    )
    parser.add_argument("--count", type=int, default=200, help="kills and damages; half as many pairs (default: 200)")
    parser.add_argument("--seed", type=int, default=_SEED, help="what all that is random follows from")
    parser.add_argument("--only", choices=FAMILIES, action="append", help="some families (default: all)")
    parser.add_argument("--case", action="append", help="single cases by name: kills/17")
    parser.add_argument("--workers", type=int, default=1, help="cases at the same time, each with a control plane")
    parser.add_argument("--resume", action="store_true", help="go on: leave out what tests/chaos/played.jsonl has")
    parser.add_argument(
        "--record", action="store_true", help="write the tables to docs/verification.md, as a run of its own date"
    )
    return parser.parse_args()


def _chosen(given: argparse.Namespace) -> list[Case]:
    if given.case:
        places = [name.split("/") for name in given.case]
        return [cases.cases(given.seed, family, int(number) + 1, damages.KINDS)[-1] for family, number in places]
    counts = {family: given.count // 2 if family == cases.PAIRS else given.count for family in FAMILIES}
    return [
        case
        for family in given.only or FAMILIES
        for case in cases.cases(given.seed, family, counts[family], damages.KINDS)
    ]


def _play_all(wanted: Sequence[Case], results: Results, workers: int, *, resume: bool) -> None:
    """Play in blocks: within one, a case leaves what the next needs."""
    if not wanted:
        return
    blocks: SimpleQueue[Sequence[Case]] = SimpleQueue()
    for first in range(0, len(wanted), len(BLOCK)):
        blocks.put(wanted[first : first + len(BLOCK)])
    with tempfile.TemporaryDirectory(prefix="polykube-chaos-", ignore_cleanup_errors=True) as root:
        worlds = [World(Path(root, str(number))) for number in range(workers)]
        try:
            base = (Base.kept(_BASE) if resume else None) or Base.found(worlds[0])
            base.keep(_BASE)
            _in_worlds(worlds, blocks, base, results)
        finally:
            for world in worlds:
                world.scrap()


def _in_worlds(worlds: Sequence[World], blocks: "SimpleQueue[Sequence[Case]]", base: Base, results: Results) -> None:
    interrupted = Event()
    with ThreadPoolExecutor(len(worlds)) as pool:
        try:
            list(pool.map(lambda world: _play_blocks(world, blocks, base, results, interrupted), worlds))
        except BaseException:
            interrupted.set()
            for world in worlds:
                world.end_processes()  # so that the case that is played comes to an end
            raise


def _play_blocks(
    world: World, blocks: "SimpleQueue[Sequence[Case]]", base: Base, results: Results, interrupted: Event
) -> None:
    for case in _drained(blocks):
        if interrupted.is_set():
            return
        began = monotonic()
        result = play(world, case, base.lengths, base.undisturbed)
        if interrupted.is_set():
            return
        results.add(result, commit=commit())
        with _TELLING:
            _tell(result, monotonic() - began)


def _drained(blocks: "SimpleQueue[Sequence[Case]]") -> Iterator[Case]:
    while not blocks.empty():
        yield from blocks.get()


def _tell(result: Result, seconds: float) -> None:
    case, mark = result.case, "✗" if result.problems else "✓"
    print(
        f"{mark} {case.name} {case.command}, {case.what}, {result.struck or 'over before'}, {seconds:.0f} s", flush=True
    )
    for problem in result.problems:
        print(f"    {problem}", flush=True)
    if result.problems:
        print(f"    again: {_again(case.seed, case.name)}", flush=True)


def _again(seed: int, case: str) -> str:
    return f".venv/bin/python -m tests.chaos --seed {seed} --case {case}"


if __name__ == "__main__":
    main()
