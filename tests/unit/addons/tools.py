"""Prometheus' and Alertmanager's own tools, on files that a test writes."""

import json
import subprocess
from pathlib import Path
from typing import Any

from rehearsal.toolchain import ensure


def promtool(directory: Path, *arguments: str, **files: Any) -> None:
    """Run promtool on `files` (name without suffix → content), written to `directory`; it has to succeed."""
    _run("promtool", directory, *arguments, **files)


def amtool(directory: Path, *arguments: str, **files: Any) -> None:
    """Run amtool in the same way."""
    _run("amtool", directory, *arguments, **files)


def _run(tool: str, directory: Path, *arguments: str, **files: Any) -> None:
    for name, content in files.items():
        (directory / f"{name}.yml").write_text(json.dumps(content))
    command = [str(ensure([tool])[tool].path), *arguments]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def check_pages(
    directory: Path, rules: Any, series: dict[str, str], expected: dict[str, list[str]], severity: str = "page"
) -> None:
    """Run `rules` on `series` (name → values) and compare what fires at each time with `expected`.

    `expected` maps times (90m) to the alerts of `severity` that fire then, as `severity window`. There is a value
    every minute; for tickets, which take days, every ten.
    """
    interval = "1m" if severity == "page" else "10m"
    expression = f'count by (severity, window) (ALERTS{{alertstate="firing",severity="{severity}"}})'
    checks = [
        {
            "expr": expression,
            "eval_time": time,
            "exp_samples": [{"labels": _labels(alert), "value": 1} for alert in alerts],
        }
        for time, alerts in expected.items()
    ]
    test = {
        "interval": interval,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": checks,
    }
    unit = {"rule_files": ["rules.yml"], "evaluation_interval": interval, "tests": [test]}
    promtool(directory, "test", "rules", "unit.yml", rules=rules, unit=unit)


def _labels(alert: str) -> str:
    severity, _, window = alert.partition(" ")
    return f'{{severity="{severity}"{f", window={json.dumps(window)}" if window else ""}}}'
