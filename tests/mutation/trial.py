"""Whether a room's tests notice a mutant: a process of its own with everything imported but what it can change.

The tests are the room's (rooms.py), as far as they call the function that is broken (calls.py), quickest first and no
more than take some seconds; the first that fails ends it.
"""

import gc
import os
import resource
import sys
from collections.abc import Sequence
from functools import cached_property, partial
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Any, Final

import hypothesis
import pytest

from tests.mutation.calls import BEFORE, Calls, Chosen
from tests.mutation.imports import importers_of
from tests.mutation.mutants import Mutant
from tests.mutation.rooms import Room

_OPTIONS: Final = ("-q", "-x", "-p", "no:cacheprovider", "-W", "ignore")
_SECONDS: Final = 10  # of processor time, for the tests of one mutant, as they took on the sources as they are
_CPU_SECONDS: Final = 6 * _SECONDS  # a mutant that never ends is noticed too
_MEMORY: Final = 8 * 2**30


class Trial:
    """The tests as they went on the sources as they are, which is what mutants are compared with."""

    def __init__(self, room: Room) -> None:
        """Run them, and keep what they import for all mutants; RuntimeError where one fails.

        Random tests draw the same each time from here on.
        """
        self._room = room
        self._calls = Calls(room.directory)
        with self._calls.by(BEFORE):
            import_module("tests.conftest")
            tests = hypothesis.settings.get_profile("tests")
            hypothesis.settings.register_profile("mutation", tests, derandomize=True, database=None)
            hypothesis.settings.load_profile("mutation")  # before tests state settings of their own, built upon these
            passes = all(map(self._has_its_cases, self._rules)) and self._passes(self._calls)
        if not passes:
            raise RuntimeError("the tests fail without any mutant; see `make test`")
        importers_of(room.name)  # which is worked out once for all mutants
        gc.collect()
        gc.freeze()

    def can_judge(self, file: Path) -> bool:
        """Whether the tests pass when a file is imported a second time and nothing is wrong with it.

        They do not where one asks for all that there is of something, such as subclasses: those of the first time too.
        """
        return not self._fails(_unchanged(file), [self._calls.near(file)])

    def is_noticed(self, mutant: Mutant) -> bool:
        """Whether a test fails on a mutant."""
        return self._fails(mutant, self._calls.of(mutant.file, mutant.line))

    def _fails(self, mutant: Mutant, callers: Sequence[set[str]]) -> bool:
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
            not tests or self._passes(Chosen(self._calls.quickest(tests, _SECONDS)))
        )

    @cached_property
    def _rules(self) -> Sequence[str]:
        return [rule.id for rule in import_module("policy.rules").RULES] if self._room.cases_first else ()

    def _has_its_cases(self, rule: str) -> bool:
        with self._calls.by(rule):
            return _has_its_cases(rule)

    def _passes(self, plugin: object) -> bool:
        deselected = (f"--deselect={test}" for test in self._room.left_out)
        ended = pytest.main([*_OPTIONS, *deselected, *self._room.tests], [plugin])
        return ended == pytest.ExitCode.OK


def _unchanged(file: Path) -> Mutant:
    return Mutant(file, 1, "", file.read_text())


def _put_in(mutant: Mutant) -> None:
    for name in importers_of(mutant.module):
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
