"""A tenant's workload: plain Kubernetes YAML, read and checked as far as that goes without a cluster."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from common.kinds import is_cluster_scoped
from spec.documents import YamlNode, read
from spec.invalid import valid
from spec.problems import Code, Finding

_SUFFIXES: Final = (".yaml", ".yml")
_INSTEAD: Final = {
    "ClusterRole": "Write a Role.",
    "ClusterRoleBinding": "Write a RoleBinding.",
    "Namespace": "Declare a tenant for it.",
    "PriorityClass": "Declare it in platform.priorityClasses.",
    "StorageClass": "Declare it in platform.storageClasses.",
}


@dataclass(frozen=True)
class Manifest:
    """One Kubernetes object and the place where it is written."""

    file: Path
    line: int
    body: Mapping[str, Any]

    @property
    def identity(self) -> tuple[str, str, str]:
        """apiVersion, kind and name."""
        return self.body["apiVersion"], self.body["kind"], self.body["metadata"]["name"]

    def finding(self, code: Code, found: str, allowed: str, remedy: str) -> Finding:
        """A finding about this object, relative to its tenant."""
        return Finding(code, found, allowed, remedy, at=("manifests",), file=str(self.file), line=self.line)


def read_manifests(paths: Sequence[Path]) -> tuple[list[Manifest], list[Finding]]:
    """The objects in files and directories, in the order of `paths`, then of file names, then of the file.

    A directory stands for its own `*.yaml` and `*.yml` files, not for those further down. Findings are
    relative to `paths`; nothing is raised.
    """
    manifests: list[Manifest] = []
    findings: list[Finding] = []
    for index, path in valid(paths):
        files = _files(path)
        if not files:
            remedy = "Name a YAML file, or a directory with some; relative paths start at the stack file."
            findings.append(Finding(Code.BAD_MANIFEST_PATH, str(path), "an existing path", remedy, at=(index,)))
        for file in files:
            for item in _objects(file):
                if isinstance(item, Manifest):
                    manifests.append(item)
                else:
                    findings.append(item.below(index))
    return manifests, findings


def check_manifests(
    paths: Sequence[Path], namespace: str, guardrails: Collection[tuple[str, str]]
) -> Iterator[Finding]:
    """What is wrong with a tenant's manifests, relative to the tenant.

    `guardrails` are kind and name of what the tenant gets anyway, and may not be written a second time.
    """
    manifests, findings = read_manifests(paths)
    for finding in findings:
        yield finding.below("manifests")
    seen: dict[tuple[str, str, str], Manifest] = {}
    for manifest in manifests:
        own = manifest.body["metadata"].get("namespace", namespace)
        first = seen.setdefault(manifest.identity, manifest)
        version, kind, _ = manifest.identity
        if is_cluster_scoped(version, kind):
            remedy = _INSTEAD.get(kind, "Remove it, and have it installed by those who run the cluster.")
            yield manifest.finding(Code.CLUSTER_SCOPED, " ".join(manifest.identity), "objects in a namespace", remedy)
        elif own != namespace:
            remedy = f"Remove metadata.namespace, or write {namespace}."
            yield manifest.finding(Code.FOREIGN_NAMESPACE, str(own), namespace, remedy)
        elif manifest.identity[1:] in guardrails:
            remedy = "Rename it; what this one says, the tenant's quota, limitRange, network or group says."
            found = " ".join(manifest.identity)
            yield manifest.finding(Code.RESERVED_NAME, found, "a name that no guardrail has", remedy)
        if first is not manifest:
            remedy = f"Remove or rename one of them; the other is at {first.file.name}:{first.line}."
            yield manifest.finding(Code.SAME_OBJECT_TWICE, " ".join(manifest.identity), "", remedy)


def _files(path: Path) -> list[Path]:
    try:
        if path.is_dir():
            return sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES)
        return [path] if path.exists() else []
    except (OSError, ValueError):  # a name that the file system cannot have, or a directory that is not ours to read
        return []


def _objects(file: Path) -> Iterator[Manifest | Finding]:
    documents = read(file)
    for finding in documents.findings:
        where = f"{finding.code.title}: {finding.found}"
        yield Finding(Code.BAD_MANIFEST, where, "YAML", finding.remedy, file=str(file), line=finding.line)
    for node in documents.nodes:
        body = node.plain()
        if lack := _missing(node, file):
            yield lack
        elif isinstance(body, dict):
            yield Manifest(file, node.line, body)


def _missing(node: YamlNode, file: Path) -> Finding | None:
    """The finding about a document that is not an object; a trailing `---` makes an empty one, which is none."""
    if node.value is None:
        return None
    for path in (("apiVersion",), ("kind",), ("metadata", "name")):
        nearest, found = node.nearest(path)
        if not found or not isinstance(nearest.value, str) or not nearest.value:
            remedy = f"Add {'.'.join(path)}: every document of a manifest is one Kubernetes object."
            if isinstance(body := node.plain(), dict) and "items" in body:
                remedy = "Write each of its items as a document of its own: a list is no object."
            line = nearest.line
            lacks = f"no {'.'.join(path)}"
            return Finding(
                Code.NOT_AN_OBJECT, lacks, "apiVersion, kind, metadata.name", remedy, file=str(file), line=line
            )
    return None
