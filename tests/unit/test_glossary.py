"""A glossary that explains a word twice, one that the code no longer has, or lacks one that the code is built from."""

import importlib
import inspect
import re
from functools import reduce
from typing import Any, Final

import pytest

from common.paths import CHECKOUT
from components import contract, facilities
from components.addons import addon, plan

PAGE: Final = (CHECKOUT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
ROWS: Final = [row.strip("|").split("|") for row in PAGE.splitlines() if row.startswith("| ") and "| Term |" not in row]
TERMS: Final = [term.strip() for term, *_ in ROWS]
NAMES: Final = re.findall(r"`([\w.]+)` \|$", PAGE, re.MULTILINE)


def named(path: str) -> Any:
    """What the code has at `path`: a module's attribute, or an attribute of that."""
    parts = path.split(".")
    depth = next(count for count, part in enumerate(parts) if part[0].isupper() or part == parts[-1])
    return reduce(getattr, parts[depth:], importlib.import_module(".".join(parts[:depth])))


def test_each_term_is_explained_once_in_a_line_and_they_are_sorted() -> None:
    assert [row for row in ROWS if len(row) != 3 or not row[1].strip()] == []
    assert len({term.casefold() for term in TERMS}) == len(TERMS)
    assert sorted(TERMS, key=str.casefold) == TERMS


@pytest.mark.parametrize("path", NAMES)
def test_the_code_has_each_name(path: str) -> None:
    assert named(path) is not None


def test_each_name_is_of_one_term() -> None:
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("module", [contract, facilities, addon, plan], ids=lambda module: module.__name__)
def test_every_class_that_other_rooms_meet_has_a_term(module: Any) -> None:
    classes = {
        f"{module.__name__}.{name}"
        for name, member in vars(module).items()
        if inspect.isclass(member) and member.__module__ == module.__name__
    }
    assert classes <= set(NAMES)
