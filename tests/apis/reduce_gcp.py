"""Writes `gcp.json`, what Google's discovery documents say of our objects: `python -m tests.apis.reduce_gcp DIRECTORY`.

The directory is one in which `pip install --no-deps --target DIRECTORY google-api-python-client` has put them.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.apis.calls import all_calls
from tests.apis.shapes import LONGEST_ENUM, version_of, write

_SCALARS: Final = ("string", "integer", "number", "boolean", "any")


class Reducer:
    """Collects the shapes of objects, as tests/apis/shapes.py has them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "googleapiclient" / "discovery_cache" / "documents"
        self.document = cache(self._read)
        self.shapes: dict[str, Any] = {}

    def object(self, name: str) -> str:
        """The name of the shape of an object (`container.v1beta1.Cluster`)."""
        api, _, schema = name.rpartition(".")
        if name not in self.shapes:
            self.shapes[name] = None  # objects may hold themselves
            self.shapes[name] = dict(self._reduced(api, name, self.document(api)["schemas"][schema]))
        return name

    def _read(self, api: str) -> Any:
        return json.loads((self._directory / f"{api}.json").read_text())

    def _shape(self, api: str, name: str, row: Mapping[str, Any]) -> str:
        if "$ref" in row:
            return self.object(f"{api}.{row['$ref']}")
        reduced = dict(self._reduced(api, name, row))
        plain = reduced.keys() == {"type"}
        name = reduced["type"] if plain else name
        self.shapes[name] = reduced
        return name

    def _reduced(self, api: str, name: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        inner = row.get("items") or row.get("additionalProperties")
        if row["type"] in _SCALARS:
            yield "type", row["type"]
            if "pattern" in row:
                yield "pattern", row["pattern"]
            if 0 < len(row.get("enum", ())) < LONGEST_ENUM:
                yield "enum", row["enum"]
        elif inner:
            yield "type", "list" if "items" in row else "map"
            yield "items", self._shape(api, f"{name}[]", inner)
        else:
            yield "type", "object"
            fields = row.get("properties", {}).items()
            yield "fields", {field: self._shape(api, f"{name}.{field}", each) for field, each in fields}


def main(directory: Path) -> None:
    """Write the file."""
    reducer = Reducer(directory)
    calls = {call: reducer.object(call) for call in all_calls("gcp")}
    apis = sorted({call.rpartition(".")[0] for call in calls})
    revisions = [f"{api} of {reducer.document(api)['revision']}" for api in apis]
    write("gcp", [version_of(directory, "google-api-python-client"), *revisions], calls, reducer.shapes)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
