"""A tenant's manifest that has the name of a guardrail, so that the engine meets one resource twice."""

from components.platform.tenants import TenantSpec
from tests.support.stack_files import load_stack, planned

_KINDS = ("ResourceQuota", "LimitRange", "NetworkPolicy", "Role", "RoleBinding")


def _made(tenant: TenantSpec, stack: str) -> set[tuple[str, str]]:
    """Kind and name of what is made in the tenant's namespace of the kinds that guardrails have."""
    by_type = ((each.type.rpartition(":")[2], each.name) for each in planned(stack).values())
    own = {(kind, name.partition("/")[2]) for kind, name in by_type if name.startswith(f"{tenant.name}/")}
    return {(kind, name) for kind, name in own if kind in _KINDS}


def test_every_guardrail_is_among_those_that_manifests_may_not_have() -> None:
    for tenant in load_stack("eks-prod").tenants:
        made = _made(tenant, "eks-prod")
        assert {kind for kind, _ in made} == set(_KINDS)
        assert made <= set(tenant.guardrails())
