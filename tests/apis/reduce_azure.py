"""Writes `azure_native.json`, what Azure's SDKs know of our calls: `python -m tests.apis.reduce_azure DIRECTORY`.

The directory is one in which `pip install --no-deps --target DIRECTORY` has put PACKAGES: the last releases whose
models say what is valid (msrest's `_validation`), at the API versions of azure-native or the nearest ones. They are
read as text, for they would bring their dependencies along.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from tests.apis.calls import all_calls
from tests.apis.shapes import LONGEST_ENUM, version_of, write

PACKAGES: Final = (
    "azure-mgmt-authorization==4.0.0",
    "azure-mgmt-containerservice==40.1.0",
    "azure-mgmt-keyvault==12.0.0",
    "azure-mgmt-loganalytics==13.1.0",
    "azure-mgmt-monitor==6.0.2",
    "azure-mgmt-msi==7.0.0",
    "azure-mgmt-network==28.1.0",
    "azure-mgmt-privatedns==1.2.0",
    "azure-mgmt-resource==23.2.0",
    "azure-mgmt-storage==23.0.0",
)
_SCALARS: Final = {"str": "string", "int": "integer", "long": "integer", "float": "number", "bool": "boolean"}
_TEXTS: Final = ("iso-8601", "rfc-1123", "date", "time", "duration", "bytearray", "base64")
_BOUNDS: Final = {
    "min_length": "min", "max_length": "max", "minimum": "min", "maximum": "max",
    "min_items": "min", "max_items": "max", "pattern": "pattern",
}  # fmt: skip
_ENUM: Final = re.compile(r":vartype (\w+):\s+(?:list\[)?str or\s+~[\w.]*?\.(\w+)\b(?!\.)")
_CALL: Final = re.compile(r"(?P<package>.+)\.(?P<group>\w+)\.(?P<operation>\w+)\((?P<body>\w+)\)")


@dataclass(frozen=True)
class Package:
    """The source of one package, at one API version."""

    path: Path

    @cached_property
    def models(self) -> dict[str, ast.ClassDef]:
        """The classes of objects, by name."""
        return self._classes("_models_py3.py")

    @cached_property
    def enums(self) -> dict[str, list[str]]:
        """The values of each enumeration."""
        (file,) = (self.path / "models").glob("*_enums.py")
        return {name: [ast.literal_eval(v) for v in _assigned(body).values()] for name, body in _classes(file).items()}

    def _classes(self, name: str) -> dict[str, ast.ClassDef]:
        return _classes(self.path / "models" / name)

    def url(self, group: str, operation: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The parts of the URL of a call, with what is valid of each."""
        wanted = {f"build_{operation}_request": f"_{group}_operations.py", f"build_{group}_{operation}_request": ""}
        for file in sorted((self.path / "operations").glob("*_operations.py")):
            for each in ast.parse(file.read_text()).body:
                if isinstance(each, ast.FunctionDef) and wanted.get(each.name) in ("", file.name):
                    yield from _url_parts(each)
                    return
        raise LookupError(f"{self.path}: no {group}.{operation}")


def _classes(file: Path) -> dict[str, ast.ClassDef]:
    return {each.name: each for each in ast.parse(file.read_text()).body if isinstance(each, ast.ClassDef)}


def _assigned(body: ast.ClassDef) -> dict[str, ast.expr]:
    """What a class assigns in its body, by name."""
    pairs = ((each.targets[0], each.value) for each in body.body if isinstance(each, ast.Assign))
    return {target.id: value for target, value in pairs if isinstance(target, ast.Name)}


def _url_parts(function: ast.FunctionDef) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in ast.walk(function):
        if not isinstance(each, ast.Dict):
            continue
        for key, value in zip(each.keys, each.values, strict=True):
            if isinstance(value, ast.Call) and ast.unparse(value.func) == "_SERIALIZER.url" and key is not None:
                known = {str(word.arg): ast.literal_eval(word.value) for word in value.keywords if word.arg in _BOUNDS}
                yield ast.literal_eval(key), {"type": "string", **_bounds(known)}


def _bounds(known: Mapping[str, Any]) -> dict[str, Any]:
    return {_BOUNDS[name]: value for name, value in known.items() if name in _BOUNDS}


class Reducer:
    """Collects the shapes that calls take, as tests/apis/shapes.py has them."""

    def __init__(self, directory: Path) -> None:
        self._package = cache(lambda name: Package(directory / "azure" / "mgmt" / name.replace(".", "/")))
        self.shapes: dict[str, Any] = {}

    def call(self, name: str) -> str:
        """The name of the shape that a call takes: its body, with the parts of its URL."""
        parts = _CALL.fullmatch(name)
        assert parts, name
        package = parts["package"]
        body = self.shapes[self._object(package, parts["body"])]
        of_url = {}
        for part, row in self._package(package).url(parts["group"], parts["operation"]):
            if part != "subscriptionId":
                self.shapes[f"{name}/{part}"] = row
                of_url[part] = f"{name}/{part}"
        required = sorted({*body.get("required", ()), *of_url})
        self.shapes[name] = {"type": "object", "required": required, "fields": {**body["fields"], **of_url}}
        return name

    def _object(self, package: str, name: str) -> str:
        shape = f"{package}.{name}"
        if shape not in self.shapes:
            self.shapes[shape] = {"type": "object", "fields": {}}  # objects may hold themselves
            self.shapes[shape].update(self._fields(package, shape, self._package(package).models[name]))
        return shape

    def _fields(self, package: str, shape: str, model: ast.ClassDef) -> dict[str, Any]:
        parts = _assigned(model)
        valid = ast.literal_eval(parts["_validation"]) if "_validation" in parts else {}
        enums = dict(
            re.findall(r":vartype (\w+):\s+(?:list\[)?str or\s+~[\w.]*?\.(\w+)\b(?!\.)", ast.get_docstring(model) or "")
        )
        fields, required = {}, []
        for attribute, wire in ast.literal_eval(parts["_attribute_map"]).items():
            rules = valid.get(attribute, {})
            name = wire["key"].rpartition(".")[2]
            if rules.get("readonly") or rules.get("constant"):
                continue
            fields[name] = self._shape(package, f"{shape}.{name}", wire["type"], rules, enums.get(attribute, ""))
            required += [name] if rules.get("required") else []
        return {"fields": fields} | ({"required": sorted(required)} if required else {})

    def _shape(self, package: str, name: str, type_: str, rules: Mapping[str, Any], enum: str) -> str:
        bounds = _bounds(rules)
        if type_ in self._package(package).models:
            return self._object(package, type_)
        if type_[0] in "[{":
            kind = "list" if type_[0] == "[" else "map"
            row = {"type": kind, "items": self._shape(package, f"{name}[]", type_[1:-1], {}, enum), **bounds}
        else:
            kind = _SCALARS.get(type_, "string" if type_ in _TEXTS else "any")
            values = self._package(package).enums.get(enum, [])
            row = {"type": kind, **bounds} | ({"enum": values} if 0 < len(values) < LONGEST_ENUM else {})
        plain = row.keys() == {"type"}
        self.shapes[kind if plain else name] = row
        return kind if plain else name


def main(directory: Path) -> None:
    """Write the file."""
    reducer = Reducer(directory)
    calls = {call: reducer.call(call) for call in all_calls("azure_native")}
    sources = [version_of(directory, package.partition("==")[0]) for package in PACKAGES]
    write("azure_native", sources, calls, reducer.shapes)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
