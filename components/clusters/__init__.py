"""The registry of cluster kinds: a new kind is one more module here and one more entry of `KINDS`."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from pydantic import Discriminator, Tag

from components.clusters.base import ClusterBase, ClusterSpec
from components.clusters.existing import ExistingCluster
from components.clusters.local import LocalCluster

KINDS: Final[tuple[type[ClusterBase], ...]] = (LocalCluster, ExistingCluster)


def kind_of(spec: ClusterSpec) -> type[ClusterBase]:
    """The class that builds what `spec` describes."""
    (kind,) = (kind for kind in KINDS if kind.kind == spec.kind)
    return kind


def build_cluster(spec: ClusterSpec) -> ClusterBase:
    """Register the cluster that `spec` describes, by its kind."""
    return kind_of(spec)(spec)


def _kind(cluster: Any) -> str | None:
    return str(cluster.get("kind")) if isinstance(cluster, dict) else None


if TYPE_CHECKING:
    AnyClusterSpec: TypeAlias = ClusterSpec
else:  # what may stand under `cluster` in a stack file: one model for each kind, told apart by `kind`
    _MODELS = [Annotated[kind.spec_type, Tag(kind.kind)] for kind in KINDS]
    AnyClusterSpec = Annotated[reduce(or_, _MODELS), Discriminator(_kind)]
