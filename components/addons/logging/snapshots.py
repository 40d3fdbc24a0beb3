"""Elasticsearch's snapshots in the object store of the cluster's cloud: who its members are there, and what is kept.

Members have no key: they show the cloud a token of their ServiceAccount, or their node tells it who they are. They read
no files but those below Elasticsearch's configuration, so that the token is mounted there.
elastic.co/docs/deploy-manage/tools/snapshot-and-restore, 9.5 (EKS Pod Identity: 9.6), November 2026.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_kubernetes.core.v1 as core

from components.addons.logging.spec import SnapshotsSpec
from components.addons.logging.store import Request
from components.contract import NO_IDENTITY, Cluster, Identity, ObjectStore

ACCOUNT: Final = "elasticsearch"
_CONFIG: Final = "/usr/share/elasticsearch/config"
_REPOSITORY: Final = "polykube"
_BUCKET: Final = "BUCKET"
_WHEN: Final = "0 30 2 * * ?"  # UTC, an hour after Elasticsearch deletes what is too old
_HOUR: Final = 3600  # seconds
# The account of an Azure client is a secure setting, though it is no secret; the image makes the key store otherwise.
_WITH_ACCOUNT: Final = """set -euo pipefail
elasticsearch-keystore create
printf %s "$ACCOUNT" | elasticsearch-keystore add --stdin azure.client.default.account
exec docker-entrypoint.sh eswrapper
"""


@dataclass(frozen=True)
class ProjectedToken:
    """A token of the members for `audience`: a volume, named as the cloud names it, and where it is mounted."""

    volume: str
    audience: str
    directory: str

    @property
    def file(self) -> str:
        """Where members find it."""
        return f"{self.directory}/{self.volume}"


_AWS: Final = ProjectedToken("eks-pod-identity-token", "pods.eks.amazonaws.com", f"{_CONFIG}/repository-s3")
_AZURE: Final = ProjectedToken("azure-identity-token", "api://AzureADTokenExchange", f"{_CONFIG}/azure")


@dataclass(frozen=True)
class Snapshots:
    """What the store is asked, with what variables in it stand for, and what its members need; nothing by default."""

    requests: Sequence[Request] = ()
    values: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    identity: Identity = NO_IDENTITY
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    token: ProjectedToken | None = None
    args: Sequence[str] = ()

    @property
    def mounts(self) -> Mapping[str, str]:
        """Where members mount the token."""
        return {self.token.directory: self.token.volume} if self.token else {}

    @property
    def volumes(self) -> Sequence[core.VolumeArgs]:
        """The token as a volume of theirs."""
        if self.token is None:
            return ()
        token = core.ServiceAccountTokenProjectionArgs(
            audience=self.token.audience, expiration_seconds=_HOUR, path=self.token.volume
        )
        source = core.ProjectedVolumeSourceArgs(sources=[core.VolumeProjectionArgs(service_account_token=token)])
        return (core.VolumeArgs(name=self.token.volume, projected=source),)


NO_SNAPSHOTS: Final = Snapshots()


def make_snapshots(spec: SnapshotsSpec, cluster: Cluster, namespace: str) -> Snapshots:
    """A bucket of the cluster's own, and rights on it for the members in `namespace`."""
    store = cluster.object_store("logs")
    identity = cluster.identity_for(f"{namespace}/{ACCOUNT}", [store.grant])
    return _IN_CLOUDS[store.protocol](store, identity, spec.retention_days)


def requests(kind: str, bucket: str, days: int) -> list[Request]:
    """What the store is asked, so that all in it is copied daily and kept for `days`.

    `kind` is the repository's, and `bucket` what a repository of it calls its bucket.
    """
    daily = {
        "schedule": _WHEN,
        "name": "<everything-{now/d}>",
        "repository": _REPOSITORY,
        "config": {"indices": "*", "include_global_state": True},
        "retention": {"expire_after": f"{days}d", "min_count": 1},  # the last one stays, however old it is
    }
    return [
        ("PUT", f"_snapshot/{_REPOSITORY}", {"type": kind, "settings": {bucket: f"${_BUCKET}"}}),
        ("PUT", "_slm/policy/polykube-daily", daily),
    ]


def _s3(store: ObjectStore, identity: Identity, days: int) -> Snapshots:
    environment: Mapping[str, pulumi.Input[str]] = {
        "s3.client.default.region": store.at["region"],
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": _AWS.file,
    }
    return Snapshots(requests("s3", "bucket", days), {_BUCKET: store.name}, identity, environment, _AWS)


def _gcs(store: ObjectStore, identity: Identity, days: int) -> Snapshots:
    return Snapshots(requests("gcs", "bucket", days), {_BUCKET: store.name}, identity)


def _blobs(store: ObjectStore, identity: Identity, days: int) -> Snapshots:
    environment = {"ACCOUNT": store.at["account"], "AZURE_FEDERATED_TOKEN_FILE": _AZURE.file}
    start = ("bash", "-c", _WITH_ACCOUNT)
    return Snapshots(requests("azure", "container", days), {_BUCKET: store.name}, identity, environment, _AZURE, start)


_IN_CLOUDS: Final = {"s3": _s3, "gcs": _gcs, "blobs": _blobs}
