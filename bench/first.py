"""`make up` on a machine that has nothing: a fresh clone, an empty cache, no Go modules. A quarter of an hour."""

import json
import os
import tempfile
from pathlib import Path

from bench.desk import run, seconds
from bench.figures import Figure, told
from common.paths import CHECKOUT


def measure() -> list[Figure]:
    """The whole command, then each of its steps of two seconds and more; what is on PATH is used all the same."""
    with tempfile.TemporaryDirectory() as scratch:
        clone, cache = Path(scratch, "clone"), Path(scratch, "cache")
        run(["git", "clone", "--quiet", CHECKOUT, clone], CHECKOUT, os.environ)
        # Go's build cache lies below XDG_CACHE_HOME by itself.
        caches = {"XDG_CACHE_HOME": str(cache), "GOMODCACHE": str(cache / "go-modules")}
        total = seconds(["make", "up"], clone, os.environ | caches)
        steps: dict[str, float] = json.loads((cache / "polykube" / "timings.json").read_text())
    steps["Python environment, the engine's own run and all else"] = total - sum(steps.values())
    figures = [told("make up, empty cache", "s", [total])]
    return figures + [told(f"make up, empty cache: {step}", "s", [value]) for step, value in steps.items()]
