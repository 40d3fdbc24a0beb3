"""Whether the policies' tests notice a mutant: a process of its own with everything imported but what it can change.

The tests are those that need neither engine nor API server. A module is put to the cases of the rules that use it
first, as most mutants fall there.
"""

import gc
import os
import resource
import sys
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType
from typing import Any, Final

import grimp
import hypothesis
import pytest

from tests.policy.mutation.mutants import Mutant

_TESTS: Final = (
    *(f"tests/policy/test_{name}.py" for name in ("rule_cases", "frame", "mending", "answers", "judge", "check")),
    "tests/unit/common/test_reachability.py",
    "tests/unit/policy",
)
_OURS: Final = ("policy", "common.reachability", "tests", "automation.policy_check", "automation.cli")
_SLOW: Final = "tests/policy/test_check.py::test_{}_end_in_a_report"  # seconds of random input, for the reader's sake
_OPTIONS: Final = (
    *("-q", "-x", "-p", "no:cacheprovider", "-W", "ignore"),
    *("--deselect", _SLOW.format("any_bytes"), "--deselect", _SLOW.format("values_of_any_type_in_any_field")),
)
_CPU_SECONDS: Final = 60  # many times what all tests need: a mutant that never ends is noticed too
_MEMORY: Final = 4 * 2**30
_PASSED, _NO_TEST = 0, 5


def is_noticed(mutant: Mutant | None) -> bool:
    """Whether a test fails on a mutant; on None: on the sources as they are."""
    rules = _rules_on(mutant.module) if mutant else []
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == _NO_TEST:
            raise RuntimeError("there is no test to run")
        return code != _PASSED
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        code = _code_of_tests(mutant, rules)
    finally:
        os._exit(code)  # without the parent's clean-up


def warm_up() -> None:
    """Import once what mutants share, everything that the tests need, and have random tests draw the same each time."""
    _import("tests/conftest.py")
    tests = hypothesis.settings.get_profile("tests")
    hypothesis.settings.register_profile("mutation", tests, derandomize=True, database=None)
    hypothesis.settings.load_profile("mutation")  # before tests state settings of their own, which build upon these
    for test in _TESTS:
        _import(test)
    gc.collect()
    gc.freeze()


def _import(test: str) -> None:
    import_module(test.removesuffix(".py").replace("/", "."))


def _code_of_tests(mutant: Mutant | None, rules: Sequence[str]) -> int:
    for name in [name for name in sys.modules if _is_ours(name)]:
        del sys.modules[name]
    if mutant:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        sys.meta_path.insert(0, _Finder(mutant))
        if not _are_as_expected(rules):
            return 1
    return int(pytest.main([*_OPTIONS, *_TESTS]))


def _are_as_expected(rules: Sequence[str]) -> bool:
    """Whether the cases of rules pass: what test_rule_cases.py tests, without the half second that pytest takes."""
    cases: Any = import_module("tests.policy.test_rule_cases")
    chosen = [case for case in cases.CASES if case.rule in rules]
    findings = cases.said_of(chosen, lambda _: cases.asked)
    return all(cases.is_expected(case, findings) for case in chosen)


@cache
def _rules_on(module: str) -> Sequence[str]:
    """The rules whose code uses a module."""
    everything: Sequence[Any] = import_module("policy.rules").RULES
    users = {module, *_imports().find_downstream_modules(module)} - {"policy.rules"}
    return [rule.id for rule in everything if rule.check.__module__ in users]


@cache
def _imports() -> grimp.ImportGraph:
    return grimp.build_graph("policy", "common")


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
