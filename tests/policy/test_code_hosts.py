"""Findings that a code host does not see: the problem matcher, the hook of pre-commit."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from common.paths import CHECKOUT
from tests.policy.test_check import POD, in_json, run

MATCHERS = json.loads((CHECKOUT / ".github" / "polykube-matcher.json").read_text())["problemMatcher"]


def issues(matcher: dict[str, Any], text: str) -> Iterator[dict[str, str]]:
    """What GitHub's runner makes of a log (actions/runner, src/Runner.Worker/IssueMatcher.cs): line after line, the
    last pattern of several again and again if it says so."""
    patterns, at = matcher["pattern"], 0
    groups: dict[str, str] = {}
    for line in text.splitlines():
        match = re.search(patterns[at]["regexp"], line)
        if match is None:
            at, groups = 0, {}
            match = re.search(patterns[0]["regexp"], line)
        if match is None:
            continue
        pattern = patterns[at]
        groups |= {key: match[number] for key, number in pattern.items() if key not in ("regexp", "loop")}
        if at < len(patterns) - 1:
            at += 1
            continue
        yield {"severity": matcher["severity"], **groups}
        if not pattern.get("loop"):
            at, groups = 0, {}


def test_every_finding_is_an_issue_with_its_line_and_rule(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump_all([POD, POD]))
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(POD) + "---\na: [\n")
    done, report = run(tmp_path), in_json(tmp_path)
    seen = [issue for matcher in MATCHERS for issue in issues(matcher, f"{done.stdout}\n{done.stderr}")]
    expected = {
        ("error" if it["level"] == "mandatory" else "warning", it["file"], str(it["line"]), it["rule"])
        for it in report["findings"]
    } | {("error", it["file"], str(it["line"]), it["code"]) for it in report["errors"]}
    assert {(it["severity"], it["file"], it["line"], it["code"]) for it in seen} == expected
    assert len(seen) == len(report["findings"]) + 1
    assert any("the image nginx is whatever is newest" in issue["message"] for issue in seen)


def test_what_the_runner_wants_of_a_matcher_holds() -> None:
    for matcher in MATCHERS:
        *before, last = matcher["pattern"]
        assert "message" in last
        assert not any("message" in pattern or "loop" in pattern for pattern in before)


def test_the_hook_runs_a_command_that_is_installed() -> None:
    (hook,) = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text())
    scripts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["scripts"]
    command, *arguments = hook["entry"].split()
    assert command in scripts
    assert arguments == ["policy", "check"]
