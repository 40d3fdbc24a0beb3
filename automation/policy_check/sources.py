"""What is checked: Kubernetes manifests and Pulumi states, as resources and as problems with them."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from automation.policy_check.places import Written
from common.errors import Problem
from common.kinds import is_namespaced, is_of_kubernetes
from common.wire import shown
from policy.model.kubernetes import configures
from policy.model.unknown import Unknown, name_unknowns
from spec.documents import Documents, YamlNode, decoded, text_of
from spec.kubectl import LIMITS, parse_manifest
from spec.problems import Finding

STDIN: Final = "-"
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
_KUSTOMIZE: Final = "kustomize.config.k8s.io"  # Flux has a Kustomization of its own, which is an object
_KUSTOMIZATION: Final = frozenset({"kustomization.yaml", "kustomization.yml"})
_OF_KUSTOMIZE: Final = frozenset({"Kustomization", "Component"})
_CHART: Final = "Chart.yaml"
_OF_CHART: Final = frozenset({"templates", "charts", "ci"})  # what a chart has besides crds/ and files of its own
_URN: Final = re.compile(r'"urn": *"([^"]+)"')


@dataclass(frozen=True)
class PassedOver:
    """A file that holds no objects."""

    file: str


Read = Written | Problem | PassedOver


def manifests(paths: Iterable[str], namespace: str = "") -> Iterator[Read]:
    """The objects in files, in directories with all that is below them, and on standard input (`-`).

    Those that state no namespace and belong into one are put into `namespace`, if it is given.
    """
    for path in paths:
        if path == STDIN:
            yield from _Source(path, namespace).read(decoded(sys.stdin.buffer.read(LIMITS.bytes + 1), LIMITS))
        elif _is_directory(path):
            yield from _of_directory(Path(path), namespace)
        elif Path(path).name in _KUSTOMIZATION:
            yield from _Source(path, namespace, is_named=False).read(text_of(Path(path), LIMITS))
        else:
            yield from _Source(path, namespace).read(text_of(Path(path), LIMITS))


def state(path: Path) -> Iterator[Read]:
    """The resources in a state as `pulumi stack export` writes it. What it holds encrypted is unknown."""
    try:
        text = path.read_text(encoding="utf-8")
        resources = json.loads(text)["deployment"].get("resources") or []
        lines = {urn[1]: number for number, line in enumerate(text.splitlines(), 1) if (urn := _URN.search(line))}
        for resource in resources:
            if not resource.get("delete"):
                yield _of_state(resource, str(path), lines.get(resource["urn"], 0))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        found = f"{type(error).__name__}: {error}"
        yield _problem(str(path), 0, found, "what `pulumi stack export` writes", "export the state again")


def _of_state(resource: Mapping[str, Any], file: str, line: int) -> Written:
    name = resource["urn"].rpartition("::")[2]
    inputs = _decoded(resource.get("inputs") or {})
    name_unknowns(inputs, name)
    protect = bool(resource.get("protect"))
    return Written(resource["urn"], resource["type"], name, inputs, protect, file=file, line=line)


def _decoded(value: Any) -> Any:
    return shown(value, secret=_decrypted, unknown=Unknown)


def _decrypted(secret: Mapping[str, Any]) -> Any:
    """What is in a secret of a state that was exported with its secrets."""
    return _decoded(json.loads(secret["plaintext"])) if "plaintext" in secret else Unknown()


def _is_directory(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _of_directory(directory: Path, namespace: str) -> Iterator[Read]:
    try:
        files = sorted(file for file in directory.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
    except OSError:  # not ours to read
        files = []
    charts = _charts(directory, files)
    reads: list[Read] = [_not_rendered(chart) for chart in charts]
    for file in files:
        if not any(_belongs(file, chart) for chart in charts):
            reads += _Source(str(file), namespace, is_named=False).read(text_of(file, LIMITS))
        elif "templates" not in file.parts:
            reads.append(PassedOver(str(file)))
    if all(isinstance(read, PassedOver) for read in reads):
        found = f"{len(reads)} files, and none holds an object" if reads else "no file"
        yield _problem(str(directory), 0, found, "a YAML file, or a directory with some", "name another path")
    yield from reads


def _charts(directory: Path, files: Iterable[Path]) -> list[Path]:
    """The Helm charts in a directory, or that it is in itself; not those that belong to another one."""
    charts: list[Path] = [] if directory.name != "templates" else _chart_of(directory / _CHART)
    for file in sorted(files, key=lambda file: len(file.parts)):
        if file.name == _CHART and not any(_belongs(file, chart) for chart in charts):
            charts.append(file.parent)
    return charts


def _belongs(file: Path, chart: Path) -> bool:
    """Whether a file is a chart's own rather than a manifest that lies in its directory."""
    if not file.is_relative_to(chart):
        return False
    first, *rest = file.relative_to(chart).parts
    return not rest or first in _OF_CHART


def _chart_of(file: Path) -> list[Path]:
    """The chart that a file is a template of, if it is."""
    return [place for place in file.parents if (place / _CHART).is_file()][-1:]


def _not_rendered(chart: Path) -> Problem:
    found = "a Helm chart, whose templates are no objects until they are rendered"
    return _problem(str(chart), 0, found, "", f"render it: {_rendering(chart)}")


def _rendering(chart: Path) -> str:
    return f"helm template {chart} | polykube policy check -"


@dataclass(frozen=True)
class _Source:
    """A file. Of one that was not asked for by name, only what is meant as an object is judged."""

    file: str
    namespace: str = ""
    is_named: bool = True

    def read(self, text: str | Finding) -> Iterator[Read]:
        """The objects in the documents of the file, and what is wrong with others."""
        if not self.is_named and self.file.endswith(".json") and isinstance(text, str) and "apiVersion" not in text:
            yield PassedOver(self.file)  # of some other tool, whose JSON may have comments
            return
        documents = parse_manifest(text) if isinstance(text, str) else Documents(findings=(text,))
        nodes = [node for node in documents.nodes if node.value is not None]
        if not self.is_named and not documents.findings and not any(self._is_meant(node.plain()) for node in nodes):
            yield PassedOver(self.file)
            return
        if not nodes and not documents.findings:
            yield _problem(self.file, 0, "nothing: there is no document in it", "", "see what should have written it")
        lines = text.splitlines() if documents.findings and isinstance(text, str) else []
        for line, finding in {finding.line: finding for finding in documents.findings}.items():
            found = f"{finding.code.title}: {finding.found}"
            is_template = "{{" in "".join(lines[line - 1 : line])
            remedy = f"{finding.remedy} {self._rendered()}" if is_template else finding.remedy
            yield _problem(self.file, line, found, "YAML", remedy)
        for node in nodes:
            yield from self._of_document(node, node.plain())

    def _is_meant(self, body: Any) -> bool:
        """Whether a document is an object, or was probably to be one."""
        if not isinstance(body, dict) or _is_of_kustomize(body):
            return False
        if {"apiVersion", "kind"} <= body.keys():
            return "metadata" in body or "items" in body or _is_kubernetes_kind(body["apiVersion"], body["kind"])
        return "metadata" in body and not body.keys().isdisjoint({"apiVersion", "kind"})

    def _rendered(self) -> str:
        chart = next(iter(_chart_of(Path(self.file))), Path("CHART"))
        return f"If it is a template, render it: {_rendering(chart)}"

    def _of_document(self, node: YamlNode, body: Any, listed: Mapping[str, str] | None = None) -> Iterator[Read]:
        """The objects in a document; those in a list may leave to it what they are."""
        if isinstance(body, dict) and listed:
            body = {**listed, **body}
        if isinstance(body, dict) and _is_of_kustomize(body):
            yield PassedOver(self.file)
            return
        if not isinstance(body, dict) or not all(isinstance(body.get(key), str) for key in ("apiVersion", "kind")):
            yield self._not_an_object(node.line, "no apiVersion and kind")
        elif body["kind"].endswith("List") and isinstance(items := body.get("items", ""), list | None):
            kind = body["kind"].removesuffix("List")
            inherited = {"apiVersion": body["apiVersion"], "kind": kind} if kind else None
            for index, item in enumerate(items or ()):
                yield from self._of_document(node.nearest(("items", index))[0], item, inherited)
        else:
            yield self._object(node, body)

    def _object(self, node: YamlNode, body: dict[str, Any]) -> Read:
        version, metadata = body["apiVersion"], body.get("metadata")
        token = f"kubernetes:{version if '/' in version else f'core/{version}'}:{body['kind']}"
        urn = f"{self.file}:{node.line}"
        if metadata is None and configures(version):
            return Written(urn, token, Path(self.file).name, body, file=self.file, line=node.line, node=node)
        if not isinstance(metadata, dict):
            return self._not_an_object(node.line, "no metadata")
        name = metadata.get("name", metadata.get("generateName"))
        if not isinstance(name, str) or not name:
            return self._not_an_object(node.line, "no metadata.name")
        for key, wanted in (("namespace", str), ("labels", dict), ("annotations", dict)):
            if not isinstance(metadata.get(key) or wanted(), wanted):
                return self._not_an_object(node.line, f"metadata.{key} is a {type(metadata[key]).__name__}")
        if self.namespace and not metadata.get("namespace") and is_namespaced(version, body["kind"]):
            body = {**body, "metadata": {**metadata, "namespace": self.namespace}}
        return Written(urn, token, name, body, file=self.file, line=node.line, node=node)

    def _not_an_object(self, line: int, found: str) -> Problem:
        allowed = "apiVersion, kind and metadata with a name"
        return _problem(self.file, line, found, allowed, "write one Kubernetes object in each document")


def _is_of_kustomize(body: Mapping[str, Any]) -> bool:
    """Whether a document tells kustomize what to do; without apiVersion and kind it is like a file of values."""
    version, kind = body.get("apiVersion"), body.get("kind")
    if isinstance(version, str) and version:
        return version.partition("/")[0] == _KUSTOMIZE
    return kind in _OF_KUSTOMIZE


def _is_kubernetes_kind(version: Any, kind: Any) -> bool:
    """Whether a kind is of Kubernetes' API, rather than of some tool's files, which have no metadata."""
    if not isinstance(version, str) or (version, kind) == ("v1", "Config"):  # a kubeconfig
        return False
    return is_of_kubernetes(version.rpartition("/")[0]) or configures(version)


def _problem(file: str, line: int, found: str, allowed: str, remedy: str) -> Problem:
    return Problem("PK515", "this cannot be checked", file=file, line=line, found=found, allowed=allowed, remedy=remedy)
