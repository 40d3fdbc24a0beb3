"""Every check that reads the sources and runs none of them: types, style, imports, dependencies, shell scripts."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pulumi

from common.paths import CHECKOUT, cache_dir

_PACKAGES = Path(pulumi.__file__).parent.parent  # the locked ones (bootstrap.py)
_LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"
_WITH_SCRIPTS = ("components", "rehearsal")
_ENVIRONMENT = r"\.venv"  # all else is looked at: what tests import is declared, too


def main() -> None:
    """Run all checks at once; exit code 1 when one of them complains, with what it says."""
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(_run_in_turn, _commands()))
    for name, code, output in chain.from_iterable(results):
        print(f"{'✓' if code == 0 else '✗'} {name}")
        if code:
            print(output)
    sys.exit(any(code for _, code, _ in chain.from_iterable(results)))


def _commands() -> list[list[tuple[str, list[str]]]]:
    python = [sys.executable, "-m"]
    # What mypy learns of the clouds' SDKs, a minute's work, serves every checkout; so its runs take turns.
    mypy = [*python, "mypy", "--no-error-summary", "--cache-dir", str(cache_dir() / "mypy" / _PACKAGES.name)]
    programs = sorted(str(file.relative_to(CHECKOUT)) for file in CHECKOUT.glob("bench/programs/*/__main__.py"))
    scripts = [CHECKOUT / ".ci" / "run", *(each for room in _WITH_SCRIPTS for each in CHECKOUT.glob(f"{room}/**/*.sh"))]
    sources = ["--external-sources", "--source-path=SCRIPTDIR"]
    return [
        [("mypy", [*mypy, "."]), *((f"mypy {program}", [*mypy, program]) for program in programs)],
        [("ruff check", [*python, "ruff", "check", "--quiet", "."])],
        [("ruff format", [*python, "ruff", "format", "--quiet", "--check", "."])],
        [("AWS policies", [*python, "tests.rights.lint"])],
        [("import-linter", [sys.executable, "-c", _LINT_IMPORTS])],
        [("dependencies", [*python, "deptry", "."])],
        [("dependencies of tests", [*python, "deptry", ".", "--exclude", _ENVIRONMENT, "--ignore", "DEP002,DEP004"])],
        [("shellcheck", [str(_PACKAGES / "bin" / "shellcheck"), *sources, *map(str, scripts)])],
    ]


def _run_in_turn(checks: list[tuple[str, list[str]]]) -> list[tuple[str, int, str]]:
    return [_run(check) for check in checks]


def _run(check: tuple[str, list[str]]) -> tuple[str, int, str]:
    name, command = check
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return name, done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    main()
