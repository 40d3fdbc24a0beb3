"""What long runs have found, on a page between the marks that say which command writes it."""

import re
import subprocess
from functools import cache
from pathlib import Path

from common.files import write_atomically
from common.paths import CHECKOUT


def put_between(page: Path, name: str, command: str, text: str) -> None:
    """Make `text` all that stands between the marks of a name and its command; AssertionError where there are none."""
    begin, end = f"<!-- {name}: written by `{command}` -->", f"<!-- {name}: end -->"
    marked = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    written, times = marked.subn(lambda _: f"{begin}\n\n{text}\n\n{end}", page.read_text(encoding="utf-8"))
    assert times == 1, f"{page} has no {begin} … {end}"
    write_atomically(page, written)


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
