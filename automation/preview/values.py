"""Values of resources as a report shows them: secrets masked, what is not known said so, what is huge cut."""

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from common.wire import shown

SECRET: Final = "[secret]"  # noqa: S105 - what is shown instead of one
UNKNOWN: Final = "[known after up]"
ABSENT: Final = None
_LONGEST: Final = 160  # characters of a value in one line
_MOST_LINES: Final = 40  # of a difference between two texts
_STEP: Final = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')  # as the engine writes property paths


def masked(value: Any) -> Any:
    """`value` without what is secret, and with words for what is not known yet."""
    return shown(value, secret=lambda _: SECRET, unknown=lambda: UNKNOWN)


def steps_of(path: str) -> list[str | int]:
    """The keys and indexes in a property path: `taints[0].key`, `metadata.labels["a.b/c"]`."""
    return [int(index) if index else name or quoted for quoted, index, name in _STEP.findall(path)]


def at(properties: Any, path: str) -> Any:
    """What is at a property path; ABSENT if nothing is. Below what is secret or not known, that."""
    value = properties
    for step in steps_of(path):
        if value in (SECRET, UNKNOWN):
            return value
        try:
            value = value[step]
        except (LookupError, TypeError):
            return ABSENT
    return value


def text(value: Any) -> str:
    """A value in one line, cut in the middle where it is long."""
    return cut(visible(_whole(value)).replace("\n", "\\n"))


def visible(line: str) -> str:
    """A text in which what a terminal obeys, or what changes the order of its letters, is spelt out."""
    return "".join(each if each.isprintable() or each == "\n" else _spelt(each) for each in line)


def _spelt(character: str) -> str:
    return character.encode("unicode_escape").decode()


def cut(line: str, longest: int = _LONGEST) -> str:
    """A line with its middle left out where it is longer than `longest` characters."""
    if len(line) <= longest:
        return line
    kept = longest // 2
    return f"{line[:kept]} … {len(line) - 2 * kept} characters … {line[-kept:]}"


def difference(before: Any, after: Any) -> list[str]:
    """The lines of a difference, which begin with `-`, `+` or a space; ABSENT is what was or is not there."""
    if isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        return _fewer(list(_unified(before, after)))
    old = [] if before is ABSENT else [f"- {text(before)}"]
    new = [] if after is ABSENT else [f"+ {text(after)}"]
    return old + new


def _whole(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _unified(before: str, after: str) -> Iterator[str]:
    old, new = (visible(each).splitlines() for each in (before, after))
    for line in difflib.unified_diff(old, new, n=1, lineterm=""):
        if not line.startswith(("---", "+++", "@@")):
            yield f"{line[:1]} {cut(line[1:])}"


def _fewer(lines: list[str]) -> list[str]:
    """Lines with their middle left out where there are a great many."""
    if len(lines) <= _MOST_LINES:
        return lines
    kept = _MOST_LINES // 2
    return [*lines[:kept], f"  … {len(lines) - 2 * kept} lines …", *lines[-kept:]]
