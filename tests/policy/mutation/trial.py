"""Whether the policies' tests notice a mutant: a process of its own with everything imported but what it can change.

The tests are those that need neither engine nor API server. A mutant is put to the cases of the rules that its module
can change first, as most fall there, then to the tests that import the module, then to all others; the first that
fails ends it.
"""

import gc
import os
import resource
import sys
from collections.abc import Sequence
from functools import cache, partial
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType
from typing import Any, Final

import grimp
import hypothesis
import pytest

from common.paths import CHECKOUT
from tests.policy.mutation.mutants import Mutant

_TESTS: Final = (
    *(f"tests/policy/test_{name}.py" for name in ("rule_cases", "frame", "mending", "answers", "judge", "check")),
    "tests/unit/common/test_reachability.py",
    "tests/unit/policy/test_*.py",
)
_OURS: Final = ("policy", "common.reachability", "tests", "automation.policy_check", "automation.cli")
_LEFT_OUT: Final = (
    "test_check.py::test_any_bytes_end_in_a_report",  # seconds of random input, for the reader's sake
    "test_check.py::test_values_of_any_type_in_any_field_end_in_a_report",
    "test_check.py::test_the_command_needs_neither_engine_nor_sdk",  # in a process of its own, which has no mutant
)
_CASES: Final = "test_rule_cases.py::test_the_rule_says_what_the_case_expects"
_OPTIONS: Final = ("-q", "-x", "-p", "no:cacheprovider", "-W", "ignore")
_CPU_SECONDS: Final = 60  # many times what all tests need: a mutant that never ends is noticed too
_MEMORY: Final = 4 * 2**30


def warm_up() -> bool:
    """Run the tests on the sources as they are, and keep what they import for all mutants; whether they pass.

    Random tests draw the same each time from here on.
    """
    import_module("tests.conftest")
    tests = hypothesis.settings.get_profile("tests")
    hypothesis.settings.register_profile("mutation", tests, derandomize=True, database=None)
    hypothesis.settings.load_profile("mutation")  # before tests state settings of their own, which build upon these
    passes = _passes(_files())
    gc.collect()
    gc.freeze()
    return passes


def is_noticed(mutant: Mutant) -> bool:
    """Whether a test fails on a mutant."""
    rules, near = _rules_on(mutant.module), _tests_of(mutant.module)
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) != 0
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        _put_in(mutant)
        rest = [file for file in _files() if file not in near]
        code = 0 if all(map(_has_its_cases, rules)) and _passes(near, _CASES) and _passes(rest, _CASES) else 1
    finally:
        os._exit(code)  # without the parent's clean-up


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


def _passes(files: Sequence[str], *left_out: str) -> bool:
    deselected = (f"--deselect=tests/policy/{test}" for test in (*_LEFT_OUT, *left_out))
    return not files or pytest.main([*_OPTIONS, *deselected, *files]) == pytest.ExitCode.OK


@cache
def _rules_on(module: str) -> Sequence[str]:
    """The rules that a module can change: all where the server uses it."""
    everything: Sequence[Any] = import_module("policy.rules").RULES
    users = {module, *_imports().find_downstream_modules(module)} - {"policy.rules"}
    return [rule.id for rule in everything if "policy.server" in users or rule.check.__module__ in users]


@cache
def _tests_of(module: str) -> Sequence[str]:
    """The tests that import a module."""
    users = _imports().find_modules_that_directly_import(module) if module in _imports().modules else ()
    return [file for file in _files() if file.removesuffix(".py").replace("/", ".") in users]


@cache
def _files() -> Sequence[str]:
    found = [file for pattern in _TESTS for file in CHECKOUT.glob(pattern)]
    return [str(file.relative_to(CHECKOUT)) for file in sorted(found)]


@cache
def _imports() -> grimp.ImportGraph:
    return grimp.build_graph("policy", "common", "tests")


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
