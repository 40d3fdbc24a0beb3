"""Snapshots of etcd: a CronJob on the control planes, which alone may ask etcd, puts them into a bucket.

A Job that fails is seen in the cluster and by its metrics, and the next control plane may try. What it runs are the
machine's etcdctl and etcdutl, and curl of an image: docs/adr/0019-snapshots-by-a-cronjob.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, Final

import pulumi

from components.addons.files import make_files
from components.addons.rendered import Manifest, register, size
from components.addons.secrets import make_secret
from components.addons.store import StoreSpec
from components.clusters.kubeadm.boot import variables
from components.clusters.kubeadm.core_add_ons import NAMESPACE, CoreAddOns, hardened, on_control_planes
from components.clusters.kubeadm.documents import ETCD_CLIENT, PKI
from components.clusters.kubeadm.etcd import CLIENTS
from components.clusters.kubeadm.snapshots_spec import EtcdSnapshotsSpec
from components.control_plane import SNAPSHOTS
from components.naming import selector

FOLDER: Final = "etcd-data/"
"""What the names of snapshots begin with in a bucket of the cluster's own."""
_IMAGE: Final = "docker.io/curlimages/curl:8.17.0"
_PROGRAMS: Final = "/usr/local/bin"
_SCRATCH: Final = "/snapshots"
_LARGEST: Final = "9Gi"  # more than a database of etcd may have
_PATIENCE: Final = 3600  # seconds
_TRIES: Final = 3
_STORE: Final = "/store"


@dataclass(frozen=True)
class SnapshotStore:
    """Where snapshots go: the bucket's address, its region and what names begin with. Without a `key` (name and secret)
    the machine's own identity in AWS counts; without `retention_days` the bucket expires by itself."""

    url: pulumi.Input[str]
    region: str
    prefix: str
    key: tuple[str, str] | None = None
    authority: str | None = None
    retention_days: int | None = None

    def settings(self, directory: str = _STORE) -> dict[str, pulumi.Input[str]]:
        """Variables of the script; what `secrets` has is in a directory."""
        has = self.secrets()
        paths = {"STORE_KEY": "key", "STORE_CA": "ca.crt"}
        return {
            "STORE": self.url,
            "REGION": self.region,
            "PREFIX": self.prefix,
            **({"RETENTION_DAYS": str(self.retention_days)} if self.retention_days else {}),
            **{name: f"{directory}/{file}" for name, file in paths.items() if file in has},
        }

    def secrets(self) -> dict[str, str]:
        """Files that the script reads, of which the key is secret, by name."""
        key = {"key": 'user = "{}:{}"\n'.format(*self.key)} if self.key else {}
        return key | ({"ca.crt": self.authority} if self.authority else {})


def store_of(spec: StoreSpec, cluster: str, retention_days: int) -> SnapshotStore:
    """A bucket that is there already, where what is of this cluster is below its name."""
    url = f"{spec.endpoint.rstrip('/')}/{spec.bucket}"
    key = spec.access_key, spec.secret_key.text or ""
    return SnapshotStore(
        url, spec.region, f"{cluster}/{FOLDER}", key, spec.certificate_authority, retention_days=retention_days
    )


def _own_text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def restoring_files(store: SnapshotStore, url: str, *, external: bool) -> dict[str, tuple[str, str]]:
    """Content and mode by path of what a machine needs to bring back its member of etcd; `url` is the bucket's."""
    directory, secret = "/etc/polykube/store", "0600"
    told = {
        name: value for name, value in replace(store, url=url).settings(directory).items() if isinstance(value, str)
    }
    certificates = {} if external else etcd_client(external=False)
    return {
        "/usr/local/sbin/polykube-etcd": (_own_text("restore.sh"), "0700"),
        "/usr/local/lib/polykube/snapshots.sh": (_own_text("snapshots.sh"), "0644"),
        "/etc/polykube/snapshots.env": (variables(told | certificates), "0644"),
        **{f"{directory}/{name}": (content, secret) for name, content in store.secrets().items()},
    }


def take_snapshots(
    parts: CoreAddOns, spec: EtcdSnapshotsSpec, store: SnapshotStore, members: pulumi.Input[Sequence[str]] | None
) -> None:
    """Have them taken of members on other machines, by their endpoints, or of the one on the control plane."""
    place = parts.place
    made = make_files(SNAPSHOTS, {"snapshots.sh": _own_text("snapshots.sh")}, place)
    place = place.depends_on(made.resource)
    volumes: list[Manifest] = [{"name": "script", "configMap": {"name": made.name}}]
    if store.secrets():
        place = place.depends_on(make_secret(SNAPSHOTS, pulumi.Output.secret(store.secrets()), place))
        volumes.append({"name": "store", "secret": {"secretName": SNAPSHOTS, "defaultMode": 0o400}})
    here = f"https://127.0.0.1:{CLIENTS}"
    endpoints = here if members is None else pulumi.Output.from_input(members).apply(" ".join)
    certificates = etcd_client(external=members is not None)
    environment = {"ETCD": endpoints, **certificates, **store.settings()}
    volumes += [of_machine(name.lower().replace("_", "-"), path, "File") for name, path in certificates.items()]
    volumes += [of_machine(name, f"{_PROGRAMS}/{name}", "File") for name in ("etcdctl", "etcdutl")]
    volumes += [{"name": "scratch", "emptyDir": {"sizeLimit": _LARGEST}}]
    register([_cron_job(spec.schedule, environment, volumes)], place)


def etcd_client(*, external: bool) -> dict[str, str]:
    """Files of a control plane: etcd's authority, and what the script is known by, which of a member on the machine is
    what its probes are known by."""
    client = ETCD_CLIENT if external else f"{PKI}/etcd/healthcheck-client"
    return {"ETCD_CA": f"{PKI}/etcd/ca.crt", "ETCD_CERT": f"{client}.crt", "ETCD_KEY": f"{client}.key"}


def of_machine(name: str, path: str, kind: str) -> Manifest:
    """A volume that is a path of the machine's."""
    return {"name": name, "hostPath": {"path": path, "type": kind}}


def _mounted(volume: Manifest) -> Manifest:
    """Where a volume is in the container: what is of the machine is where it is there."""
    own = {"script": "/script", "store": _STORE, "scratch": _SCRATCH}
    path = own.get(volume["name"]) or volume["hostPath"]["path"]
    return {"name": volume["name"], "mountPath": path, "readOnly": volume["name"] != "scratch"}


def _cron_job(schedule: str, environment: Mapping[str, Any], volumes: Sequence[Manifest]) -> Manifest:
    container = hardened(
        {
            "name": "snapshot",
            "image": _IMAGE,
            "command": ["/bin/sh", "-euc", f". /script/snapshots.sh; take_snapshot {_SCRATCH}"],
            "env": [{"name": name, "value": value} for name, value in environment.items()],
            "volumeMounts": [_mounted(volume) for volume in volumes],
        }
    )
    size(container, 50, 256)
    container["resources"]["limits"]["ephemeral-storage"] = _LARGEST
    pod = on_control_planes(
        {
            "automountServiceAccountToken": False,
            "restartPolicy": "Never",
            "hostNetwork": True,  # where etcd listens, and the machine's identity is
            "dnsPolicy": "Default",
            "priorityClassName": "system-cluster-critical",
            "securityContext": {"runAsUser": 0, "runAsGroup": 0},  # root alone reads the certificates' keys
            "containers": [container],
            "volumes": list(volumes),
        }
    )
    job = {
        "backoffLimit": _TRIES,
        "activeDeadlineSeconds": _PATIENCE,
        "template": {"metadata": {"labels": selector(SNAPSHOTS)}, "spec": pod},
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": SNAPSHOTS, "namespace": NAMESPACE, "labels": selector(SNAPSHOTS)},
        "spec": {
            "schedule": schedule,
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": _PATIENCE,
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {"metadata": {"labels": selector(SNAPSHOTS)}, "spec": job},
        },
    }
