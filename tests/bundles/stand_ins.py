"""What a stand-in keeps of a rendering, and where it is.

A rendering takes a tool that is compiled first, and has up to a megabyte. Of it the program reads and changes a few
fields, and registers the rest as it stands. So a stand-in has every object with its kind, name, labels, ports, images
and webhooks; it lacks the schemas of kinds, the rules of roles that nobody reads, long texts, and what else programs
are told. It is made from the rendering that `addons.lock` accepts, whose hash stands in its head, and never by hand:
`python -m tests.bundles`.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from components.addons.bundles import Bundle, read_bundles

Manifest = dict[str, Any]

DIRECTORY: Final = Path(__file__).with_name("stand_ins")
STAND_INS: Final = tuple(name for name, bundle in read_bundles().items() if not bundle.stand_in)
"""The bundles that have one here. Of the others, rehearsals have one already, which `addons.lock` names."""

LEFT_OUT: Final = "left out of the stand-in"
_LONG: Final = 80  # characters; whatever has more is text of upstream's, of which the program reads nothing
_WIDTH: Final = 120  # characters of a line
_VERSION: Final = ("name", "served", "storage")
_NAMES: Final = ("kind", "listKind", "plural", "singular")
_RIGHTS: Final = ("descheduler", "snapshot-controller", "metallb-system:")  # whose roles the program reads
_POD: Final = (
    *("serviceAccountName", "priorityClassName", "hostNetwork", "nodeSelector", "securityContext", "tolerations"),
    *("volumes", "initContainers", "containers"),
)
_CONTAINER: Final = ("name", "image", "args", "env", "ports", "readinessProbe", "resources", "securityContext")
_MOUNTS: Final = "volumeMounts"


def file_of(name: str) -> Path:
    """Where the stand-in for the bundle `name` is."""
    return DIRECTORY / f"{name}.yaml"


def head_of(bundle: Bundle) -> str:
    """The first lines of a stand-in, which hold for one accepted rendering only."""
    return (
        f"# A stand-in for what upstream renders of {bundle.name} {bundle.version}, sha256 {bundle.sha256[:16]},\n"
        "# for unit tests alone. `python -m tests.bundles` makes it; stand_ins.py says what it lacks.\n"
    )


def stand_in_of(bundle: Bundle, rendering: str) -> str:
    """The whole file of a stand-in, from the accepted rendering."""
    objects = [reduced(each) for each in json.loads(rendering)]
    return head_of(bundle) + yaml.safe_dump_all(objects, explicit_start=True, default_flow_style=None, width=_WIDTH)


def reduced(manifest: Manifest) -> Manifest:
    """An object of a rendering as its stand-in has it."""
    kept = manifest | {"metadata": _without_long_texts(manifest["metadata"])}
    if reduce := _REDUCE.get(manifest["kind"]):
        reduce(kept)
    return kept


def _kind(manifest: Manifest) -> None:
    spec = manifest["spec"]
    versions = [
        {key: each[key] for key in _VERSION if key in each} | {"schema": {"openAPIV3Schema": {"type": "object"}}}
        for each in spec["versions"]
    ]
    names = {key: spec["names"][key] for key in _NAMES}
    manifest["spec"] = {"group": spec["group"], "scope": spec["scope"], "names": names, "versions": versions}
    manifest["metadata"].pop("annotations", None)
    manifest.pop("status", None)


def _role(manifest: Manifest) -> None:
    if not manifest["metadata"]["name"].startswith(_RIGHTS):
        manifest["rules"] = []


def _configuration(manifest: Manifest) -> None:
    manifest["data"] = {
        key: _READ.get((manifest["metadata"]["name"].removesuffix("-canary"), key), _short)(value)
        for key, value in manifest["data"].items()
    }


def _workload(manifest: Manifest) -> None:
    spec = manifest["spec"]
    template = spec["template"]
    metadata = _without_long_texts(template["metadata"])
    manifest["spec"] = spec | {"template": {"metadata": metadata, "spec": _pod(template["spec"])}}


def _pod(spec: Manifest) -> Manifest:
    pod: Manifest = {key: spec[key] for key in _POD if key in spec}
    for group in ("initContainers", "containers"):
        if group in pod:
            pod[group] = [_container(each) for each in pod[group]]
    return pod


def _container(container: Manifest) -> Manifest:
    kept: Manifest = {key: container[key] for key in _CONTAINER if key in container}
    if "env" in kept:
        kept["env"] = [each for each in kept["env"] if "valueFrom" not in each and len(each.get("value", "")) <= _LONG]
    if _MOUNTS in container:
        kept[_MOUNTS] = []
    return kept


def _without_long_texts(metadata: Manifest) -> Manifest:
    annotations = {key: text for key, text in (metadata.get("annotations") or {}).items() if len(text) <= _LONG}
    return metadata | ({"annotations": annotations} if annotations else {})


def _short(text: str) -> str:
    return text if len(text) <= _LONG else LEFT_OUT


def _injector_values(text: str) -> str:
    """The values of sidecars that a stack's choices change."""
    read = json.loads(text)["global"]
    return json.dumps({"global": {key: read[key] for key in ("multiCluster", "proxy", "waypoint")}})


_READ: Final[Mapping[tuple[str, str], Callable[[str], str]]] = {
    ("istio", "mesh"): str,
    ("istio-sidecar-injector", "values"): _injector_values,
}
_REDUCE: Final[Mapping[str, Callable[[Manifest], None]]] = {
    "CustomResourceDefinition": _kind,
    "ClusterRole": _role,
    "Role": _role,
    "ConfigMap": _configuration,
    "Deployment": _workload,
    "DaemonSet": _workload,
}
