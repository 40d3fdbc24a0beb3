"""Where YAML does not parse: the line itself with a caret, and the cure that fits what the parser said."""

import re
from typing import Final

import yaml

from spec.problems import Code, Finding

_CURES: Final = (  # what libyaml says → what usually helps
    (
        "mapping values are not allowed",
        "Put the value in quotes if it contains a colon and a space; else mind indentation.",
    ),
    ("could not find expected ':'", "Add the colon after the key, or mind the indentation."),
    ("did not find expected key", "Mind the indentation: the keys of one mapping start in one column."),
    ("did not find expected '-' indicator", "Mind the indentation: the items of one list start in one column."),
    ("did not find expected ',' or", "Close the bracket that opens here, or add the comma that is missing in it."),
    ("unexpected end of stream", "Close the quotes that open here."),
    ("cannot start any token", "Put text that starts with this character in quotes."),
    ("unknown escape character", "Write \\\\ for a backslash in double quotes, or use single quotes."),
)
_OPENED: Final = ("while parsing a flow", "while scanning a quoted scalar")
_WINDOW: Final = 100  # characters of a long line that are shown
_INDENT: Final = " " * 10
# what YAML 1.2 (5.1) calls printable, less the ends of lines
_REFUSED_CHARACTER = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def refused_character(text: str) -> Finding | None:
    """The first control character in `text`: YAML allows none, and a binary file is full of them."""
    match = _REFUSED_CHARACTER.search(text)
    if match is None:
        return None
    line = text.count("\n", 0, match.start()) + 1
    column = match.start() - text.rfind("\n", 0, match.start())
    found = f"the character U+{ord(match[0]):04X} at column {column}"
    remedy = "Remove it; in double quotes it can be written as an escape such as \\x00."
    return Finding(Code.NOT_YAML, found=found, remedy=remedy, line=line)


def syntax_error(error: yaml.MarkedYAMLError, text: str) -> Finding:
    """What the parser stopped at, shown with its line; for brackets and quotes, what was opened and not closed."""
    said = " ".join(filter(None, [error.context, error.problem]))
    opened = any(fragment in said for fragment in _OPENED)
    mark = error.context_mark if opened and error.context_mark else error.problem_mark
    lines = text.splitlines() or [""]
    number = min(mark.line if mark else 0, len(lines) - 1)
    line = lines[number]
    tab = line[: len(line) - len(line.lstrip())].find("\t")
    if tab >= 0:
        remedy = "Indent with spaces; most editors convert tabs on request."
        return Finding(Code.TAB, found=_pointed_at(line, tab), remedy=remedy, line=number + 1)
    cure = next((cure for fragment, cure in _CURES if fragment in said), "Mind quotes, brackets and indentation here.")
    return Finding(Code.NOT_YAML, _pointed_at(line, mark.column if mark else 0), remedy=cure, line=number + 1)


def _pointed_at(line: str, column: int) -> str:
    start = max(0, column - _WINDOW // 2)
    shown = line[start : start + _WINDOW].replace("\t", "→")
    return f"at column {column + 1}\n{_INDENT}{shown}\n{_INDENT}{' ' * (column - start)}^"
