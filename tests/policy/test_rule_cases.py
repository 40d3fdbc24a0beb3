"""A rule that finds what is right, or misses what is wrong.

The cases are manifests, `cases/<rule>.<ok|error>.<what>.yaml`; an error case begins with what the rule is to
say of it. All of them go through the engine and the pack in one run: each case's namespaces get a name of
their own, so that no case sees another's.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from policy.rules import RULES
from tests.policy.analysis import Analysis, State

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
RULE_IDS = {rule.id for rule in RULES}


def rule_of(case: Path) -> str:
    return case.name.split(".")[0]


def expected(case: Path) -> list[str]:
    return re.findall(r"^# expect: (.*)$", case.read_text(), re.MULTILINE)


def objects(case: Path, mark: str) -> Iterator[dict[str, Any]]:
    """The case's objects, with `mark` behind the name of every namespace but Kubernetes' own."""
    for body in yaml.safe_load_all(case.read_text()):
        metadata = body["metadata"]
        for key in ("name",) if body["kind"] == "Namespace" else ("namespace",):
            if key in metadata and metadata[key] not in ("default", "kube-system"):
                metadata[key] += mark
        yield body


@pytest.fixture(scope="module")
def findings(analysis: Analysis) -> dict[Path, list[tuple[str, str]]]:
    """Rule and message of every finding, by case, with the marks taken off again."""
    state = State()
    cases = {}
    for index, case in enumerate(CASES):
        mark = f"-case{index}"
        for body in objects(case, mark):
            cases[state.add(body)] = (case, mark)
    found: dict[Path, list[tuple[str, str]]] = {case: [] for case in CASES}
    for finding in analysis.run(state):
        case, mark = cases[finding.urn]
        found[case].append((finding.rule, finding.message.replace(mark, "")))
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_rule_says_what_the_case_expects(case: Path, findings: dict[Path, list[tuple[str, str]]]) -> None:
    said = [message for rule, message in findings[case] if rule == rule_of(case)]
    wanted = expected(case)
    assert len(said) == len(wanted), said
    assert all(message.startswith(text) for message, text in zip(said, wanted, strict=True)), said


def test_every_rule_has_cases_of_both_kinds() -> None:
    for verdict in ("ok", "error"):
        assert {rule_of(case) for case in CASES if case.name.split(".")[1] == verdict} == RULE_IDS


def test_error_cases_and_only_they_expect_findings() -> None:
    assert all(bool(expected(case)) == (case.name.split(".")[1] == "error") for case in CASES)
