"""Bundles: manifests that upstream's own tools render, held to what `addons.lock` accepts.

A rendering is made by `automation.bundles` and kept in the cache; the program only reads it, so that it needs
neither tools nor a network. Of upstream's text nothing is committed but its hash.
"""

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from common.errors import Problem, ToolchainError
from common.paths import CHECKOUT, REHEARSAL, cache_dir

LOCK: Final = CHECKOUT / "addons.lock"
_DEFINITION: Final = "CustomResourceDefinition"
_SHOWN: Final = 200  # characters


@dataclass(frozen=True)
class Bundle:
    """What `tool` prints for `arguments`, accepted when its canonical form has the hash `sha256`.

    `module` is a Go module, in whose directory (`{module}` in the arguments) `tool` finds what it renders; with the
    tool `go` the manifests are `files` of it, as they stand. Where it cannot be reached, rehearsals take `stand_in`,
    a file of ours with as much of it as we use.
    """

    name: str
    version: str
    tool: str
    arguments: tuple[str, ...]
    module: str
    files: tuple[str, ...]
    stand_in: str
    sha256: str

    @property
    def file(self) -> Path:
        """Where the accepted rendering is kept: another place as soon as anything in the lock changes."""
        content = "\0".join((self.tool, *self.arguments, self.module, *self.files, self.sha256))
        return bundle_dir() / f"{self.name}-{self.version}-{hashlib.sha256(content.encode()).hexdigest()[:12]}.json"

    def accepts(self, rendering: str) -> bool:
        """Whether this is the rendering that the lock means."""
        return hashlib.sha256(rendering.encode()).hexdigest() == self.sha256

    def rendering(self) -> str | None:
        """The accepted rendering, if the cache has it whole."""
        text = self.file.read_text(encoding="utf-8") if self.file.is_file() else ""
        return text if self.accepts(text) else None

    def usable(self) -> str | None:
        """The accepted rendering; in a rehearsal the stand-in, if there is one and the cache has nothing better."""
        rendering = self.rendering()
        if rendering or not self.stand_in or not os.environ.get(REHEARSAL):
            return rendering
        return canonical((CHECKOUT / self.stand_in).read_text(encoding="utf-8"))


def bundle_dir() -> Path:
    """Where renderings are kept."""
    return cache_dir() / "bundles"


@cache
def read_bundles() -> Mapping[str, Bundle]:
    """Every bundle of the lock, by name."""
    return {
        name: Bundle(
            name,
            entry["version"],
            entry["tool"],
            tuple(argument.replace("{version}", entry["version"]) for argument in entry.get("arguments", ())),
            entry.get("module", "").replace("{version}", entry["version"]),
            tuple(entry.get("files", ())),
            entry.get("stand-in", ""),
            entry["sha256"],
        )
        for name, entry in tomllib.loads(LOCK.read_text(encoding="utf-8")).items()
    }


def canonical(manifests: str) -> str:
    """YAML documents as JSON that changes only when an object does; ValueError or YAMLError if they are no objects."""
    documents = [document for document in yaml.load_all(manifests, yaml.CSafeLoader) if document]
    objects = [each for document in documents for each in _unfolded(document)]
    if not objects or not all(map(_is_object, objects)):
        raise ValueError(f"no Kubernetes objects: {manifests[:_SHOWN]}")
    objects.sort(key=_identity)
    return json.dumps(objects, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _unfolded(document: Any) -> list[Any]:
    """The objects of a document, which may be a list of them."""
    is_list = isinstance(document, dict) and document.get("kind") == "List"
    return list(document["items"]) if is_list else [document]


def _is_object(document: Any) -> bool:
    return isinstance(document, dict) and {"apiVersion", "kind", "metadata"} <= document.keys()


def _identity(manifest: Mapping[str, Any]) -> tuple[str, str, str, str]:
    metadata = manifest["metadata"]
    return manifest["apiVersion"], manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def load(name: str) -> list[dict[str, Any]]:
    """The objects of the bundle `name`, for the caller to change; ToolchainError (PK214) if it was never rendered here.

    Their schemas come without descriptions: two thirds of what every preview would carry, and state would keep.
    """
    bundle = read_bundles()[name]
    rendering = bundle.usable()
    if rendering is None:
        raise ToolchainError(
            Problem(
                code="PK214",
                summary=f"the manifests of {name} {bundle.version} have not been rendered on this machine",
                where=str(bundle.file),
                found="nothing, or not what addons.lock accepts",
                allowed=f"what {bundle.tool} renders",
                remedy="run `polykube bundles`; `polykube up` and `make up` do it by themselves",
            )
        )
    return [_terse(each) if each["kind"] == _DEFINITION else each for each in json.loads(rendering)]


def _terse(schema: Any) -> Any:
    """`schema` without its descriptions; a property of that name is no text, and stays."""
    if isinstance(schema, dict):
        return {
            key: _terse(value) for key, value in schema.items() if not (key == "description" and isinstance(value, str))
        }
    return [_terse(each) for each in schema] if isinstance(schema, list) else schema
