"""Where backups go, as Velero's storage location has it, and what its pods need to get there.

Plugins: github.com/vmware-tanzu/velero-plugin-for-{aws,gcp,microsoft-azure}, backupstoragelocation.md, 1.14.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi

from components.addons.secrets import make_secret
from components.addons.store import StoreSpec
from components.contract import Cluster, Identity, ObjectStore
from components.platform.place import Place

_PLUGINS: Final = "docker.io/velero/velero-plugin-for-{}:v1.14.2"
_SECRET: Final = "store"  # noqa: S105 - a name
_GOOGLE_ACCOUNT: Final = "iam.gke.io/gcp-service-account"
_NOBODY: Final = Identity({}, {})


@dataclass(frozen=True)
class BackupStore:
    """The image that speaks to the store, what a storage location says of it, and who the pods are in its cloud."""

    plugin: str
    provider: str
    bucket: Mapping[str, pulumi.Input[Any]]
    config: Mapping[str, pulumi.Input[str]]
    identity: Identity = _NOBODY
    credential: Mapping[str, str] | None = None
    after: Sequence[pulumi.Resource] = ()

    def location(self, prefix: str) -> dict[str, Any]:
        """The default storage location, which keeps backups below `prefix`."""
        spec: dict[str, Any] = {
            "provider": self.provider,
            "default": True,
            "objectStorage": {**self.bucket, "prefix": prefix},
            "config": dict(self.config),
        }
        if self.credential:
            spec["credential"] = dict(self.credential)
        return {
            "apiVersion": "velero.io/v1",
            "kind": "BackupStorageLocation",
            "metadata": {"name": "default"},
            "spec": spec,
        }


def given_store(spec: StoreSpec, place: Place) -> BackupStore:
    """A bucket that is there already, with its key in a Secret that is made in `place`."""
    key = f"[default]\naws_access_key_id={spec.access_key}\naws_secret_access_key={spec.secret_key.text or ''}\n"
    authority = {"ca.crt": spec.certificate_authority} if spec.certificate_authority else {}
    secret = make_secret(_SECRET, pulumi.Output.secret({"cloud": key, **authority}), place)
    trusted = {"caCertRef": {"name": _SECRET, "key": "ca.crt"}} if authority else {}
    return BackupStore(
        _PLUGINS.format("aws"),
        "aws",
        {"bucket": spec.bucket, **trusted},
        {"region": spec.region, "s3Url": spec.endpoint, "s3ForcePathStyle": "true"},
        credential={"name": _SECRET, "key": "cloud"},
        after=(secret,),
    )


def cloud_store(cluster: Cluster, service_account: str) -> BackupStore:
    """A bucket of the cluster's own, and rights on it for the pods of `service_account` (`namespace/name`)."""
    store = cluster.object_store("backup")
    identity = cluster.identity_for(service_account, [store.grant])
    plugin, provider, config = _IN_CLOUDS[store.protocol](store, identity)
    return BackupStore(_PLUGINS.format(plugin), provider, {"bucket": store.name}, config, identity)


def _s3(store: ObjectStore, identity: Identity) -> tuple[str, str, dict[str, pulumi.Input[str]]]:
    del identity
    return "aws", "aws", {"region": store.at["region"]}


def _gcs(store: ObjectStore, identity: Identity) -> tuple[str, str, dict[str, pulumi.Input[str]]]:
    del store
    return "gcp", "gcp", {"serviceAccount": identity.annotations[_GOOGLE_ACCOUNT]}


def _blobs(store: ObjectStore, identity: Identity) -> tuple[str, str, dict[str, pulumi.Input[str]]]:
    del identity
    account: dict[str, pulumi.Input[str]] = {"storageAccount": store.at["account"], "storageAccountURI": store.endpoint}
    return "microsoft-azure", "azure", {**account, "useAAD": "true"}


_IN_CLOUDS: Final = {"s3": _s3, "gcs": _gcs, "blobs": _blobs}
