"""Changing a stack file by a form or by hand, with its comments kept, and saying what is wrong with it."""

import io
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from common.errors import Problem, StackFileError
from portal.web.fields import Field, Widget, form_of, value_of
from spec.documents import parse
from spec.problems import KeyPath
from stacks.config import StackSpec
from stacks.loading import load_text, warnings_of

_WIDEST = 4096  # characters that ruamel.yaml may put in a line: it shall break none that a person did not


@dataclass(frozen=True)
class Checked:
    """What the models say to a stack file: its spec if it is accepted, the problems, and what should be looked at."""

    spec: StackSpec | None
    problems: Sequence[Problem]
    warnings: Sequence[Problem] = ()


def check(text: str, stack: str, directory: Path) -> Checked:
    """What `polykube check` says to `text` as the file of `stack` in `directory`."""
    try:
        spec = load_text(text, stack, directory)
    except StackFileError as error:
        return Checked(None, error.problems)
    return Checked(spec, (), warnings_of(spec))


def fields_of(text: str) -> Field | None:
    """The form of a stack file; None for a text that is not YAML, or not one mapping."""
    values = _plain(text)
    return None if values is None else form_of(values)


def edited(text: str, base: str, form: Mapping[str, str], add: str = "", remove: str = "") -> str:
    """`text` with what a person changed in the fields of a form that was shown for `base`.

    `form` has the texts of fields by name, `add` and `remove` the name of a list or group that gets an entry, or goes.
    A text that is not YAML comes back as it is.
    """
    shown = fields_of(base)
    if shown is None or fields_of(text) is None:
        return text
    document = _yaml().load(text)
    for field in shown.all():
        said = form.get(field.name)
        if said is not None and value_of(field, said) != value_of(field, field.value):
            _put(document, field.at, value_of(field, said))
    for field in shown.all():
        if field.name == remove and field.removable:
            _put(document, field.at, None)
        if field.name == add:
            _add(document, field)
    return _written(document)


def _add(document: Any, field: Field) -> None:
    if field.widget is Widget.LIST:
        entries = _at(document, field.at)
        if isinstance(entries, MutableSequence):
            entries.append(CommentedMap())
        else:
            _put(document, field.at, CommentedSeq([CommentedMap()]))
    elif field.widget is Widget.GROUP and not field.present:
        _put(document, field.at, CommentedMap())


def _at(document: Any, path: KeyPath) -> Any:
    for step in path:
        try:
            document = document[step]
        except (LookupError, TypeError):
            return None
    return document


def _put(document: Any, path: KeyPath, value: Any) -> None:
    """Set what is at `path`, with mappings on the way there; None takes the key or the entry away."""
    for step, following in pairwise(path):
        inner = _at(document, (step,))
        if inner is None and isinstance(document, MutableMapping) and not isinstance(following, int):
            inner = document[step] = CommentedMap()
        document = inner
    last: Any = path[-1]
    if value is not None and isinstance(document, MutableMapping | MutableSequence):
        document[last] = value
    elif value is None:
        with suppress(LookupError, TypeError):  # it is not there
            del document[last]


def _plain(text: str) -> dict[str, Any] | None:
    """What a text says, read within the bounds of stack files."""
    read = parse(text)
    if read.findings or len(read.nodes) != 1:
        return None
    values = read.nodes[0].plain()
    return values if isinstance(values, dict) else None


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDEST
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _written(document: Any) -> str:
    out = io.StringIO()
    _yaml().dump(document, out)
    return out.getvalue()
