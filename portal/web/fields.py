"""The fields of a form for a stack file, from its JSON Schema and what the file says.

The YAML is what counts: a field shows what stands there, and what is changed in a field is written back there alone, so
that comments and everything that the form does not show stay as they are (`editing`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from spec.problems import KeyPath, key_path
from stacks.config import NAMESPACE
from stacks.schema import stack_schema

Schema = Mapping[str, Any]


class Widget(StrEnum):
    """How a field is filled in."""

    TEXT = "text"
    CHOICE = "choice"
    LINES = "lines"  # a list of scalars, one a line
    PAIRS = "pairs"  # a mapping of scalars, `key: value` a line
    GROUP = "group"  # an object
    LIST = "list"  # a list of objects
    YAML = "yaml"  # what only the YAML beside the form can say


@dataclass(frozen=True)
class Field:
    """A key of the stack file: where it is, what it is for, and how it is filled in.

    `value` is what a text field shows, `present` says whether the key stands in the file. A group that may be left out
    has no `children` while it is not there. `is_text` says that the file has text where it could have a number.
    """

    at: KeyPath
    label: str
    help: str
    widget: Widget
    schema: Schema
    value: str = ""
    required: bool = False
    present: bool = False
    choices: Sequence[str] = ()
    hint: str = ""
    children: Sequence["Field"] = ()
    is_text: bool = False

    @property
    def name(self) -> str:
        """The key path, as messages about it have it: `polykube:cluster.nodePools[0].name`."""
        return key_path(self.at)

    @property
    def is_item(self) -> bool:
        """Whether it is an entry of a list."""
        return isinstance(self.at[-1], int)

    @property
    def removable(self) -> bool:
        """Whether it can be taken out of the file as a whole."""
        return self.is_item or (self.present and not self.required)

    def all(self) -> Iterator["Field"]:
        """The field, and all below it."""
        yield self
        for child in self.children:
            yield from child.all()


_SCALARS: Final = frozenset({"string", "integer", "number", "boolean"})
_HIDDEN: Final = frozenset({"encryptionsalt", "secretsprovider", "encryptedkey", "environment"})


@cache
def _root() -> Schema:
    schema: Schema = stack_schema()
    return schema


def form_of(values: Mapping[str, Any]) -> Field:
    """The form of a stack file that says `values`, which need not be right."""
    return _field(("config",), {"$ref": "#/definitions/StackSpec"}, values.get("config"), required=True)


def _field(at: KeyPath, schema: Schema, value: Any, *, required: bool) -> Field:
    schema = _chosen(_resolved(schema), value)
    label = str(at[-1]).removeprefix(NAMESPACE) if not isinstance(at[-1], int) else _title(value, at[-1])
    widget = _widget(schema)
    if value is not None and not _fits(widget, value):
        widget = Widget.YAML
    present = value is not None
    show = present or required
    return Field(
        at,
        label,
        schema.get("description", ""),
        widget,
        schema,
        text_of(value) if widget in (Widget.TEXT, Widget.CHOICE, Widget.LINES, Widget.PAIRS) else "",
        required,
        present,
        tuple(map(text_of, _choices(schema))),
        _hint(schema),
        tuple(_children(at, schema, value, widget)) if show else (),
        _is_text(value),
    )


def _resolved(schema: Schema) -> Schema:
    """A schema with what it refers to; what stands beside the reference wins."""
    if reference := schema.get("$ref"):
        target = _root()["definitions"][reference.rpartition("/")[2]]
        return {**_resolved(target), **{key: it for key, it in schema.items() if key != "$ref"}}
    return schema


def _chosen(schema: Schema, value: Any) -> Schema:
    """Of alternatives that are told apart by `kind`, the one that the value is, with the choice of kinds in it."""
    alternatives = [_resolved(each) for each in schema.get("oneOf", ())]
    kinds = {each["properties"]["kind"]["const"]: each for each in alternatives if "kind" in each.get("properties", {})}
    if not kinds or len(kinds) < len(alternatives):
        return schema
    kind = value.get("kind") if isinstance(value, Mapping) else None
    chosen = kinds.get(kind, {"type": "object", "properties": {"kind": {}}, "required": ["kind"]})
    description = schema.get("description", "")
    of_kind = {
        "type": "string",
        "enum": list(kinds),
        "description": chosen["properties"]["kind"].get("description", "What makes the cluster."),
    }
    return {**chosen, "description": description, "properties": {**chosen["properties"], "kind": of_kind}}


def _widget(schema: Schema) -> Widget:
    if _choices(schema):
        return Widget.CHOICE
    if _is_scalar(schema):
        return Widget.TEXT
    if schema.get("type") == "array":
        items = _resolved(schema.get("items", {}))
        return (
            Widget.LINES
            if _is_scalar(items)
            else Widget.LIST
            if "properties" in items or "oneOf" in items
            else Widget.YAML
        )
    if schema.get("type") == "object":
        if schema.get("properties") or schema.get("additionalProperties") is False:
            return Widget.GROUP
        rest = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
        of = [_resolved(each) for each in rest if isinstance(each, Mapping)]
        return Widget.PAIRS if of and all(map(_is_scalar, of)) else Widget.YAML
    return Widget.YAML


def _is_scalar(schema: Schema) -> bool:
    return bool(_types(schema)) and _types(schema) <= _SCALARS


def _types(schema: Schema) -> set[str]:
    """The types that a value may have, but for null, which is what is not there."""
    if alternatives := schema.get("oneOf", schema.get("anyOf")):
        return set().union(*(_types(_resolved(each)) or {"?"} for each in alternatives))
    said = schema.get("type", ())
    return {said} if isinstance(said, str) else {*said} - {"null"}


def _fits(widget: Widget, value: Any) -> bool:
    """Whether a value can be shown in such a field."""
    match widget:
        case Widget.GROUP:
            return isinstance(value, Mapping)
        case Widget.LIST:
            return isinstance(value, Sequence) and not isinstance(value, str)
        case Widget.LINES:
            return isinstance(value, Sequence) and not isinstance(value, str) and all(map(_is_line, value))
        case Widget.PAIRS:
            return isinstance(value, Mapping) and all(map(_is_line, value.values()))
        case Widget.TEXT | Widget.CHOICE:
            return _is_line(value)
    return True


def _is_line(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) and "\n" not in str(value)


def _is_text(value: Any) -> bool:
    """Whether scalars stand in quotes that need not."""
    within = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else (value,)
    return any(isinstance(each, str) for each in within)


def _choices(schema: Schema) -> Sequence[Any]:
    if schema.get("type") == "boolean":
        return (True, False)
    return schema.get("enum", ()) or ([schema["const"]] if "const" in schema else ())


def _children(at: KeyPath, schema: Schema, value: Any, widget: Widget) -> Iterator[Field]:
    if widget is Widget.GROUP:
        given = value or {}
        needed = schema.get("required", ())
        for key, each in schema.get("properties", {}).items():
            if key not in _HIDDEN:
                yield _field((*at, key), each, given.get(key), required=key in needed)
    elif widget is Widget.LIST:
        for index, each in enumerate(value or ()):
            yield _field((*at, index), schema["items"], each if each is not None else {}, required=True)


def _title(value: Any, index: int) -> str:
    """What a list's entry is called."""
    name = value.get("name") if isinstance(value, Mapping) else None
    return str(name) if name else f"number {index + 1}"


def _hint(schema: Schema) -> str:
    """What an empty field shows: what counts without it, or an example."""
    if isinstance(default := schema.get("default"), str | int | float | bool):
        return f"{text_of(default)}, if nothing is written"
    examples = schema.get("examples") or ()
    return f"for example {text_of(examples[0])}" if examples and _is_line(examples[0]) else ""


def text_of(value: Any) -> str:
    """A value as a field shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "\n".join(f"{key}: {text_of(each)}" for key, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(map(text_of, value))
    return "" if value is None else str(value)


def value_of(field: Field, text: str) -> Any:
    """What stands in the file when a field says `text`; None for a key that is not there.

    What does not have the field's type stays text, so that the models say what is wrong with it.
    """
    text = text.replace("\r\n", "\n").strip()
    if not text:
        return None
    if field.widget is Widget.LINES:
        items = _resolved(field.schema["items"])
        return [_scalar(items, line.strip(), field) for line in text.split("\n") if line.strip()]
    if field.widget is Widget.PAIRS:
        rest = [*field.schema.get("patternProperties", {}).values(), field.schema.get("additionalProperties")]
        of = next(_resolved(each) for each in rest if isinstance(each, Mapping))
        pairs = (line.partition(":") for line in text.split("\n") if line.strip())
        return {key.strip(): _scalar(of, value.strip(), field) for key, _, value in pairs}
    return _scalar(field.schema, text, field)


def _scalar(schema: Schema, text: str, field: Field) -> Any:
    types = _types(schema)
    if "string" in types and field.is_text:
        return text
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    for read in (int, float) if "number" in types else (int,) if "integer" in types else ():
        try:
            return read(text)
        except ValueError:
            continue
    return text
