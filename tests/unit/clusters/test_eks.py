"""What an EKS cluster registers: who gets in, what pools are made of, what comes with their machines."""

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components.clusters.eks import live as live_module
from components.clusters.eks.live import Live, Scaling, Size, scaling
from components.clusters.pools import NodeCount
from stacks.config import StackSpec
from tests.support.registered import Registered, registered

ADMIN, OTHER = (f"arn:aws:iam::111122223333:role/{name}" for name in ("platform-admin", "developers"))
GENERAL = {"name": "general", "machineType": "m7g.large", "nodes": {"min": 2, "max": 4}}
MORE = {"name": "more", "machineType": "m7g.large", "nodes": {"min": 2, "max": 4}}
PLUGIN = "kube-system/nvidia-device-plugin"


def made(*pools: dict[str, Any], **keys: Any) -> dict[str, Registered]:
    """What a stack with these pools and keys of its cluster registers, by `type name`."""
    cluster = {
        "kind": "eks",
        "name": "a",
        "version": "1.36",
        "region": "eu-central-1",
        "apiEndpoint": {"publicFrom": ["203.0.113.0/24"]},
        "administrators": [ADMIN],
        "nodePools": [GENERAL, *pools],
        **keys,
    }
    spec = StackSpec.model_validate({"polykube:stage": "dev", "polykube:cluster": cluster})
    return {f"{each.type.rpartition(':')[2]} {each.name}": each for each in registered(spec).values()}


def gpus(name: str, **keys: Any) -> dict[str, Any]:
    return {"name": name, "machineType": "g6.xlarge", "nodes": {"min": 0, "max": 2}, **keys}


def test_who_is_administrator_and_member_has_one_entry_with_both() -> None:
    both = made(members=[{"principal": ADMIN, "groups": ["web"]}, {"principal": OTHER, "groups": ["data"]}])
    entries = {each.inputs["principalArn"]: each.inputs for each in both.values() if each.type.endswith(":AccessEntry")}
    assert entries.keys() == {ADMIN, OTHER}
    assert entries[ADMIN]["kubernetesGroups"] == ["web"]
    (rights,) = (each for each in both.values() if each.type.endswith(":AccessPolicyAssociation"))
    assert rights.inputs["principalArn"] == ADMIN


def test_gpus_are_offered_to_pods_on_the_pools_whose_image_leaves_that_to_the_cluster() -> None:
    resources = made(
        gpus("al"), gpus("rocket", image="bottlerocket"), gpus("new", machineType="g9.xlarge", architecture="amd64")
    )
    pods = resources[f"DaemonSet {PLUGIN}"].inputs["spec"]["template"]["spec"]
    (term,) = pods["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "polykube.dev/node-pool", "operator": "In", "values": ["al", "new"]}]
    assert pods["tolerations"] == [{"operator": "Exists"}]
    images = {each.name: each.inputs["amiType"] for each in resources.values() if each.type.endswith(":NodeGroup")}
    assert images["a-new"] == "AL2023_x86_64_NVIDIA"


def test_a_cluster_without_such_pools_has_no_device_plugin() -> None:
    assert f"DaemonSet {PLUGIN}" not in made(gpus("rocket", image="bottlerocket"))


@pytest.mark.parametrize(
    ("live", "wanted", "expected"),
    [
        ({}, (2, 4), Scaling(2, is_kept=False)),
        ({"general-0a1b2c": Size((2, 4), 3)}, (2, 4), Scaling(3, is_kept=True)),
        ({"general-0a1b2c": Size((2, 4), 2)}, (3, 6), Scaling(3, is_kept=False)),
        ({"general-0a1b2c": Size((2, 6), 6)}, (2, 4), Scaling(4, is_kept=False)),
        ({"general-ffffff": Size((2, 6), 5)}, (2, 6), Scaling(5, is_kept=False)),
        ({"other-ffffff": Size((2, 6), 5)}, (2, 6), Scaling(2, is_kept=False)),
    ],
    ids=["first", "unchanged", "a larger minimum", "a smaller maximum", "a new generation", "another pool"],
)
def test_a_pool_is_as_large_as_what_scales_it_has_it_within_its_bounds(
    live: dict[str, Size], wanted: tuple[int, int], expected: Scaling
) -> None:
    assert scaling("general", "general-0a1b2c", NodeCount(min=wanted[0], max=wanted[1]), live) == expected


def test_a_pool_of_another_make_has_another_name() -> None:
    changes: list[dict[str, Any]] = [
        {"machineType": "m7g.xlarge"},
        {"alternatives": ["m7g.xlarge"]},
        {"image": "bottlerocket"},
        {"spot": True},
    ]
    names = {name_of({**MORE, **change}) for change in ({}, *changes)}
    assert len(names) == len(changes) + 1


def test_a_pool_in_a_zone_more_has_another_name_and_in_another_order_has_the_same() -> None:
    two, three = (["eu-central-1a", "eu-central-1b", "eu-central-1c"][:count] for count in (2, 3))
    assert name_of(MORE, zones=two) != name_of(MORE, zones=three)
    assert name_of(MORE, zones=two) == name_of(MORE, zones=[*reversed(two)])


def name_of(pool: dict[str, Any], **keys: Any) -> str:
    """What the node group of the pool `more` is called."""
    return str(made(pool, **keys)["NodeGroup a-more"].inputs["nodeGroupName"])


def test_the_control_plane_stays_in_the_zones_that_it_was_made_in() -> None:
    assert made()["Cluster a"].ignore_changes == ("vpcConfig.subnetIds",)


def test_the_logs_that_an_earlier_cluster_has_left_are_taken_over_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert made()["LogGroup a-control-plane"].ignore_changes == ()
    monkeypatch.setattr(Live, "has_left", lambda _, group: group == "/aws/eks/a/cluster")
    taken = made()["LogGroup a-control-plane"]
    assert taken.imported == "/aws/eks/a/cluster"
    assert taken.ignore_changes == ("retentionInDays", "tags"), "the engine imports nothing that differs"


def test_what_is_empty_is_said_for_aws_would_keep_what_is_there() -> None:
    resources = made()
    (administrator,) = (each for each in resources.values() if each.type.endswith(":AccessEntry"))
    assert administrator.inputs["kubernetesGroups"] == []
    closed = resources["DefaultSecurityGroup a-default"].inputs
    assert (closed["ingress"], closed["egress"]) == ([], [])


@pytest.mark.parametrize(
    ("there", "zones", "expected"),
    [
        ([], ["eu-central-1c", "eu-central-1b"], "eu-central-1b"),
        (["eu-central-1b"], ["eu-central-1a", "eu-central-1b"], "eu-central-1b"),
        (["eu-central-1c"], ["eu-central-1a", "eu-central-1b"], "eu-central-1a"),
        (["eu-central-1c", "eu-central-1b"], ["eu-central-1a", "eu-central-1b", "eu-central-1c"], "eu-central-1b"),
    ],
    ids=["first", "a zone more", "its zone goes", "of one for each zone"],
)
def test_the_one_nat_gateway_stays_in_its_zone(
    there: list[str], zones: list[str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = SimpleNamespace(
        GetNatGatewaysFilterArgs=dict,
        get_nat_gateways=lambda **_: SimpleNamespace(ids=there),
        get_nat_gateway=lambda id, **_: SimpleNamespace(tags={"Name": f"shop-nat-{id}"}),  # noqa: A006 - AWS's name
    )
    monkeypatch.setattr(live_module, "ec2", answers)
    assert Live("shop", pulumi.InvokeOptions()).nat_zone(zones) == expected


def test_all_zones_go_out_by_the_one_nat_gateway() -> None:
    planned = made(network={"nat": "single"})
    assert [name for name in planned if name.startswith("NatGateway")] == ["NatGateway a-nat-eu-central-1a"]
    routes = {each.inputs["natGatewayId"] for name, each in planned.items() if name.startswith("Route a-private")}
    assert routes == {"a-nat-eu-central-1a-id"}


@pytest.mark.parametrize(("side", "role"), [("private", "internal-elb"), ("public", "elb")])
def test_controllers_find_the_subnets_that_balancers_go_into(side: str, role: str) -> None:
    """docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html, November 2026: by the tag alone."""
    subnets = {name: each for name, each in made().items() if name.startswith("Subnet ")}
    tagged = [name for name, each in subnets.items() if each.inputs["tags"].get(f"kubernetes.io/role/{role}") == "1"]
    assert tagged
    assert tagged == [name for name in subnets if f"-{side}-" in name]
