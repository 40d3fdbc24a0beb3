"""An identity, a bucket or a firewall rule of a cloud that an add-on suddenly has, or has no more."""

import pytest

from tests.support.golden import URNS_MEAN, Golden
from tests.support.registered import registered
from tests.support.stack_files import STACKS_WITH_ADD_ONS, load_with_add_ons, planned

pytestmark = pytest.mark.usefixtures("bundles")
KUBERNETES = "kubernetes:"


@pytest.mark.parametrize("stack", [stack for stack in STACKS_WITH_ADD_ONS if stack != "dev"])
def test_what_add_ons_have_in_the_cloud_is_the_expected(stack: str, golden: Golden) -> None:
    added = registered(load_with_add_ons(stack), stack).keys() - planned(stack).keys()
    golden.check(f"{stack}.addons", [urn for urn in added if f"${KUBERNETES}" not in urn], URNS_MEAN)
