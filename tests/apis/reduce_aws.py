"""Writes `aws.json`, what botocore knows of the calls in `aws.yaml`: `python -m tests.apis.reduce_aws DIRECTORY`.

The directory is one in which `pip install --no-deps --target DIRECTORY botocore` has put AWS's API models.
"""

import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.apis.calls import all_calls
from tests.apis.shapes import LONGEST_ENUM, version_of, write

_TYPES: Final = {
    "string": "string", "blob": "string", "timestamp": "string", "integer": "integer", "long": "integer",
    "float": "number", "double": "number", "boolean": "boolean", "list": "list", "map": "map", "structure": "object",
}  # fmt: skip


class Reducer:
    """Collects the shapes that calls take, as tests/apis/shapes.py has them."""

    def __init__(self, directory: Path) -> None:
        self._data = directory / "botocore" / "data"
        self._model = cache(self._read)
        self.shapes: dict[str, Any] = {}

    def call(self, name: str) -> str:
        """The name of the shape that a call takes (`eks.CreateCluster`)."""
        service, _, operation = name.partition(".")
        return self._shape(service, self._model(service)["operations"][operation]["input"]["shape"])

    def _read(self, service: str) -> Any:
        newest = max((self._data / service).iterdir()) / "service-2.json.gz"
        return json.loads(gzip.decompress(newest.read_bytes()))

    def _shape(self, service: str, name: str) -> str:
        key = f"{service}.{name}"
        if key not in self.shapes:
            self.shapes[key] = None  # shapes may hold themselves
            self.shapes[key] = dict(self._reduced(service, self._model(service)["shapes"][name]))
        return key

    def _reduced(self, service: str, shape: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        yield "type", _TYPES[shape["type"]]
        told = [key for key in ("min", "max", "pattern", "required") if shape.get(key) is not None]
        yield from ((key, shape[key]) for key in told if key != "pattern" or _is_readable(shape[key]))
        if len(shape.get("enum", ())) in range(1, LONGEST_ENUM):
            yield "enum", shape["enum"]
        match shape["type"]:
            case "structure":
                members = {name: self._shape(service, each["shape"]) for name, each in shape["members"].items()}
                yield "fields", members
            case "list":
                yield "items", self._shape(service, shape["member"]["shape"])
            case "map":
                yield "keys", self._shape(service, shape["key"]["shape"])
                yield "items", self._shape(service, shape["value"]["shape"])


def _is_readable(pattern: str) -> bool:
    """Whether Python reads a pattern as its author meant it: not so pairs of surrogates, which are one character."""
    return "\\uD800" not in pattern


def main(directory: Path) -> None:
    """Write the file."""
    reducer = Reducer(directory)
    calls = {call: reducer.call(call) for call in all_calls("aws")}
    write("aws", [version_of(directory, "botocore")], calls, reducer.shapes)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
