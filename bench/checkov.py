"""The rival that checks manifests: checkov 3.3, which looks at objects one by one, with 140 rules for Kubernetes.

It is installed into the cache on first use, apart from everything else.
"""

import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from bench.desk import POLYKUBE, Command, seconds
from bench.figures import Figure, pair
from tests.support.locked import installed

_LOCK: Final = Path(__file__).with_name("checkov.lock")
_FOUND: Final = 1  # the exit code of both when they have something to say
_RUNS: Final = 3


def measure(objects: Iterable[Mapping[str, Any]]) -> Figure:
    """Both commands from start to end, on one file with `objects`."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        file = directory / "manifests.yaml"
        file.write_text(yaml.safe_dump_all(objects))
        ours: Command = [POLYKUBE, "policy", "check", file, "--json"]
        theirs: Command = [
            *(sys.executable, "-S", "-c", "from checkov.main import Checkov; import sys; sys.exit(Checkov().run())"),
            *("--framework", "kubernetes", "--skip-download", "--output", "json", "--compact", "--file", file),
        ]
        environment = os.environ | {"PYTHONPATH": str(installed(_LOCK))}
        return pair(
            "policy check of a file of 1,000 objects; rival: checkov",
            "s",
            lambda: seconds(ours, directory, os.environ, _FOUND),
            lambda: seconds(theirs, directory, environment, _FOUND),
            _RUNS,
        )
