"""The registry of cluster kinds: a new kind is one more module here and one more entry of `KINDS`."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, get_args

from pydantic import Discriminator, Tag

from components.clusters.aks import AksSpec
from components.clusters.base import ClusterSpec
from components.clusters.eks import EksSpec
from components.clusters.existing import ExistingSpec
from components.clusters.gke import GkeSpec
from components.clusters.local import LocalSpec

KINDS: Final[tuple[type[ClusterSpec], ...]] = (LocalSpec, ExistingSpec, EksSpec, GkeSpec, AksSpec)


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
