"""What a cloud reads back of a stack, compared with what its program says: the second run has to find nothing.

Guards against differences that a cloud makes of what it was told, above all such as replace a cluster.
"""

import pytest

from rehearsal.providers.base import Diff, Request
from rehearsal.providers.clouds.provider import CloudStandIn
from rehearsal.providers.clouds.read_back import told
from tests.support.registered import Registered
from tests.support.stack_files import CLOUD_STACKS, planned

CLUSTER = "gcp:container/cluster:Cluster"


def again(stand_in: CloudStandIn, each: Registered, ignored: tuple[str, ...]) -> Diff:
    """What a second run finds to do with a resource that the cloud has read back."""
    inputs, _ = stand_in.check(Request(each.urn, inputs=dict(each.inputs)))
    state = told(stand_in.book.types[each.type].read_back, dict(inputs), inputs, inputs)
    return stand_in.diff(Request(each.urn, inputs=inputs, old_inputs=inputs, state=state, ignore_changes=ignored))


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_what_a_cloud_reads_back_is_no_difference(stack: str, stand_ins: dict[str, CloudStandIn]) -> None:
    made = [(each, stand_ins.get(each.type.partition(":")[0])) for each in planned(stack).values()]
    found = {
        each.urn: diff.detailed
        for each, stand_in in made
        if stand_in and (diff := again(stand_in, each, each.ignore_changes)).detailed
    }
    assert found == {}


def test_what_gke_no_longer_tells_would_replace_the_cluster(stand_ins: dict[str, CloudStandIn]) -> None:
    (cluster,) = (each for each in planned("gke-dev").values() if each.type == CLUSTER)
    diff = again(stand_ins["gcp"], cluster, ())
    assert diff.replaces
    assert {path.partition(".")[0] for path in diff.replaces} <= {*cluster.ignore_changes}
