"""A rule that finds what is right, or misses what is wrong.

All cases (tests/policy/cases.py) with the same options go through the engine and the pack in one run: each
case's namespaces get a name of their own, so that no case sees another's. Of the cases that need a stack of
their own, the examples have a run each; the others are put to the pack without the engine, which takes seconds.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from policy.rules import RULES
from tests.policy.analysis import Analysis, Found, State, asked
from tests.policy.cases import CASES, Case

RULE_IDS = {rule.id for rule in RULES}
Said = dict[Case, list[tuple[str, str]]]
Ask = Callable[[State, dict[str, Any]], list[Found]]


def batches(chosen: Sequence[Case]) -> list[list[Case]]:
    """Cases in as few runs as can be: in one run, a rule has one set of options."""
    together: list[list[Case]] = []
    of_options: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in chosen:
        if case.alone:
            continue
        known = of_options[case.rule]
        if case.options not in known:
            known.append(case.options)
        number = known.index(case.options)
        together += [[] for _ in range(number + 1 - len(together))]
        together[number].append(case)
    return [*together, *([case] for case in chosen if case.alone)]


def said_of(chosen: Sequence[Case], ask: Callable[[Sequence[Case]], Ask]) -> Said:
    """Rule and message of every finding, by case, with the marks taken off again; `ask` puts a batch to the pack."""
    found: Said = {case: [] for case in chosen}
    for cases in batches(chosen):
        state, origins = State(), {}
        for index, case in enumerate(cases):
            mark = "" if case.alone else f"-case{index}"
            origins.update(dict.fromkeys(case.add_to(state, mark), (case, mark)))
        for finding in ask(cases)(state, {case.rule: case.options for case in cases if case.options}):
            if finding.urn in origins:  # what is said of the stack as a whole is tested in test_frame.py
                case, mark = origins[finding.urn]
                found[case].append((finding.rule, finding.message.replace(mark, "")))
    return found


def is_expected(case: Case, findings: Said) -> bool:
    """Whether the rule of a case says what it should."""
    said = [message for rule, message in findings[case] if rule == case.rule]
    return len(said) == len(case.expected) and all(map(str.startswith, said, case.expected))


@pytest.fixture(scope="module")
def findings(analysis: Analysis, request: pytest.FixtureRequest) -> Said:
    """What is said of the cases that are to be tested."""
    calls = (getattr(item, "callspec", None) for item in request.session.items)
    chosen = [call.params["case"] for call in calls if call and isinstance(call.params.get("case"), Case)]
    return said_of(chosen, lambda cases: asked if cases[0].alone and not cases[0].is_example else analysis.run)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path.stem)
def test_the_rule_says_what_the_case_expects(case: Case, findings: Said) -> None:
    assert is_expected(case, findings), findings[case]


def test_every_rule_has_an_example_of_both_kinds() -> None:
    for verdict in ("ok", "error"):
        assert {case.rule for case in CASES if case.verdict == verdict and case.is_example} == RULE_IDS


def test_every_case_is_of_a_rule() -> None:
    assert {case.rule for case in CASES} <= RULE_IDS


def test_error_cases_and_only_they_expect_findings() -> None:
    assert all(bool(case.expected) == (case.verdict == "error") for case in CASES)
