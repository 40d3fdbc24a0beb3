"""What other stacks and people get from a stack."""

import pulumi

from stacks.compose import Composition


def export(made: Composition) -> None:
    """Export the kubeconfig (a secret), what the cluster is and cannot be changed in, its pools, its tenants and
    add-ons, and what add-ons have for stacks of other clusters (secrets)."""
    pulumi.export("kubeconfig", made.cluster.kubeconfig)
    cluster = {"name": made.cluster.name, "kind": made.cluster.kind, "version": made.cluster.version}
    kept = {"fixed": made.spec.cluster.immutable_fields(), "protected": bool(made.spec.protection)}
    pulumi.export("cluster", {**cluster, **kept})
    pulumi.export("nodePools", {pool.name: pool.maximum for pool in made.cluster.node_pools})
    for each in made.add_ons.add_ons:
        if outputs := each.created.outputs:
            pulumi.export(each.add_on.name, pulumi.Output.secret(outputs))
    pulumi.export("addOns", sorted(each.name for each in made.plan))
    pulumi.export("tenants", [tenant.name for tenant in made.spec.tenants])
