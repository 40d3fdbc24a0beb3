"""The API of snapshots, its controller, and the class (snapshot.storage.k8s.io/v1)."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pulumi

from components.addons.bundles import load, read_bundles
from components.addons.workloads import Container, Pods, make_deployment, make_service_account, rules_of, scraped
from components.contract import Brought
from components.platform.manifests import ManifestObject
from components.platform.place import Place

if TYPE_CHECKING:
    from components.addons.base import Site
    from components.addons.csi_snapshotter import CsiSnapshotterSpec

_CONTROLLER: Final = "snapshot-controller"
_IMAGE: Final = f"registry.k8s.io/sig-storage/snapshot-controller:v{read_bundles()[_CONTROLLER].version}"


def make_parts(spec: "CsiSnapshotterSpec", site: "Site", place: Place) -> None:
    """Register all of it; the controller goes after the class, and the API last."""
    whole = replace(place, namespace="")
    if Brought.SNAPSHOTS not in site.cluster.brought:
        kinds = [ManifestObject(each, whole) for each in load("snapshots")]
        whole = whole.then(_make_controller(site.replicas, place.then(*kinds)))
    assert site.cluster.block_storage, "the add-on requires it"
    ManifestObject(_snapshot_class(site.cluster.block_storage.driver, spec.deletion_policy), whole)


def _make_controller(replicas: int, place: Place) -> pulumi.Resource:
    container = Container(
        name=_CONTROLLER,
        image=_IMAGE,
        cpu=10,
        memory=64,
        args=("--leader-election=true", "--http-endpoint=:8080"),
        ports={"http": 8080},
        health="/healthz/leader-election",
    )
    pods = Pods(name=_CONTROLLER, containers=[container], service_account=_CONTROLLER, annotations=scraped(8080))
    account = make_service_account(
        _CONTROLLER,
        rules_of("snapshot-controller-runner", _CONTROLLER),
        place,
        here=rules_of("snapshot-controller-leaderelection", _CONTROLLER),
    )
    return make_deployment(pods, replicas, account)


def _snapshot_class(driver: str, deletion_policy: str) -> dict[str, Any]:
    """The class of snapshots that do not ask for another, and of those that backups make."""
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotClass",
        "metadata": {
            "name": "default",
            "labels": {"velero.io/csi-volumesnapshot-class": "true"},
            "annotations": {"snapshot.storage.kubernetes.io/is-default-class": "true"},
        },
        "driver": driver,
        "deletionPolicy": deletion_policy,
    }
