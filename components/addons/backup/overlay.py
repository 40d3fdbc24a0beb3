"""What this project changes in upstream's rendering. A field that upstream has moved is a KeyError, not ignored."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from components.addons.backup.store import BackupStore
from components.addons.workloads import CPU_BURST, NOBODY
from components.naming import MANAGED_BY_LABEL, PROJECT
from components.platform.place import LEAF_ANNOTATIONS

Manifest = dict[str, Any]

_MOVE: Final = "--default-snapshot-move-data=true"
_SCRATCH: Final = "/scratch"
_PLUGINS: Final = "/target"
# Of what root may, what it takes to read everybody's files, and to write them as theirs.
_FILES: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID")


def laid_over(manifest: Manifest, store: BackupStore, *, snapshots: bool) -> Manifest | None:
    """The object as this project has it; None for the namespace, which is the add-on's. `manifest` is changed.

    Without `snapshots` all volumes are copied file by file: Velero would fail on the first one otherwise.
    """
    if manifest["kind"] == "Namespace":
        return None
    metadata = manifest["metadata"]
    del metadata["creationTimestamp"]
    metadata["labels"][MANAGED_BY_LABEL] = PROJECT
    if manifest["kind"] not in ("Deployment", "DaemonSet"):
        metadata.setdefault("annotations", {}).update(LEAF_ANNOTATIONS)
    if change := _CHANGES.get(manifest["kind"]):
        change(manifest, store)
    if "template" in manifest.get("spec", {}) and not snapshots:
        _copy_files(manifest["spec"]["template"]["spec"]["containers"][0]["args"])
    return manifest


def _copy_files(arguments: list[str]) -> None:
    arguments.remove("--features=EnableCSI")
    if _MOVE in arguments:
        arguments[arguments.index(_MOVE)] = "--default-volumes-to-fs-backup=true"


def resources(cpu: int, memory: int, max_memory: int) -> dict[str, dict[str, str]]:
    """Requests of thousandths of a CPU and MiB, and limits: more CPU for a while, `max_memory` MiB."""
    return {
        "requests": {"cpu": f"{cpu}m", "memory": f"{memory}Mi"},
        "limits": {"cpu": f"{cpu * CPU_BURST}m", "memory": f"{max_memory}Mi"},
    }


def _account(manifest: Manifest, store: BackupStore) -> None:
    manifest["metadata"]["annotations"].update(store.identity.annotations)


def _server(manifest: Manifest, store: BackupStore) -> None:
    pod = _pod(manifest, store)
    pod["securityContext"] = {"runAsNonRoot": True, "runAsUser": NOBODY, "runAsGroup": NOBODY, "fsGroup": NOBODY}
    pod["tolerations"] = [{"key": "CriticalAddonsOnly", "operator": "Exists"}]
    pod["initContainers"] = [
        {
            "name": "plugin",
            "image": store.plugin,
            "volumeMounts": [{"name": "plugins", "mountPath": _PLUGINS}],
            "securityContext": _context(),
            "resources": resources(50, 64, 64),
        }
    ]
    container = _container(pod, resources(250, 256, 1024), _context())
    container["args"].append("--repo-maintenance-job-configmap=maintenance")
    pod["securityContext"]["seccompProfile"] = {"type": "RuntimeDefault"}


def _agent(manifest: Manifest, store: BackupStore) -> None:
    pod = _pod(manifest, store)
    pod["tolerations"] = [{"operator": "Exists"}]
    pod["securityContext"]["seccompProfile"] = {"type": "RuntimeDefault"}
    container = _container(pod, resources(100, 256, 1024), _context(*_FILES))
    container["args"].append("--node-agent-configmap=node-agent")


def _pod(manifest: Manifest, store: BackupStore) -> Manifest:
    """The pods' spec, with what an identity in the cloud wants of their labels."""
    template = manifest["spec"]["template"]
    del template["metadata"]["creationTimestamp"]
    template["metadata"]["labels"].update(store.identity.labels)
    pod: Manifest = template["spec"]
    return pod


def _container(pod: Manifest, size: Manifest, context: Manifest) -> Manifest:
    """The one container, which writes to its scratch volume only: there are its home and its temporary files."""
    (container,) = pod["containers"]
    container["resources"] = size
    container["securityContext"] = context
    container["readinessProbe"] = {"httpGet": {"path": "/metrics", "port": "metrics"}, "periodSeconds": 10}
    container["env"] += [{"name": "HOME", "value": _SCRATCH}]
    container["volumeMounts"] += [{"name": "scratch", "mountPath": "/tmp"}]  # noqa: S108 - keys and sockets go there
    result: Manifest = container
    return result


def _context(*capabilities: str) -> Manifest:
    allowed = {"add": list(capabilities)} if capabilities else {}
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"], **allowed},
    }


_CHANGES: Final[Mapping[str, Callable[[Manifest, BackupStore], None]]] = {
    "ServiceAccount": _account,
    "Deployment": _server,
    "DaemonSet": _agent,
}
