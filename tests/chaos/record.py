"""The tables of a whole run, in docs/verification.md."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import psutil

from common.paths import CHECKOUT
from tests.chaos.results import tables
from tests.support.recorded import put_between

_PAGE: Final = CHECKOUT / "docs" / "verification.md"


def write(seed: int, results: Sequence[dict[str, Any]]) -> None:
    """Put the tables between their marks."""
    commits = sorted({each["commit"] for each in results})
    machine = f"{platform.machine()}, {os.cpu_count()} processors, {psutil.virtual_memory().total / 2**30:.0f} GiB"
    hours = sum(each["seconds"] for each in results) / 3600
    head = (
        f"Played on {datetime.now(UTC):%Y-%m-%d} on {platform.system()} {platform.release()} ({machine}), "
        f"seed {seed}, commit {', '.join(commits)}: {len(results)} cases, {hours:.1f} hours of playing."
    )
    put_between(_PAGE, "chaos", "make chaos", f"{head}\n\n{tables(results)}")
