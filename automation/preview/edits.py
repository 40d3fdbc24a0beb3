"""What was edited in a stack file, by meaning: values that differ from the base's, with their lines.

Entries of lists are known by their names, so that one more before them changes nothing of the others.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from automation.preview.changes import Cause
from automation.preview.values import ABSENT, SECRET, difference
from spec.documents import YamlNode
from spec.problems import KeyPath, key_path
from spec.values import without_secrets


@dataclass(frozen=True)
class Edit:
    """A value at `at` in the head's file, which was another one; ABSENT is what was or is not there.

    `line` is the base's where the value is gone.
    """

    at: KeyPath
    line: int
    before: Any
    after: Any

    def undone(self, document: Any) -> Any:
        """The head's document as it would be without this edit."""
        result = copy.deepcopy(document)
        around: Any = result
        for step in self.at[:-1]:
            around = around[step]
        last = self.at[-1]
        if self.before is ABSENT:
            del around[last]
        elif self.after is ABSENT and isinstance(around, list):
            around.insert(min(int(last), len(around)), self.before)
        else:
            around[last] = self.before
        return result

    def cause(self, file: str) -> Cause:
        """The edit as a report shows it."""
        shown = [each for each in self.at if each != "config"]
        lines = tuple(difference(*(without_secrets(each, SECRET) for each in (self.before, self.after))))
        return Cause(file, self.line, key_path(tuple(shown)), lines, gone=self.after is ABSENT)


def edits(before: YamlNode, after: YamlNode, at: KeyPath = ()) -> Iterator[Edit]:
    """What differs between two documents, in the order of the newer one."""
    if isinstance(before.value, dict) and isinstance(after.value, dict):
        for key in dict.fromkeys((*after.value, *before.value)):
            yield from _edited(before.value.get(key), after.value.get(key), (*at, key))
    elif isinstance(before.value, list) and isinstance(after.value, list) and _have_names(before, after):
        yield from _entries(before.value, after.value, at)
    elif before.plain() != after.plain():
        yield Edit(at, after.line, before.plain(), after.plain())


def _edited(before: YamlNode | None, after: YamlNode | None, at: KeyPath) -> Iterator[Edit]:
    if before and after:
        yield from edits(before, after, at)
    elif after:
        yield Edit(at, after.line, ABSENT, after.plain())
    elif before:
        yield Edit(at, before.line, before.plain(), ABSENT)


def _entries(before: list[YamlNode], after: list[YamlNode], at: KeyPath) -> Iterator[Edit]:
    """The edits of a list whose entries have names; one with another name in the same place was renamed."""
    old, new = ({_name(node): index for index, node in enumerate(nodes)} for nodes in (before, after))
    for name, index in new.items():
        there = old.get(name)
        if there is None and index < len(before) and _name(before[index]) not in new:
            there = index
        yield from _edited(None if there is None else before[there], after[index], (*at, index))
    for name, index in old.items():
        if name not in new and not (index < len(after) and _name(after[index]) not in old):
            yield from _edited(before[index], None, (*at, index))


def _have_names(*lists: YamlNode) -> bool:
    """Whether all entries have names, each list each one once."""
    for each in lists:
        assert isinstance(each.value, list)
        names = [_name(node) for node in each.value]
        if "" in names or len(set(names)) < len(names):
            return False
    return True


def _name(node: YamlNode) -> str:
    value = node.value.get("name") if isinstance(node.value, dict) else None
    return value.value if value and isinstance(value.value, str) else ""
