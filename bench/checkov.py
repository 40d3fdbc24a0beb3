"""checkov 3.3: it looks at objects one by one, with 140 rules for Kubernetes.

It is installed into the cache on first use, apart from everything else.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.desk import Command
from tests.support.locked import installed

_LOCK: Final = Path(__file__).with_name("checkov.lock")


def command(file: Path) -> tuple[Command, Mapping[str, str]]:
    """The command that checks a file, and its environment."""
    program = "from checkov.main import Checkov; import sys; sys.exit(Checkov().run())"
    options = ("--framework", "kubernetes", "--skip-download", "--output", "json", "--compact")
    return (
        [sys.executable, "-S", "-c", program, *options, "--file", file],
        os.environ | {"PYTHONPATH": str(installed(_LOCK))},
    )
