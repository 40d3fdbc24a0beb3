"""`python -m bench [NAME…]`: take the measures, show them, and write them to build/bench.json."""

import argparse
import json
import signal
from collections.abc import Callable, Iterable
from typing import Final

from rich.table import Table

from automation.show import out, table
from bench import addons, check, clouds, first, health, objects, policy, preview, runs, scaling, up
from bench.desk import isolated
from bench.figures import Figure
from common.files import write_atomically
from common.paths import CHECKOUT
from common.progress import step

MEASURES: Final[dict[str, Callable[[], list[Figure]]]] = {
    "preview": preview.measure,
    "objects": objects.measure,
    "policy": policy.measure,
    "check": check.measure,
    "up": up.measure,
    "clouds": clouds.measure,
    "scaling": scaling.measure,
    "addons": addons.measure,
    "runs": runs.measure,
    "first": first.measure,
    "health": health.measure,
}
_ONLY_ON_REQUEST: Final = {"first", "health"}
_RESULTS: Final = CHECKOUT / "build" / "bench.json"


def main() -> None:
    """Take the measures that the command line names, or all that take minutes rather than a quarter of an hour."""
    arguments = argparse.ArgumentParser(prog="python -m bench", description="Measure against rivals.")
    arguments.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(MEASURES)}")
    names = arguments.parse_args().names or [name for name in MEASURES if name not in _ONLY_ON_REQUEST]
    if unknown := set(names) - MEASURES.keys():
        arguments.error(f"there is no measure {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: no control plane is left behind
    figures: list[Figure] = []
    for name in names:
        with step(f"measuring {name}", 60), isolated():
            figures += MEASURES[name]()
    write_atomically(_RESULTS, json.dumps(figures, indent=1) + "\n")
    out.print(_table(figures))
    out.print(f"wrote {_RESULTS.relative_to(CHECKOUT)}")


def _table(figures: Iterable[Figure]) -> Table:
    columns = ("what", "median", "unit", "rival", "ratio", "goal", "runs")
    return table("Measured", columns, [_row(figure) for figure in figures])


def _row(figure: Figure) -> tuple[str, ...]:
    goal = figure.get("goal")
    reached = goal is not None and (figure["value"] if figure["ratio"] is None else figure["ratio"]) <= goal
    verdict = "" if goal is None else f"{'✓' if reached else '✗'} ≤ {goal:g}"
    rival, ratio = ("" if number is None else f"{number:.2f}" for number in (figure["rival"], figure["ratio"]))
    return figure["name"], f"{figure['value']:.2f}", figure["unit"], rival, ratio, verdict, str(figure["runs"])


if __name__ == "__main__":
    main()
