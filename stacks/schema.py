"""The JSON Schema of stack files, for editors: completion, hover texts and errors while typing.

`make docs` writes it to docs/reference/stack.schema.json; `Pulumi.dev.yaml` refers to it in its first line.
It is draft 07, which every editor's YAML support knows. It says what each field takes; the rules between
fields are the loader's.
"""

import json
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from common.paths import CHECKOUT
from common.quantity import Quantity
from components.clusters.node_pools import Capacity
from spec.model import StackModel
from stacks.config import NAMESPACE, StackFile, StackSpec

SCHEMA_FILE: Final = CHECKOUT / "docs" / "reference" / "stack.schema.json"
_OTHER_NAMESPACES: Final = {f"^(?!{NAMESPACE})[^:]+:": {"description": "Configuration of a provider."}}


class _Generator(GenerateJsonSchema):
    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, StackModel):
            return {}  # its own fields show their defaults
        return str(dft) if isinstance(dft, Quantity) else super().encode_default(dft)


def stack_schema() -> dict[str, Any]:
    """The schema of a whole stack file, Pulumi's own keys and other namespaces' configuration included."""
    schema = StackFile.model_json_schema(ref_template="#/definitions/{model}", schema_generator=_Generator)
    definitions = schema.pop("$defs")
    definitions[StackSpec.__name__] |= {"patternProperties": _OTHER_NAMESPACES, "additionalProperties": False}
    extended = definitions[Capacity.__name__]
    extended |= {"patternProperties": {"/": extended["additionalProperties"]}, "additionalProperties": False}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Stack file of polykube"}
    return (
        head
        | {key: _tidied(value) for key, value in schema.items() if key != "title"}
        | {"definitions": {name: _tidied(definition) for name, definition in sorted(definitions.items())}}
    )


def _tidied(schema: Any) -> Any:
    """A schema without generated titles, without null (no key may be empty), and without defaults that say nothing."""
    if isinstance(schema, list):
        return [_tidied(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if not (key == "default" and value in (None, {}, [], ""))}
    if isinstance(kept.get("title"), str):
        del kept["title"]
    choices = [choice for choice in kept.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        kept = choices[0] | kept
    return {key: _tidied(value) for key, value in kept.items()}


def as_text() -> str:
    """The schema as it stands in the file."""
    return json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n"
