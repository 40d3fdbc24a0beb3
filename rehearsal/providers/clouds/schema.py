"""The compiled schema of a cloud, as the input checks read it (compile_schema.py says how types are written)."""

import json
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, Literal

from rehearsal.providers.sdk_schema import ObjectType, ResourceSchema

_SCALARS: Final[Mapping[str, Any]] = {"string": str, "integer": int, "number": float, "boolean": bool, "any": Any}


class Schema:
    """The resource types of the cloud whose package is the directory `path`."""

    def __init__(self, path: Path) -> None:
        self._content: Mapping[str, Any] = json.loads((path / "schema.json").read_text())
        self._type = cache(self._parse)

    @cached_property
    def provider(self) -> ResourceSchema:
        """What the provider can be told."""
        return self._schema("pulumi:providers", self._content["provider"])

    @property
    def tokens(self) -> list[str]:
        """The resource types that are here."""
        return list(self._content["types"])

    def resource(self, token: str) -> ResourceSchema:
        """The schema of a resource type that is here."""
        return self._schema(token, self._content["types"][token])

    def properties(self, token: str) -> set[str]:
        """The names of all inputs and outputs of a resource type."""
        row = self._content["types"][token]
        return {*row["inputs"], *row["outputs"]}

    def _schema(self, token: str, row: Mapping[str, Any]) -> ResourceSchema:
        inputs = self._fields(row)
        return ResourceSchema(
            token,
            inputs,
            required=frozenset(row.get("required", ())),
            outputs=frozenset(row.get("outputs", ())) | inputs.keys(),
            secrets=frozenset(row.get("secrets", ())),
        )

    def _fields(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._type(type_) for name, type_ in row["inputs"].items()}

    def _parse(self, written: str) -> Any:
        match written[0]:
            case "[":
                return Sequence[self._type(written[1:-1])]  # type: ignore[misc]  # types are values here
            case "{":
                return Mapping[str, self._type(written[1:-1])]  # type: ignore[misc]
            case "=":
                return Literal[tuple(written[1:].split("|"))]
            case "@":
                row = self._content["objects"][written[1:]]
                return ObjectType(lambda: self._fields(row), frozenset(row.get("required", ())))
        return _SCALARS[written]
