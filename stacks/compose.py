"""The one recipe: what a stack is made of, in order. No cloud detail stands here."""

from dataclasses import dataclass

from components.addons import Installed, install
from components.addons.bundles import load
from components.clusters.base import ClusterBase
from components.platform.shared import Shared
from components.platform.tenants import Tenant
from components.protection import Protection
from stacks.config import StackSpec


@dataclass(frozen=True)
class Composition:
    """What `compose` has made, for outputs and tests."""

    spec: StackSpec
    cluster: ClusterBase
    addons: Installed


def compose(spec: StackSpec) -> Composition:
    """Register everything that the stack file asks for; PolykubeError before the first resource if it cannot be."""
    for bundle in spec.addons.bundles():
        load(bundle)
    cluster = spec.cluster.build(protect=bool(spec.protection))
    shared = Shared(spec.platform, cluster)
    tenants = [tenant.name for tenant in spec.tenants]
    addons = install(spec.addons, cluster, tenants, redundant=spec.stage == "prod", after=[cluster, shared])
    after = [cluster, shared, *addons.before_tenants]
    made = [Tenant(tenant, cluster, after, addons.flows, addons.for_tenants[tenant.name]) for tenant in spec.tenants]
    addons.conclude(made)
    if spec.protection is not None:
        for name, tenant in zip(tenants, made, strict=True):
            Protection(f"tenant-{name}", [tenant], protect=spec.protection)
        Protection("stack", [cluster, shared, *addons.add_ons.values(), *made], protect=spec.protection)
    return Composition(spec, cluster, addons)
