"""A stack file that shows an add-on wrongly, or does not show one that its kind of cluster can have."""

import pytest

from components.addons import ADDONS
from components.addons.plan import AddOnPlan
from tests.support.stack_files import STACKS_WITH_ADD_ONS, load_stack, load_with_add_ons

pytestmark = pytest.mark.usefixtures("bundles")


@pytest.mark.parametrize("stack", STACKS_WITH_ADD_ONS)
def test_every_add_on_that_the_cluster_can_have_is_shown_and_nothing_else_changes(stack: str) -> None:
    plain, shown = load_stack(stack), load_with_add_ons(stack)
    plan, cluster = shown.addons.plan(), shown.cluster
    assert list(plain.addons.plan()) == []
    for add_on in ADDONS:
        if add_on.spec_type not in plan:
            with_it = AddOnPlan([*plan, add_on(add_on.spec_type.model_construct())])
            found = with_it.findings(cluster.kind, cluster.capabilities, cluster.built_in)
            assert add_on.key() in [finding.at[0] for finding in found], f"{add_on.name} could be shown"
    assert cluster == plain.cluster
    names = [tenant.name for tenant in plain.tenants]
    assert [tenant.name for tenant in shown.tenants][: len(names)] == names
