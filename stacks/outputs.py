"""What other stacks and people get from a stack."""

import pulumi

from stacks.compose import Composition


def export(made: Composition) -> None:
    """Export the kubeconfig (a secret), what the cluster is and cannot be changed in, its pools and its tenants."""
    pulumi.export("kubeconfig", made.cluster.kubeconfig)
    cluster = {"name": made.cluster.name, "kind": made.cluster.kind, "version": made.cluster.version}
    pulumi.export("cluster", {**cluster, "fixed": made.spec.cluster.fixed()})
    pulumi.export("nodePools", {pool.name: pool.maximum for pool in made.cluster.node_pools})
    pulumi.export("tenants", [tenant.name for tenant in made.spec.tenants])
