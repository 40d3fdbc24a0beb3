"""What cannot be had back is kept from being deleted.

The engine asks the pack about resources as they are to be. That a run deletes or replaces one, it does not say: for
that, `protect` itself makes the engine refuse, and so it is what is asked for here.
"""

from collections.abc import Iterator
from typing import Final

from components.naming import component_type
from policy.model.expectations import Expect, Expectations, is_true, not_false, unmet
from policy.model.resource import Resource
from policy.model.rule import Category, RuleFinding, rule
from policy.rules.control_plane import AKS, EKS, GKE

_KEY: Final = "aws:kms/key:Key"
_VAULT: Final = "azure-native:keyvault:Vault"
_KEPT: Final = frozenset(
    {
        *(EKS, GKE, AKS, "pulumi-python:dynamic/kubeadm:ControlPlane"),
        component_type("stacks", "Protection"),
        *("aws:ec2/vpc:Vpc", "gcp:compute/network:Network", "azure-native:network:VirtualNetwork"),
        *(_KEY, "gcp:kms/cryptoKey:CryptoKey", _VAULT, "azure-native:keyvault:Key"),
    }
)
_DELETABLE: Final = "the cloud deletes it when asked"
_TRUE: Final = "Set it to true."
_SHORTEST_WINDOW: Final = 7  # days, the least that AWS takes
_PROTECTED: Final[Expectations] = {
    EKS: (Expect("deletionProtection", is_true, _DELETABLE, _TRUE),),
    GKE: (Expect("deletionProtection", not_false, _DELETABLE, _TRUE),),
    _KEY: (
        Expect(
            "deletionWindowInDays",
            lambda days: days is None or int(days) > _SHORTEST_WINDOW,
            "it can be had back for seven days only",
            "Set it to 30, or leave it out.",
        ),
    ),
    _VAULT: (Expect("properties.enablePurgeProtection", is_true, _DELETABLE, _TRUE),),
}


@rule(
    id="protect-cluster",
    category=Category.CLUSTER,
    why="one wrong key in a stack file would take everything with it",
    kinds=_KEPT,
)
def protect_cluster(resource: Resource) -> Iterator[RuleFinding]:
    """Clusters, networks, keys and tenants are protected from being deleted or replaced."""
    if not resource.protect:
        yield RuleFinding(resource, "", "it is not protected", "Give it the resource option protect.")
    yield from unmet(resource, _PROTECTED)
