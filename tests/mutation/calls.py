"""Which tests call which functions of a room, as seen on the sources as they are, and how long they take.

A test that does not call a function cannot notice what is wrong in it, so that it need not be tried on that.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from typing import Any, Final

import pytest

_ONLY_WHEN_CALLED: Final = {
    "property",
    "cached_property",
    "rule",
}  # what others return may outlive the test that called first
_RULE: Final = "rule"
_Function = tuple[str, int]  # its file and first line
BEFORE: Final = ""
"""Who calls before there is any test: what imports."""


class Calls:
    """What is called by whom; as a plugin of pytest, it notes each test under its id."""

    def __init__(self, directory: Path) -> None:
        self._within = str(directory)
        self._callers: dict[_Function, set[str]] = defaultdict(set)
        self._seconds: dict[str, float] = {}

    @contextmanager
    def by(self, who: str) -> Iterator[None]:
        """Note what is called until the end of the block, as far as no block within notes it."""

        def note(frame: Any, event: str, _: object) -> None:  # of calls alone, as nothing comes back
            del event
            code = frame.f_code
            if code.co_filename.startswith(self._within):
                self._callers[code.co_filename, code.co_firstlineno].add(who)

        before = sys.gettrace()
        sys.settrace(note)
        try:
            yield
        finally:
            sys.settrace(before)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note what a test and its fixtures call, and how long that takes."""
        began = process_time()
        try:
            with self.by(item.nodeid):
                return (yield)
        finally:
            self._seconds[item.nodeid] = process_time() - began

    def quickest(self, who: set[str], seconds: float) -> set[str]:
        """As many of them as take no longer than `seconds` together, the quickest ones; one of them in any case."""
        chosen: set[str] = set()
        for test in sorted(who, key=lambda each: (self._seconds.get(each, 0), each)):
            seconds -= self._seconds.get(test, 0)
            if seconds < 0 and chosen:
                break
            chosen.add(test)
        return chosen

    def near(self, file: Path) -> set[str]:
        """Who calls anything in a file."""
        return {who for (name, _), by in self._callers.items() if name == str(file) for who in by}

    def of(self, file: Path, line: int) -> list[set[str]]:
        """Who can notice a fault in a line, most likely ones first.

        Who calls the function that the line is in; where it is in none, or in one that is called before any test or
        whose outcome is kept, those who call anything in the file, and then all others.
        """
        function = _function_at(file, line)
        callers = self._callers.get(function, set()) if function else {BEFORE}
        if BEFORE not in callers:
            return [callers]
        near = self.near(file)
        return [near, set().union(*self._callers.values()) - near]


def _function_at(file: Path, line: int) -> _Function | None:
    for node in ast.walk(ast.parse(file.read_text())):  # what is outside comes first
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
            first = min([node.lineno, *(it.lineno for it in node.decorator_list)])
            if first <= line <= node.end_lineno:
                decorators = {ast.unparse(getattr(it, "func", it)) for it in node.decorator_list}
                if decorators == {_RULE}:
                    return (str(file), first) if line >= node.lineno else None  # what it is, is said once for all
                return (str(file), first) if decorators <= _ONLY_WHEN_CALLED else None
    return None


class Chosen:
    """A plugin of pytest that runs some tests and no other."""

    def __init__(self, tests: set[str]) -> None:
        self._tests = tests

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out all others."""
        items[:] = [item for item in items if item.nodeid in self._tests]
