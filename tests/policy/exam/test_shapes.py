"""The types of fields that the pack reads are those of the API server's own description.

`--accept` takes them anew.
"""

import json
from typing import Any, Final

from policy.model.shapes import FILE
from policy.rules import RULES
from tests.support.api import Api
from tests.support.golden import Golden

_BESIDE: Final = frozenset(
    {"ConfigMap", "RuntimeClass", "PriorityClass", "StorageClass", "CustomResourceDefinition", "LimitRange", "Node"}
)
_LEFT_OUT: Final = frozenset({"status", "managedFields", "versions", "conversion"})  # nobody reads them
_TYPE: Final = frozenset({"apiVersion", "kind"})  # of an object
_TYPES: Final = {"string": "text", "boolean": "true or false", "integer": "a whole number", "number": "a number"}
_FORMATS: Final = {"int-or-string": "a number or text", "date-time": "anything"}
_QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_PREFIX: Final = "#/definitions/"


def shapes(definitions: dict[str, Any]) -> dict[str, Any]:
    """The fields of the kinds that rules read, and of all that is in them, by a short name of their type."""
    kinds = _BESIDE.union(*(rule.kinds for rule in RULES))
    open_ends = [
        name
        for name, body in definitions.items()
        if any(each["kind"] in kinds for each in body.get("x-kubernetes-group-version-kind", ()))
    ]
    found: dict[str, Any] = {}
    while open_ends:
        name = open_ends.pop()
        if _short(name) in found or "properties" not in definitions[name]:
            continue
        is_object = "x-kubernetes-group-version-kind" in definitions[name]
        left_out = _LEFT_OUT | _TYPE if is_object else _LEFT_OUT
        fields = {key: it for key, it in definitions[name]["properties"].items() if key not in left_out}
        found[_short(name)] = {key: _shape(it, definitions, open_ends) for key, it in sorted(fields.items())}
    return dict(sorted(found.items()))


def _short(name: str) -> str:
    """`core.v1.Pod` for `io.k8s.api.core.v1.Pod`."""
    return ".".join(name.split(".")[-3:])


def _shape(field: dict[str, Any], definitions: dict[str, Any], open_ends: list[str]) -> Any:
    if reference := field.get("$ref", "").removeprefix(_PREFIX):
        target = definitions[reference]
        if reference == _QUANTITY:
            return "a quantity"
        if "properties" not in target:
            return _shape(target, definitions, open_ends)
        open_ends.append(reference)
        return _short(reference)
    if field.get("type") == "array":
        return [_shape(field["items"], definitions, open_ends)]
    if field.get("type") == "object" and "additionalProperties" in field:
        return {"*": _shape(field["additionalProperties"], definitions, open_ends)}
    return _FORMATS.get(field.get("format", "")) or _TYPES.get(field.get("type", ""), "anything")


def test_fields_have_the_types_that_the_api_server_describes(api: Api, golden: Golden) -> None:
    described = shapes(api.get("/openapi/v2")["definitions"])
    if golden.accept:
        lines = (f"{json.dumps(name)}: {json.dumps(fields)}" for name, fields in described.items())
        FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    assert json.loads(FILE.read_text()) == described
