"""Whether the policies' tests notice a mutant: a process of its own with everything imported but what it can change.

The tests are those that need neither engine nor API server and call the function that is broken (calls.py). First come
the cases of rules, as most mutants fall there; the first that fails ends it.
"""

import gc
import os
import resource
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType
from typing import Any, Final

import hypothesis
import pytest

from tests.policy.mutation.calls import BEFORE, Calls, Chosen
from tests.policy.mutation.mutants import Mutant

_TESTS: Final = (
    "tests/unit/policy",
    "tests/unit/common/test_reachability.py",
    *(f"tests/policy/test_{name}.py" for name in ("judge", "frame", "remediation", "rule_cases", "answers", "check")),
)
_OURS: Final = ("policy", "common.reachability", "tests", "automation.policy_check", "automation.cli")
_LEFT_OUT: Final = (
    "test_rule_cases.py::test_the_rule_says_what_the_case_expects",  # tried first
    "test_check.py::test_any_bytes_end_in_a_report",  # seconds of random input, for the reader's sake
    "test_check.py::test_values_of_any_type_in_any_field_end_in_a_report",
    "test_check.py::test_the_command_needs_neither_engine_nor_sdk",  # in a process of its own, which has no mutant
)
_OPTIONS: Final = ("--full", "-q", "-x", "-p", "no:cacheprovider", "-W", "ignore")
_CPU_SECONDS: Final = 20  # some times what all tests need: a mutant that never ends is noticed too
_MEMORY: Final = 4 * 2**30


class Trial:
    """The tests as they went on the sources as they are, which is what mutants are compared with."""

    def __init__(self) -> None:
        """Run them, and keep what they import for all mutants; RuntimeError where one fails.

        Random tests draw the same each time from here on.
        """
        self._calls = Calls()
        with self._calls.by(BEFORE):
            import_module("tests.conftest")
            tests = hypothesis.settings.get_profile("tests")
            hypothesis.settings.register_profile("mutation", tests, derandomize=True, database=None)
            hypothesis.settings.load_profile("mutation")  # before tests state settings of their own, built upon these
            self._rules: Sequence[str] = [rule.id for rule in import_module("policy.rules").RULES]
            passes = all(map(self._has_its_cases, self._rules)) and _passes(self._calls)
        if not passes:
            raise RuntimeError("the tests fail without any mutant; see `make test`")
        gc.collect()
        gc.freeze()

    def is_noticed(self, mutant: Mutant) -> bool:
        """Whether a test fails on a mutant."""
        callers = self._calls.of(mutant.file, mutant.line)
        if child := os.fork():
            _, status = os.waitpid(child, 0)
            return os.waitstatus_to_exitcode(status) != 0
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
            _put_in(mutant)
            code = 0 if all(map(self._is_as_before, callers)) else 1
        finally:
            os._exit(code)  # without the parent's clean-up

    def _is_as_before(self, callers: set[str]) -> bool:
        tests = callers.difference(self._rules, {BEFORE})
        return all(_has_its_cases(rule) for rule in self._rules if rule in callers) and (
            not tests or _passes(Chosen(tests))
        )

    def _has_its_cases(self, rule: str) -> bool:
        with self._calls.by(rule):
            return _has_its_cases(rule)


def _put_in(mutant: Mutant) -> None:
    for name in [name for name in sys.modules if _is_ours(name)]:
        del sys.modules[name]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.meta_path.insert(0, _Finder(mutant))


def _has_its_cases(rule: str) -> bool:
    """Whether a rule's cases pass: what test_rule_cases.py tests, without other rules and without pytest."""
    cases: Any = import_module("tests.policy.test_rule_cases")
    chosen = [case for case in cases.CASES if case.rule == rule]
    rules = [each for each in import_module("policy.rules").RULES if each.id == rule]
    findings = cases.said_of(chosen, lambda _: partial(cases.asked, rules=rules))
    return all(cases.is_expected(case, findings) for case in chosen)


def _passes(plugin: object) -> bool:
    deselected = (f"--deselect=tests/policy/{test}" for test in _LEFT_OUT)
    ended = pytest.main([*_OPTIONS, *deselected, *_TESTS], [plugin])
    return ended == pytest.ExitCode.OK


def _is_ours(module: str) -> bool:
    return any(module == ours or module.startswith(f"{ours}.") for ours in _OURS)


class _Finder(MetaPathFinder):
    """Finds the mutant where its module is imported."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        del path, target
        if name != self._mutant.module:
            return None
        file = self._mutant.file
        below = [str(file.parent)] if file.name == "__init__.py" else None
        loader = _Loader(name, str(file), self._mutant.source)
        return spec_from_file_location(name, file, loader=loader, submodule_search_locations=below)


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        del fullname
        code: CodeType = compile(self._source, self.path, "exec")
        return code
