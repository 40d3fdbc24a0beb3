"""Other people's programs that measure and judge ours: locked apart, as they pin old versions of what we use too."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from common.paths import cache_dir


def installed(lock: Path) -> Path:
    """The directory with the packages of a lock file, which are installed on first use and kept in the cache."""
    target = cache_dir() / "oracles" / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if not target.is_dir():
        partial = target.with_name(f"{target.name}.{os.getpid()}")
        options = ["--quiet", "--no-deps", "--require-hashes", "--target", str(partial), "--requirement", str(lock)]
        subprocess.run([sys.executable, "-m", "pip", "install", *options], check=True)
        try:
            partial.rename(target)
        except OSError:
            if not target.is_dir():  # no other process was quicker
                raise
            shutil.rmtree(partial)
    return target
