"""The API of snapshots, its controller, and the class (snapshot.storage.k8s.io/v1)."""

from dataclasses import replace
from typing import Any, Final

import pulumi

from components.addons.addon import InstallContext
from components.addons.bundles import load, read_bundles
from components.addons.csi_snapshotter.spec import CONTROLLER, METRICS, CsiSnapshotterSpec
from components.addons.workloads import Container, PodTemplate, make_deployment, make_service_account, rules_of, scraped
from components.contract import BuiltIn
from components.platform.manifests import ManifestObject
from components.platform.place import Place

_IMAGE: Final = f"registry.k8s.io/sig-storage/{CONTROLLER}:v{read_bundles()[CONTROLLER].version}"


def create_resources(spec: CsiSnapshotterSpec, context: InstallContext, place: Place) -> None:
    """The API, its controller and the class; they are deleted in the opposite order."""
    whole = replace(place, namespace="")
    if BuiltIn.SNAPSHOTS not in context.cluster.built_in:
        kinds = [ManifestObject(each, whole) for each in load("snapshots")]
        whole = whole.depends_on(_make_controller(context.replicas, place.depends_on(*kinds)))
    assert context.cluster.block_storage, "the add-on requires it"
    ManifestObject(_snapshot_class(context.cluster.block_storage.driver, spec.deletion_policy), whole)


def _make_controller(replicas: int, place: Place) -> pulumi.Resource:
    container = Container(
        name=CONTROLLER,
        image=_IMAGE,
        cpu=10,
        memory=64,
        args=("--leader-election=true", f"--http-endpoint=:{METRICS}"),
        ports={"http": METRICS},
        health="/healthz/leader-election",
    )
    pods = PodTemplate(
        name=CONTROLLER, containers=[container], service_account=CONTROLLER, annotations=scraped(METRICS)
    )
    account = make_service_account(
        CONTROLLER,
        rules_of("snapshot-controller-runner", CONTROLLER),
        place,
        here=rules_of("snapshot-controller-leaderelection", CONTROLLER),
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
