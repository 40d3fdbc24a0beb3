"""The page of the stack file: every key with its type, default and meaning, from the JSON Schema."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from devtools.docs.markdown import anchor, table
from stacks.schema import stack_schema

_TOP: Final = "StackSpec"
_HEAD: Final = """# Options of the stack file

What may stand under `config` in `Pulumi.<stack>.yaml`: each key with its type, default and meaning.

An editor that knows YAML shows the same while typing, as the first line of `Pulumi.dev.yaml` names the
[schema](stack.schema.json). Unknown keys are refused. Keys of other namespaces (`aws:region`) go to their providers.
"""

Schema = Mapping[str, Any]


def page() -> str:
    """Sections in the order in which a stack file leads to them."""
    definitions: Mapping[str, Schema] = stack_schema()["definitions"]
    places = _places(definitions)
    return _HEAD + "\n" + "\n".join(_section(name, definitions[name], at) for name, at in places.items())


def _places(definitions: Mapping[str, Schema]) -> Mapping[str, list[str]]:
    """Where each mapping stands (`polykube:tenants[].quota`), outer ones first."""
    places: dict[str, list[str]] = {_TOP: []}
    waiting = [(_TOP, "")]
    while waiting:
        name, path = waiting.pop(0)
        for key, field in definitions[name]["properties"].items():
            for target, suffix in _references(field):
                at = f"{path}.{key}{suffix}" if path else f"{key}{suffix}"
                places.setdefault(target, []).append(at)
                waiting.append((target, at))
    return places


def _references(schema: Schema, suffix: str = "") -> Iterator[tuple[str, str]]:
    if "$ref" in schema:
        yield schema["$ref"].rpartition("/")[2], suffix
    for choice in schema.get("oneOf", ()):
        yield from _references(choice, suffix)
    if "items" in schema:
        yield from _references(schema["items"], f"{suffix}[]")


def _section(name: str, definition: Schema, at: list[str]) -> str:
    required = definition.get("required", ())
    rows = [
        (f"`{key}`", _type(field), _default(field, required=key in required), field["description"])
        for key, field in definition["properties"].items()
    ]
    where = f"At {', '.join(f'`{place}`' for place in at)}. " if at else ""
    keys = table(("key", "type", "default", "meaning"), rows)
    return f"## {_title(name)}\n\n{where}{definition['description']}\n\n{keys}\n"


def _title(name: str) -> str:
    """`Tenant` of `TenantSpec`."""
    return "Top" if name == _TOP else name.removesuffix("Spec")


def _default(field: Schema, *, required: bool) -> str:
    if required:
        return "**required**"
    default = field.get("default")
    return "" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _type(schema: Schema) -> str:
    match schema:
        case {"$ref": reference}:
            title = _title(reference.rpartition("/")[2])
            return f"[{title}]({anchor(title)})"
        case {"oneOf": choices}:
            return " or ".join(_type(choice) for choice in choices)
        case {"enum": values}:
            return " or ".join(f"`{value}`" for value in values)
        case {"const": value}:
            return f"`{value}`"
        case {"items": items}:
            return f"list of {_type(items)}"
        case {"properties": {"secure": _}}:
            return "encrypted text"
        case {"type": "object"}:
            values = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")][0]
            return f"mapping to {_type(values)}" if isinstance(values, dict) else "mapping"
    return _scalar(schema)


def _scalar(schema: Schema) -> str:
    names = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}
    kinds = schema.get("type", [])
    shown = " or ".join(names[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)) or "anything"
    if "maximum" in schema:
        return f"{shown}, {schema['minimum']} to {schema['maximum']}"
    return f"{shown}, as `{schema['examples'][0]}`" if "examples" in schema else shown
