"""What other stacks and people get from a stack."""

import pulumi

from stacks.compose import Composition


def export(made: Composition) -> None:
    """Export the cluster's kubeconfig (a secret), its name, kind and version, its pools and its tenants."""
    pulumi.export("kubeconfig", made.cluster.kubeconfig)
    pulumi.export("cluster", {"name": made.cluster.name, "kind": made.cluster.kind, "version": made.cluster.version})
    pulumi.export("nodePools", {pool.name: pool.maximum for pool in made.cluster.node_pools})
    pulumi.export("tenants", [tenant.name for tenant in made.spec.tenants])
