"""Velero's objects in their order: what each stage makes is there and ready before the next one begins."""

import json
from dataclasses import replace
from typing import Any, Final

import pulumi_kubernetes.core.v1 as core

from components.addons.addon import InstallContext
from components.addons.backup.overlay import laid_over
from components.addons.backup.spec import EVERYTHING, SERVICE_ACCOUNT, BackupSpec, schedule_of
from components.addons.backup.store import cloud_store, given_store
from components.addons.bundles import load
from components.addons.csi_snapshotter.spec import CsiSnapshotterSpec
from components.platform.manifests import ManifestObject
from components.platform.place import Place

# Whatever is of no kind named here is what workloads need: the account and its rights.
_STAGES: Final = (("CustomResourceDefinition",), (), ("Deployment", "DaemonSet"))
# Of the pods that Velero makes: one for each volume that it moves, one for each repository that it tidies up.
_MOVER: Final = {"cpuRequest": "100m", "cpuLimit": "1", "memoryRequest": "256Mi", "memoryLimit": "2Gi"}
_FILES: Final = {
    "node-agent": {"loadConcurrency": {"globalConfig": 2}, "podResources": _MOVER},
    "maintenance": {"global": {"podResources": _MOVER}},
}


def create_resources(spec: BackupSpec, context: InstallContext, place: Place) -> None:
    """Velero in `place`, then where its backups go and when they are made.

    What Velero works on comes last, so that it goes first, while there is somebody who can let go of it.
    """
    account = f"{place.namespace}/{SERVICE_ACCOUNT}"
    store = given_store(spec.store, place) if spec.store else cloud_store(context.cluster, account)
    snapshots = CsiSnapshotterSpec in context.selection
    objects = [changed for each in load("velero") if (changed := laid_over(each, store, snapshots=snapshots))]
    whole = replace(place, namespace="")
    before: list[Any] = [*store.after, *store.identity.after, *(_make_settings(name, place) for name in _FILES)]
    for kinds in _STAGES:
        before += [
            ManifestObject(each, (place if each["metadata"].get("namespace") else whole).depends_on(*before))
            for each in objects
            if _is_of(each, kinds)
        ]
    location = ManifestObject(store.location(context.cluster.name), place.depends_on(*before))
    for schedule in schedules(spec):
        ManifestObject(schedule, place.depends_on(location))


def _is_of(manifest: dict[str, Any], kinds: tuple[str, ...]) -> bool:
    named = {kind for stage in _STAGES for kind in stage}
    return manifest["kind"] in kinds if kinds else manifest["kind"] not in named


def _make_settings(name: str, place: Place) -> core.ConfigMap:
    return core.ConfigMap(
        place.logical(name),
        metadata=place.metadata(name),
        data={f"{name}.json": json.dumps(_FILES[name])},
        opts=place.options(),
    )


def schedules(spec: BackupSpec) -> list[dict[str, Any]]:
    """When everything is backed up, and when tenants are by themselves."""
    own = [
        _schedule(schedule_of(each.tenant), each.schedule, each.retention_days, [each.tenant]) for each in spec.tenants
    ]
    return [_schedule(EVERYTHING, spec.schedule, spec.retention_days, ["*"]), *own]


def _schedule(name: str, when: str, days: int, namespaces: list[str]) -> dict[str, Any]:
    template = {"includedNamespaces": namespaces, "ttl": f"{24 * days}h0m0s", "storageLocation": "default"}
    return {
        "apiVersion": "velero.io/v1",
        "kind": "Schedule",
        "metadata": {"name": name},
        "spec": {"schedule": when, "template": template},
    }
