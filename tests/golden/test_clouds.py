"""A change that would replace a cloud's resource, seen in review rather than in the cloud."""

import pytest

from tests.support.golden import URNS_MEAN, Golden
from tests.support.replacing import replacing_inputs
from tests.support.stack_files import CLOUD_STACKS, CLUSTER_STACKS, planned

REPLACING_MEANS = "A value that changes here replaces the resource. Of cluster, network, keys and backups none may."


@pytest.mark.parametrize("stack", CLUSTER_STACKS)
def test_the_urns_of_a_clouds_stack_are_the_expected_ones(stack: str, golden: Golden) -> None:
    golden.check(f"{stack}.urns", planned(stack), URNS_MEAN)


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_what_would_replace_a_resource_has_not_changed(stack: str, golden: Golden) -> None:
    golden.check(f"{stack}.replacing", replacing_inputs(planned(stack)), REPLACING_MEANS)
