"""The one recipe: what a stack is made of, in order. No cloud detail stands here.

plan → cluster → platform → add-ons → tenants → finalizers: each step takes what those before it have returned. The spec
has been validated by then, and only the first step can still refuse it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

from common.waivers import waived
from components.addons.bundles import load
from components.addons.plan import AddOnPlan, InstalledAddOns
from components.clusters import create_cluster
from components.clusters.base import ClusterBase
from components.platform.guards import Guard
from components.platform.rule_guards import rule_guards
from components.platform.shared import Shared
from components.platform.tenants import Tenant
from components.protection import Protection
from stacks.config import Policy, StackSpec


@dataclass(frozen=True)
class Composition:
    """What `compose` has made, for outputs and tests."""

    spec: StackSpec
    plan: AddOnPlan
    cluster: ClusterBase
    add_ons: InstalledAddOns


def compose(spec: StackSpec) -> Composition:
    """Register everything that the stack file asks for; PolykubeError before the first resource if it cannot be."""
    plan = _plan_add_ons(spec)
    cluster = create_cluster(spec.cluster, protect=bool(spec.protection))
    base = [cluster, Shared(spec.platform, cluster, _rules(spec.policy))] if spec.contents else [cluster]
    add_ons = plan.install(cluster, redundant=spec.stage == "prod", dependencies=base)
    tenants = _create_tenants(spec, plan, cluster, [*base, *add_ons.tenant_prerequisites], add_ons)
    add_ons.finalize(list(tenants.values()))
    _protect(spec.protection, [*base, *add_ons.components], tenants)
    return Composition(spec, plan, cluster, add_ons)


def _plan_add_ons(spec: StackSpec) -> AddOnPlan:
    """The stack's add-ons; ToolchainError (PK214) if what they or the cluster consist of has not been rendered."""
    plan = spec.addons.plan()
    for bundle in (*spec.cluster.bundles, *plan.bundles):
        load(bundle)
    return plan


def _rules(policy: Policy) -> Iterator[Guard]:
    """The rules that the API server is to say; waivers are read where it says any."""
    waivers = waived(Path.cwd()) if {policy.admission, *policy.admission_rules.values()} != {"off"} else ()
    return rule_guards(policy.admission, policy.admission_rules, policy.levels, policy.options, waivers)


def _create_tenants(
    spec: StackSpec,
    plan: AddOnPlan,
    cluster: ClusterBase,
    prerequisites: Sequence[pulumi.Resource],
    add_ons: InstalledAddOns,
) -> dict[str, Tenant]:
    """The tenants by name, each after `prerequisites`."""
    return {
        each.name: Tenant(each, cluster, prerequisites, add_ons.flows, plan.tenant_additions(each.name))
        for each in spec.tenants
    }


def _protect(
    protection: bool | None, resources: Sequence[pulumi.Resource], tenants: Mapping[str, pulumi.Resource]
) -> None:
    """Keep the stack and each of its tenants from being deleted, or let go of them; nothing where nobody asks."""
    if protection is None:
        return
    for name, tenant in tenants.items():
        Protection(f"tenant-{name}", [tenant], protect=protection)
    Protection("stack", [*resources, *tenants.values()], protect=protection)
