"""How fast a wrong stack file is refused."""

import os
import tempfile
from pathlib import Path

from bench.desk import POLYKUBE, Command, seconds
from bench.figures import Figure, single
from common.errors import StackFileError
from common.paths import CHECKOUT


def measure() -> list[Figure]:
    """The whole command, on the stack file `dev` with two mistakes in it."""
    right = (CHECKOUT / "Pulumi.dev.yaml").read_text()
    wrong = right.replace("nodes:", "nodez:").replace("manifests: [examples/shop]", "manifests: [nowhere]")
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        (directory / "Pulumi.yaml").write_text("name: polykube\nruntime: python\n")
        (directory / "Pulumi.wrong.yaml").write_text(wrong)
        command: Command = [POLYKUBE, "check", "--stack", "wrong"]
        refused = StackFileError.exit_code
        figure = single("check of a wrong stack file", "s", lambda: seconds(command, directory, os.environ, refused))
        return [figure | {"goal": 2.0}]
