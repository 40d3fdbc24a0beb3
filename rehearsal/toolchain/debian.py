"""Debian's packages: unpacked into the cache without being installed, from where apt of this computer has its own."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from common.errors import Problem, ToolchainError, last_words
from common.paths import cache_dir
from common.progress import Step
from rehearsal.toolchain import cache

# As apt-get(8) prints them: 'ADDRESS' FILE SIZE HASH
_URI: Final = re.compile(r"^'(?P<address>[^']+)' (?P<file>\S+) \d+ \S+$", re.MULTILINE)
_TIMEOUT: Final = 300  # seconds


def unpacked(*names: str) -> Path:
    """A directory with what is in these packages; ToolchainError (PK217) when they cannot be had."""
    printed = _apt("download", "--print-uris", names)
    files = sorted(each["file"] for each in _URI.finditer(printed))
    key = hashlib.sha256(printed.encode()).hexdigest()[:12]

    def unpack(place: Path, _: Step) -> None:
        scratch = place / "archives"
        scratch.mkdir()
        _apt("download", "--quiet", names, scratch)
        for file in files:
            subprocess.run(["dpkg-deb", "--extract", scratch / file, place], check=True)  # noqa: S607
        shutil.rmtree(scratch)

    final = cache_dir() / "debian" / f"{names[0]}-{key}"
    return cache.ensured(final, f"getting {', '.join(names)} from Debian", 5, unpack)


def mirror() -> str:
    """Where apt of this computer has Debian's own packages from, as its sources say it."""
    command = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Origin: Debian"]
    sites = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False).stdout.split()
    plain = [each for each in sites if not each.rstrip("/").endswith("-security")]
    if not plain:
        raise ToolchainError(_missing(["its own archive"], "no source of packages of Debian's"))
    return plain[0]


def _apt(action: str, flag: str, names: Sequence[str], here: Path | None = None) -> str:
    # As root, apt would fetch as somebody else, who may not write where we do.
    command = ["apt-get", "--option", "APT::Sandbox::User=root", action, flag, *names]
    done = subprocess.run(
        command,
        cwd=here,
        env=os.environ | {"LC_ALL": "C"},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise ToolchainError(_missing(names, last_words(done.stderr, 400)))
    return done.stdout


def _missing(names: Sequence[str], found: str) -> Problem:
    return Problem(
        code="PK217",
        summary=f"{', '.join(names)} cannot be had from Debian",
        found=found,
        allowed="a Debian whose sources of packages answer",
        remedy="run `apt-get update`, then this again",
    )
