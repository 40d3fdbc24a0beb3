"""The page of error codes: those of the stack file from their table, the others from where they are raised."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.errors import PolykubeError
from common.paths import CHECKOUT
from devtools import ROOMS
from devtools.docs.markdown import table
from spec.problems import Code

_CODE = re.compile(r"(PK\d{3})(?:: )?")
_WORD = re.compile(r"[A-Za-z_]+")
_HEAD: Final = """# Error codes

Every error that a person can cause has a code. What it means, and what helps.

With the code come the place (file, line, key path), what was found, what is allowed and what to do. All problems of a
stack file are shown at once. `polykube --debug COMMAND` adds where in the code an error was raised. Names in braces
stand for what the message fills in. Other exit codes: 64 is a wrong command line, 70 a defect of ours, 130 an
interruption.
"""


@dataclass(frozen=True, order=True)
class Entry:
    """A code and what the page says of it; an empty `remedy` depends on the case."""

    code: str
    summary: str
    remedy: str = ""


def page() -> str:
    """A section for each kind of error, in the order of their codes."""
    entries = sorted({*_of_stack_files(), *_raised()})
    sections = []
    for kind in sorted(PolykubeError.__subclasses__(), key=lambda each: each.codes):
        rows = [(f"**{each.code}**", each.summary, each.remedy) for each in entries if each.code.startswith(kind.codes)]
        head = f"## {kind.codes:x<5}: exit code {kind.exit_code}\n\n{kind.__doc__}\n"
        sections.append(f"{head}\n{table(('code', 'meaning', 'what helps'), rows)}\n")
    return _HEAD + "\n" + "\n".join(sections)


def _of_stack_files() -> Iterator[Entry]:
    for code in Code:
        yield Entry(code.id, code.title, code.explanation)


def _raised() -> Iterator[Entry]:
    known = {code.id for code in Code}
    for file in _sources():
        for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
            entry = _entry(call)
            if entry and entry.code not in known:
                yield entry


def _sources() -> Iterator[Path]:
    yield CHECKOUT / "bootstrap.py"
    for room in ROOMS:
        yield from sorted((CHECKOUT / room).rglob("*.py"))


def _entry(call: ast.Call) -> Entry | None:
    """The problem that a call states, if it does: by `code` and `summary`, or by its first two arguments."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    first = _text(named.get("code", call.args[0] if call.args else None))
    code = _CODE.match(first)
    if not code:
        return None
    second = call.args[1] if len(call.args) > 1 else None
    summary = first[code.end() :] or _text(named.get("summary", second))
    return Entry(code[1], summary, _text(named.get("remedy")))


def _text(node: ast.expr | None) -> str:
    """A text as it stands in the code, with `{name}` for what is filled in; nothing for no text."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(_text, parts))
        case ast.FormattedValue(value=value):
            return _text(value)
        case ast.expr():
            return f"{{{(_WORD.findall(ast.unparse(node)) or '…')[-1].strip('_').lower()}}}"
    return ""
