"""The registry of cluster kinds: a new kind is one more module here and one more entry of `KINDS`."""

from collections.abc import Mapping
from functools import reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, get_args

from pydantic import Discriminator, Tag

from components.clusters.aks import AksSpec
from components.clusters.base import ClusterBase, ClusterSpec
from components.clusters.eks import EksSpec
from components.clusters.existing import ExistingSpec
from components.clusters.gke import GkeSpec
from components.clusters.kubeadm.aws import KubeadmAwsSpec
from components.clusters.kubeadm.hosts import KubeadmHostsSpec
from components.clusters.local import LocalSpec

KINDS: Final[Mapping[type[ClusterSpec], str]] = {
    LocalSpec: "components.clusters.local:LocalCluster",
    ExistingSpec: "components.clusters.existing:ExistingCluster",
    EksSpec: "components.clusters.eks.cluster:EksCluster",
    GkeSpec: "components.clusters.gke.cluster:GkeCluster",
    AksSpec: "components.clusters.aks.cluster:AksCluster",
    KubeadmAwsSpec: "components.clusters.kubeadm.aws.cluster:KubeadmAwsCluster",
    KubeadmHostsSpec: "components.clusters.kubeadm.hosts.cluster:KubeadmHostsCluster",
}
"""By the kind's model the module and name of its component. It is imported only when a cluster of the kind is created,
and with it its cloud's SDK, which takes seconds."""


def create_cluster(spec: ClusterSpec, *, protect: bool) -> ClusterBase:
    """Register the cluster; `protect` keeps the engine from deleting what cannot be created again."""
    module, _, name = KINDS[type(spec)].partition(":")
    cluster: type[ClusterBase] = getattr(import_module(module), name)
    return cluster(spec, protect=protect)


def kind_name(kind: type[ClusterSpec]) -> str:
    """What stack files say for a kind."""
    (name,) = get_args(kind.model_fields["kind"].annotation)
    return str(name)


def _kind(cluster: Any) -> str | None:
    return str(cluster.get("kind")) if isinstance(cluster, dict) else None


if TYPE_CHECKING:
    AnyClusterSpec: TypeAlias = ClusterSpec
else:  # what may stand under `cluster` in a stack file: one model for each kind, told apart by `kind`
    _MODELS = [Annotated[kind, Tag(kind_name(kind))] for kind in KINDS]
    AnyClusterSpec = Annotated[reduce(or_, _MODELS), Discriminator(_kind)]
