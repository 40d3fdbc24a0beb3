"""`python -m tests.put_back`: put mended faults back, one by one, and tell which are noticed."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from tests.put_back import record
from tests.put_back.points import Fault, Point, read_points
from tests.put_back.trial import Copy


def main() -> None:
    """Try the faults, and end with 1 when a test does not notice one of them."""
    given = _arguments()
    points = [point for point in read_points() if not given.only or point.number in given.only]
    missed: dict[Fault, Sequence[str]] = {}
    with tempfile.TemporaryDirectory(prefix="polykube-put-back-") as directory:
        copy = Copy(Path(directory))
        _pass_without(copy, points)
        for point in points:
            print(f"{point.number}. {point.title}", flush=True)
            missed |= {fault: silent for fault in point.faults if (silent := _silent(copy, fault))}
    tried = sum(len(point.faults) for point in points)
    print(f"{tried - len(missed)} of {tried} faults noticed by all that should")
    if given.record:
        record.write(points, missed)
    sys.exit(bool(missed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.put_back", description="Put mended faults back.")
    parser.add_argument(
        "--only", type=int, action="append", metavar="N", help="the faults of one point (may be given more than once)"
    )
    parser.add_argument("--record", action="store_true", help="write the table to docs/verification.md")
    given = parser.parse_args()
    if given.record and given.only:
        parser.error("--record tells of all points")
    return given


def _pass_without(copy: Copy, points: Sequence[Point]) -> None:
    """Exit unless all tests pass as long as nothing is put back."""
    tests = dict.fromkeys(test for point in points for fault in point.faults for test in fault.tests)
    if failing := copy.failing(list(tests)):
        sys.exit(f"these fail without any fault: {' '.join(sorted(failing))}")


def _silent(copy: Copy, fault: Fault) -> Sequence[str]:
    """The tests that should notice the fault and do not; how it went is printed."""
    began = monotonic()
    with copy.having(fault):
        failing = copy.failing(fault.tests)
    silent = [test for test in fault.tests if test not in failing]
    print(f"  {'✗' if silent else '✓'} {fault.side}: {fault.fault}, {monotonic() - began:.0f} s", flush=True)
    for test in silent:
        print(f"      not noticed by {test}", flush=True)
    return silent


if __name__ == "__main__":
    main()
