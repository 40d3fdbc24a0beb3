"""What only EKS asks of a change: sizes that an autoscaler has chosen, zones of a network that is in use.

The tests are steps of one life, in this order: each begins where the one before ended.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.providers.clouds.store import Resource
from tests.support.cloud_life import Life, begin

POOL, SUBNET = "aws:eks/nodeGroup:NodeGroup", "aws:ec2/subnet:Subnet"
ZONES = ["eu-central-1a", "eu-central-1b"]
GPUS = {"name": "gpus", "machineType": "g6.xlarge", "nodes": {"min": 1, "max": 1}}
MADE_WITH: dict[str, Any] = {
    "zones": ZONES,
    "nodeBudget": 30,
    "nodePools.0.nodes": {"min": 2, "max": 4},
    "nodePools.2": GPUS,
}
RIGHTS_COME_LATE = {
    "fault": "propagation",
    "type": "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "seconds": 25,
}
NODES = {"min": 2, "max": 5}


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    """A stack that is up, unprotected, in two zones, though rights in the cluster took their time at first."""
    with begin("eks-dev") as life:
        life.suffer(RIGHTS_COME_LATE)
        life.rehearsal.project.take(life.write(MADE_WITH))
        life.step("up")
        yield life


def general(life: Life) -> Resource:
    return life.one(POOL, "eks-dev-general")


def changed(life: Life, **keys: Any) -> dict[str, int]:
    """Go over to a stack file with other keys of the cluster; names are paths with `__`."""
    return life.step(f"change={life.write(MADE_WITH | {key.replace('__', '.'): value for key, value in keys.items()})}")


def test_pods_can_have_the_gpus_of_a_pool(life: Life) -> None:
    with life.api() as api:
        (node,) = api.list("/api/v1/nodes?labelSelector=polykube.dev/node-pool=gpus")
    assert node["status"]["capacity"].get("nvidia.com/gpu") == "1"


@pytest.mark.parametrize(
    ("live", "least", "most", "then"),
    [(2, 3, 6, 3), (6, 2, 5, 5)],
    ids=["below the minimum", "above the maximum"],
)
def test_bounds_change_around_the_size_that_an_autoscaler_chose(
    life: Life, live: int, least: int, most: int, then: int
) -> None:
    life.edit(general(life), scalingConfig__desiredSize=live)
    changes = changed(life, nodePools__0__nodes={"min": least, "max": most})
    assert (changes["create"], changes["replace"], changes["delete"]) == (0, 0, 0)
    assert general(life).inputs["scalingConfig"] == {"minSize": least, "maxSize": most, "desiredSize": then}


def test_what_else_changes_leaves_the_size_alone(life: Life) -> None:
    life.edit(general(life), scalingConfig__desiredSize=4)
    changed(life, nodePools__0__nodes=NODES, nodePools__0__labels={"workload": "any"})
    assert general(life).inputs["scalingConfig"]["desiredSize"] == 4


def test_another_order_of_zones_is_no_change(life: Life) -> None:
    began = len(life.events())
    changed(life, nodePools__0__nodes=NODES, nodePools__0__labels={"workload": "any"}, zones=[*reversed(ZONES)])
    assert life.events(after=began) == []


def test_a_zone_more_brings_new_nodes_before_the_old_ones_go(life: Life) -> None:
    began, subnets = len(life.events()), {each.id for each in life.store.all(SUBNET)}
    changed(life, nodePools__0__nodes=NODES, zones=[*ZONES, "eu-central-1c"])
    assert subnets < {each.id for each in life.store.all(SUBNET)}
    pools = [each.operation for each in life.events(after=began) if (each.type, each.name) == (POOL, "eks-dev-general")]
    assert [each for each in pools if each in ("create", "delete")] == ["create", "delete"]
    assert general(life).inputs["scalingConfig"]["desiredSize"] == 4
    assert len(general(life).inputs["subnetIds"]) == 3


def test_what_a_cluster_keeps_is_refused_before_anything_happens_on_every_stage(life: Life) -> None:
    began = len(life.events())
    keys = {"network.range": "10.99.0.0/16", "zones": ZONES}
    error = life.refused(f"change={life.write(MADE_WITH | keys)}")
    assert {(problem.code, problem.where) for problem in error.problems} == {
        ("PK407", "polykube:cluster.network.range"),
        ("PK407", "polykube:cluster.zones"),
    }
    assert life.events(after=began) == []


def test_the_logs_that_an_earlier_cluster_wrote_late_are_taken_over(life: Life) -> None:
    life.rehearsal.project.take(life.write(MADE_WITH))
    life.step("destroy")
    assert life.report.orphans == []
    life.step("up")
    (logs,) = (each for each in life.store.all("aws:cloudwatch/logGroup:LogGroup") if each.id.startswith("/aws/eks/"))
    assert logs.inputs["retentionInDays"] == 7
    assert logs.inputs["tags"]["polykube-cluster"] == "eks-dev"
