"""A rule that finds what is right, or misses what is wrong.

All cases (tests/policy/cases.py) with the same options go through the engine and the pack in one run: each
case's namespaces get a name of their own, so that no case sees another's.
"""

import json
from collections import defaultdict

import pytest

from policy.rules import RULES
from tests.policy.analysis import Analysis, State
from tests.policy.cases import CASES, Case

RULE_IDS = {rule.id for rule in RULES}
Said = dict[Case, list[tuple[str, str]]]


@pytest.fixture(scope="module")
def findings(analysis: Analysis) -> Said:
    """Rule and message of every finding, by case, with the marks taken off again."""
    batches = defaultdict(list)
    for case in CASES:
        config = json.dumps(case.options and {case.rule: case.options})
        batches[config, case.path if case.alone else None].append(case)
    found: Said = {case: [] for case in CASES}
    for (config, _), cases in batches.items():
        state, origins = State(), {}
        for index, case in enumerate(cases):
            mark = f"-case{index}"
            origins.update(dict.fromkeys(case.add_to(state, mark), (case, mark)))
        for finding in analysis.run(state, json.loads(config)):
            if finding.urn in origins:  # what is said of the stack as a whole is tested in test_frame.py
                case, mark = origins[finding.urn]
                found[case].append((finding.rule, finding.message.replace(mark, "")))
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path.stem)
def test_the_rule_says_what_the_case_expects(case: Case, findings: Said) -> None:
    said = [message for rule, message in findings[case] if rule == case.rule]
    assert len(said) == len(case.expected), said
    assert all(message.startswith(text) for message, text in zip(said, case.expected, strict=True)), said


def test_every_rule_has_an_example_of_both_kinds() -> None:
    for verdict in ("ok", "error"):
        examples = [case for case in CASES if case.path.name == f"{case.rule}.{verdict}.example.yaml"]
        assert {case.rule for case in examples} == RULE_IDS


def test_every_case_is_of_a_rule() -> None:
    assert {case.rule for case in CASES} <= RULE_IDS


def test_error_cases_and_only_they_expect_findings() -> None:
    assert all(bool(case.expected) == (case.verdict == "error") for case in CASES)
