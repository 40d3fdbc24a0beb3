"""A resource that goes before the engine finds what keeps the stack from being deleted."""

import pytest

from components.naming import component_type
from tests.support.registered import Registered, everything_before, registered
from tests.support.stack_files import load_stack, load_with_add_ons

KEEPS = component_type("stacks", "Protection")
PROTECTED = ("eks-prod", "gke-prod", "aks-prod")


def protections(planned: dict[str, Registered]) -> dict[str, Registered]:
    return {each.name: each for each in planned.values() if each.type == KEEPS}


@pytest.mark.usefixtures("bundles")
@pytest.mark.parametrize("stack", PROTECTED)
def test_one_protected_resource_goes_before_all_others_of_a_protected_stack(stack: str) -> None:
    planned = registered(load_with_add_ons(stack), stack)
    keeps = protections(planned)
    assert all(each.protect for each in keeps.values())
    kept = everything_before(keeps["stack"], planned)
    assert planned.keys() - kept - {each.urn for each in keeps.values()} == set()


@pytest.mark.parametrize("stack", PROTECTED)
def test_one_goes_before_all_of_a_tenant(stack: str) -> None:
    planned = registered(load_stack(stack), stack)
    for tenant in load_stack(stack).tenants:
        kept = everything_before(protections(planned)[f"tenant-{tenant.name}"], planned)
        of_tenant = {urn for urn, each in planned.items() if "platform:Tenant" in urn and tenant.name in each.name}
        assert of_tenant
        assert of_tenant <= kept


def test_what_may_be_deleted_has_none_unless_it_was_protected_before() -> None:
    spec = load_stack("eks-dev")
    assert protections(registered(spec)) == {}
    let_go = spec.cluster.model_copy(update={"deletion_protection": False})
    keeps = protections(registered(spec.model_copy(update={"cluster": let_go})))
    assert {each.protect for each in keeps.values()} == {False}
