"""Every check that reads the sources and runs none of them: types, style, import rules, shell scripts."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pulumi

from common.paths import CHECKOUT

_SCRIPTS = Path(pulumi.__file__).parent.parent / "bin"  # of the locked packages (bootstrap.py)
_LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"


def main() -> None:
    """Run all checks at once; exit code 1 when one of them complains, with what it says."""
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(_run, _commands()))
    for name, code, output in results:
        print(f"{'✓' if code == 0 else '✗'} {name}")
        if code:
            print(output)
    sys.exit(any(code for _, code, _ in results))


def _commands() -> list[tuple[str, list[str]]]:
    python = [sys.executable, "-m"]
    programs = sorted(str(file.relative_to(CHECKOUT)) for file in CHECKOUT.glob("bench/*/__main__.py"))
    scripts = [CHECKOUT / ".ci" / "run"]
    return [
        ("ruff check", [*python, "ruff", "check", "--quiet", "."]),
        ("ruff format", [*python, "ruff", "format", "--quiet", "--check", "."]),
        ("mypy", [*python, "mypy", "--no-error-summary", "."]),
        *((f"mypy {program}", [*python, "mypy", "--no-error-summary", program]) for program in programs),
        ("import-linter", [sys.executable, "-c", _LINT_IMPORTS]),
        ("shellcheck", [str(_SCRIPTS / "shellcheck"), *map(str, scripts)]),
    ]


def _run(check: tuple[str, list[str]]) -> tuple[str, int, str]:
    name, command = check
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return name, done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    main()
