"""Which tests call which functions of the policy pack, as seen on the sources as they are.

A test that does not call a function cannot notice what is wrong in it, so that it need not be tried on that.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from common.paths import CHECKOUT

_PACK: Final = str(CHECKOUT / "policy")
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

    def __init__(self) -> None:
        self._callers: dict[_Function, set[str]] = defaultdict(set)

    @contextmanager
    def by(self, who: str) -> Iterator[None]:
        """Note what is called until the end of the block, as far as no block within notes it."""

        def note(frame: Any, event: str, _: object) -> None:  # of calls alone, as nothing comes back
            del event
            code = frame.f_code
            if code.co_filename.startswith(_PACK):
                self._callers[code.co_filename, code.co_firstlineno].add(who)

        before = sys.gettrace()
        sys.settrace(note)
        try:
            yield
        finally:
            sys.settrace(before)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note what a test and its fixtures call."""
        with self.by(item.nodeid):
            return (yield)

    def of(self, file: Path, line: int) -> list[set[str]]:
        """Who can notice a fault in a line, most likely ones first.

        Who calls the function that the line is in; where it is in none, or in one that is called before any test or
        whose outcome is kept, those who call anything in the file, and then all others.
        """
        function = _function_at(file, line)
        callers = self._callers.get(function, set()) if function else {BEFORE}
        if BEFORE not in callers:
            return [callers]
        near = {who for (name, _), by in self._callers.items() if name == str(file) for who in by}
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
