"""Whether tests notice a fault: in a copy of the project, where nothing else is disturbed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from common.paths import CHECKOUT
from tests.put_back.points import Fault

_LEFT_OUT: Final = (".git", ".venv", "build", "__pycache__", ".*_cache", ".hypothesis")
_REPORT: Final = "report.xml"
_RAN: Final = (0, 1)  # pytest's codes for a run in which all passed, or some failed; others are no verdict


class Copy:
    """A copy of the project in `directory`, with this one's environment."""

    def __init__(self, directory: Path) -> None:
        self._root = directory / "project"
        shutil.copytree(CHECKOUT, self._root, symlinks=True, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        (self._root / ".venv").symlink_to(CHECKOUT / ".venv")

    @contextmanager
    def having(self, fault: Fault) -> Iterator[None]:
        """Have the fault until the block ends."""
        file = self._root / fault.path
        text = file.read_text(encoding="utf-8")
        self._write(file, fault.put_into(text))
        try:
            yield
        finally:
            self._write(file, text)

    def failing(self, tests: Sequence[str]) -> set[str]:
        """Those of the tests that fail; RuntimeError when they do not run at all."""
        options = ("--full", "-q", "-p", "no:cacheprovider", f"--junitxml={_REPORT}")
        command = [sys.executable, "-m", "pytest", *options, *tests]
        done = subprocess.run(
            command, cwd=self._root, env=os.environ | {"PYTHONPATH": ""}, capture_output=True, text=True, check=False
        )
        if done.returncode not in _RAN:
            raise RuntimeError(f"{' '.join(tests)} did not run:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
        verdicts = _verdicts(self._root / _REPORT)
        if unknown := [test for test in tests if not any(_is_of(case, test) for case in verdicts)]:
            raise RuntimeError(f"there is no {' or '.join(unknown)}")
        return {test for test in tests if any(not ok for case, ok in verdicts.items() if _is_of(case, test))}

    @staticmethod
    def _write(file: Path, text: str) -> None:
        """Write a file, and forget what was compiled of it: within a second, Python might not see the difference."""
        file.write_text(text, encoding="utf-8")
        shutil.rmtree(file.parent / "__pycache__", ignore_errors=True)


def _verdicts(report: Path) -> Mapping[str, bool]:
    """Whether each test passed, by its name: `tests.unit.test_x::test_y[z]`. What was skipped did not run."""
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314 - pytest's own
    return {
        f"{case.get('classname')}::{case.get('name')}": not {"failure", "error"} & {part.tag for part in case}
        for case in cases
        if "skipped" not in {part.tag for part in case}
    }


def _is_of(case: str, test: str) -> bool:
    file, _, name = test.partition("::")
    module, _, case_name = case.partition("::")
    return module == file.removesuffix(".py").replace("/", ".") and name in (case_name, case_name.partition("[")[0])
