"""An editor that knows an older stack file than the loader does, or marks right files as wrong."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from common.paths import CHECKOUT
from components.clusters import KINDS, kind_name
from spec.documents import read
from stacks.schema import SCHEMA_FILE, stack_schema

CASES = Path(__file__).parent / "cases"
RIGHT = [CHECKOUT / "Pulumi.dev.yaml", *sorted(CASES.glob("*.ok.*"))]
VALIDATOR = jsonschema.Draft7Validator(stack_schema())
# what a schema cannot say: rules between fields, files, and YAML itself
SAID_BY_THE_SCHEMA = {
    "cidr": "local.error.cidrs.yaml",
    "empty": "local.error.empty-values.yaml",
    "kind": "local.error.unknown-kind.yaml",
    "label": "local.error.labels.yaml",
    "missing": "local.error.missing-keys.yaml",
    "name": "local.error.names.yaml",
    "choice": "local.error.not-allowed.yaml",
    "no kind": "local.error.missing-kind.yaml",
    "quantity": "local.error.quantities.yaml",
    "quotes": "local.error.version-without-quotes.yaml",
    "range": "local.error.out-of-range.yaml",
    "secret": "existing.error.secret-in-the-open.yaml",
    "type": "local.error.wrong-types.yaml",
    "unknown": "local.error.unknown-key.yaml",
    "version": "local.error.versions.yaml",
}


def document(path: Path) -> object:
    (node,) = read(path).nodes
    return node.plain()


def test_it_is_a_json_schema() -> None:
    jsonschema.Draft7Validator.check_schema(stack_schema())


@pytest.mark.parametrize(
    "path", [CHECKOUT / "Pulumi.dev.yaml", *sorted(CASES.glob("*.ok.*"))], ids=lambda path: path.stem
)
def test_what_the_loader_accepts_is_right_to_editors(path: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(document(path))] == []


@pytest.mark.parametrize("name", SAID_BY_THE_SCHEMA.values(), ids=SAID_BY_THE_SCHEMA)
def test_what_a_schema_can_say_is_wrong_to_editors_too(name: str) -> None:
    assert not VALIDATOR.is_valid(document(CASES / name))


def test_every_field_has_a_description() -> None:
    bare = [
        f"{name}.{key}"
        for name, definition in {"StackFile": stack_schema(), **stack_schema()["definitions"]}.items()
        for key, field in definition["properties"].items()
        if not field.get("description")
    ]
    assert bare == []


def test_a_cluster_is_one_of_its_kinds() -> None:
    schema = stack_schema()
    choices: list[dict[str, Any]] = schema["definitions"]["StackSpec"]["properties"]["polykube:cluster"]["oneOf"]
    names = [choice["$ref"].removeprefix("#/definitions/") for choice in choices]
    kinds = [schema["definitions"][name]["properties"]["kind"]["const"] for name in names]
    assert kinds == [kind_name(kind) for kind in KINDS]


def test_the_example_stack_names_the_schema_for_editors() -> None:
    first = (CHECKOUT / "Pulumi.dev.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={SCHEMA_FILE.relative_to(CHECKOUT)}"


def test_it_is_written_as_one_json_document() -> None:
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == stack_schema()
