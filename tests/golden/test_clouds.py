"""A change that would replace a cloud's resource, seen in review rather than in the cloud."""

import pytest

from tests.support.golden import URNS_MEAN, Golden
from tests.support.stack_files import CLOUD_STACKS, planned


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_the_urns_of_a_clouds_stack_are_the_expected_ones(stack: str, golden: Golden) -> None:
    golden.check(f"{stack}.urns", planned(stack), URNS_MEAN)
