"""What is checked: Kubernetes manifests and Pulumi states, as resources and as problems with them."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from common.errors import Problem
from common.wire import SECRET_SIGNATURE, SIGNATURE, UNKNOWNS
from policy.kubernetes import configures
from policy.model import Resource
from policy.unknown import Unknown, name_unknowns
from spec.documents import BUNDLE, Documents, Node, from_bytes, read

STDIN: Final = "-"
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
_NO_OBJECT: Final = frozenset({"Kustomization", "Component"})  # kustomize's own documents, which have no name
_MOST_BYTES: Final = BUNDLE.mebibytes * 2**20

Read = Resource | Problem


def manifests(paths: Iterable[str]) -> Iterator[Read]:
    """The objects in files, in directories with all that is below them, and on standard input (`-`)."""
    for path in paths:
        if path == STDIN:
            yield from _objects(path, from_bytes(sys.stdin.buffer.read(_MOST_BYTES + 1), BUNDLE))
            continue
        files = _files(Path(path))
        if not files:
            yield _problem(path, 0, "no file", "a YAML file, or a directory with some", "name another path")
        for file in files:
            yield from _objects(str(file), read(file, BUNDLE))


def state(path: Path) -> Iterator[Read]:
    """The resources in a state as `pulumi stack export` writes it. What it holds encrypted is unknown."""
    try:
        resources = json.loads(path.read_bytes())["deployment"].get("resources") or []
        for resource in resources:
            if not resource.get("delete"):
                yield _of_state(resource)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        found = f"{type(error).__name__}: {error}"
        yield _problem(str(path), 0, found, "what `pulumi stack export` writes", "export the state again")


def _of_state(resource: Mapping[str, Any]) -> Resource:
    name = resource["urn"].rpartition("::")[2]
    inputs = _decoded(resource.get("inputs") or {})
    name_unknowns(inputs, name)
    return Resource(resource["urn"], resource["type"], name, inputs, bool(resource.get("protect")))


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            return _decoded(json.loads(value["plaintext"])) if "plaintext" in value else Unknown()
        return {key: _decoded(item) for key, item in value.items()}
    return Unknown() if isinstance(value, str) and value in UNKNOWNS else value


def _files(path: Path) -> list[Path]:
    try:
        if path.is_dir():
            return sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
        return [path] if path.exists() else []
    except (OSError, ValueError):  # a directory that is not ours to read, or a name that no file can have
        return []


def _objects(file: str, documents: Documents) -> Iterator[Read]:
    for finding in documents.findings:
        yield _problem(file, finding.line, f"{finding.code.title}: {finding.found}", "YAML", finding.remedy)
    for node in documents.nodes:
        if node.value is not None:
            yield from _of_document(file, node)


def _of_document(file: str, node: Node) -> Iterator[Read]:
    body = node.plain()
    if not isinstance(body, dict) or not all(isinstance(body.get(key), str) for key in ("apiVersion", "kind")):
        yield _not_an_object(file, node.line, "no apiVersion and kind")
    elif body["kind"].endswith("List") and isinstance(body.get("items"), list):
        items = node.value["items"] if isinstance(node.value, dict) else node
        for item in items.value if isinstance(items.value, list) else ():
            yield from _of_document(file, item)
    elif body["kind"] not in _NO_OBJECT:
        yield _object(file, node.line, body)


def _object(file: str, line: int, body: dict[str, Any]) -> Read:
    version = body["apiVersion"]
    token = f"kubernetes:{version if '/' in version else f'core/{version}'}:{body['kind']}"
    metadata = body.get("metadata")
    if metadata is None and configures(version):
        return Resource(f"{file}:{line}", token, Path(file).name, body)
    if not isinstance(metadata, dict):
        return _not_an_object(file, line, "no metadata")
    name = metadata.get("name", metadata.get("generateName"))
    if not isinstance(name, str) or not name:
        return _not_an_object(file, line, "no metadata.name")
    for key, wanted in (("namespace", str), ("labels", dict), ("annotations", dict)):
        if not isinstance(metadata.get(key) or wanted(), wanted):
            return _not_an_object(file, line, f"metadata.{key} is a {type(metadata[key]).__name__}")
    return Resource(f"{file}:{line}", token, name, body)


def _not_an_object(file: str, line: int, found: str) -> Problem:
    allowed = "apiVersion, kind and metadata with a name"
    return _problem(file, line, found, allowed, "write one Kubernetes object in each document")


def _problem(file: str, line: int, found: str, allowed: str, remedy: str) -> Problem:
    return Problem("PK515", "this cannot be checked", file=file, line=line, found=found, allowed=allowed, remedy=remedy)
