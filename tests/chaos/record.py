"""The tables of a whole run, in docs/verification.md."""

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import psutil

from common.files import write_atomically
from common.paths import CHECKOUT
from tests.chaos.results import tables

_PAGE: Final = CHECKOUT / "docs" / "verification.md"
_BEGIN, _END = "<!-- chaos: written by `make chaos` -->", "<!-- chaos: end -->"


def write(seed: int, results: Sequence[dict[str, Any]]) -> None:
    """Put the tables between their marks."""
    commits = sorted({each["commit"] for each in results})
    machine = f"{platform.machine()}, {os.cpu_count()} processors, {psutil.virtual_memory().total / 2**30:.0f} GiB"
    hours = sum(each["seconds"] for each in results) / 3600
    head = (
        f"Played on {datetime.now(UTC):%Y-%m-%d} on {platform.system()} {platform.release()} ({machine}), "
        f"seed {seed}, commit {', '.join(commits)}: {len(results)} cases, {hours:.1f} hours of playing."
    )
    text = f"{_BEGIN}\n\n{head}\n\n{tables(results)}\n\n{_END}"
    page = re.sub(f"{re.escape(_BEGIN)}.*{re.escape(_END)}", lambda _: text, _PAGE.read_text(), flags=re.DOTALL)
    write_atomically(_PAGE, page)


@cache
def commit() -> str:
    """What is checked out, for people."""
    return subprocess.run(
        ["/usr/bin/env", "git", "describe", "--always", "--dirty"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
