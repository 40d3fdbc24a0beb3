"""Faults that cannot be put back any more, for the program has changed: then nobody knows whether they are noticed."""

import ast
from functools import cache

import pytest

from common.paths import CHECKOUT
from tests.put_back.points import Fault, now_in, read_points

POINTS = read_points()
FAULTS = [pytest.param(fault, id=f"{point.number}-{fault.fault}") for point in POINTS for fault in point.faults]


def test_every_point_has_its_number_and_its_faults() -> None:
    assert [point.number for point in POINTS] == list(range(1, 25))
    assert all(point.faults for point in POINTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_can_be_put_back_and_its_tests_are_there(fault: Fault) -> None:
    broken = fault.put_into(now_in(fault))
    assert broken != now_in(fault)
    if fault.path.suffix == ".py":
        ast.parse(broken)
    assert fault.tests
    for test in fault.tests:
        file, _, name = test.partition("::")
        assert name.partition("[")[0] in names_in(file), test


def test_a_passage_that_is_not_there_once_is_an_error() -> None:
    fault = Fault(fault="x", file="f", passage="a", without="b", tests=("t",))
    assert fault.put_into("cab") == "cbb"
    for text in ("", "aa"):
        with pytest.raises(ValueError, match="not once"):
            fault.put_into(text)


@cache
def names_in(file: str) -> set[str]:
    """The names of a file's tests."""
    tree = ast.parse((CHECKOUT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
