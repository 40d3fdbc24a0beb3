"""What Google wants of a program before it does as told, in projects that are fresh.

Guards against calls of an API that nothing has switched on, rights for identities that are not there yet, and pools
that are not as large or not called as they have to be.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from common.quantity import parse
from components.addons import ADDONS
from components.clusters.gke import GkeSpec
from components.clusters.gke.facts import STORAGE_CLASSES
from components.clusters.pools import NodeCount
from components.contract import Capability
from rehearsal.providers.clouds.gcp.gke import _count, _nodes
from rehearsal.providers.clouds.gcp.project import SERVICE, api_of
from rehearsal.providers.clouds.gcp.storage_classes import CLASSES
from tests.support.registered import Registered, everything_before, registered
from tests.support.stack_files import load_stack, load_with_add_ons, planned

STACKS = ("gke-dev", "gke-autopilot", "gke-prod")
POOL = "gcp:container/nodePool:NodePool"
CLUSTER = "gcp:container/cluster:Cluster"
KEY, RING = "gcp:kms/cryptoKey:CryptoKey", "gcp:kms/keyRing:KeyRing"


@cache
def made(stack: str) -> dict[str, Registered]:
    """Everything that a stack registers; gke-prod with all its add-ons."""
    return registered(load_with_add_ons(stack), stack) if stack == "gke-prod" else planned(stack)


@pytest.mark.parametrize("stack", STACKS)
def test_an_api_is_on_before_it_is_called(stack: str) -> None:
    for urn, each in made(stack).items():
        if not each.type.startswith("gcp:"):
            continue
        before = everything_before(each, made(stack))
        on = {made(stack)[other].inputs["service"] for other in before if made(stack)[other].type == SERVICE}
        first = each.inputs.get("service") == "cloudresourcemanager.googleapis.com"
        assert first or f"{api_of(each.type)}.googleapis.com" in {*on, "serviceusage.googleapis.com"}, urn


def test_pods_are_members_after_the_cluster_that_makes_their_pool() -> None:
    members = [each for each in made("gke-prod").values() if "svc.id.goog" in str(each.inputs.get("member"))]
    assert len(members) > 2
    for each in members:
        assert any(f"${CLUSTER}::" in other for other in everything_before(each, made("gke-prod"))), each.urn


def test_nodes_of_arm_have_the_taints_of_the_stack_file_alone() -> None:
    """By itself, Google keeps pods off them that do not ask for them."""
    pools = [each.inputs["nodeConfig"] for each in made("gke-dev").values() if each.type.endswith(":NodePool")]
    behaviour = {each["machineType"]: each.get("taintConfig") for each in pools}
    assert behaviour["t2a-standard-2"] == {"architectureTaintBehavior": "NONE"}
    assert behaviour["e2-standard-2"] is None
    for config in pools:
        taints = {taint["key"] for node in _nodes("p", config, "1.36", ["z-a"], 1) for taint in node.taints}
        assert "kubernetes.io/arch" not in taints
        by_itself = next(iter(_nodes("p", {**config, "taintConfig": {}}, "1.36", ["z-a"], 1))).taints
        assert ("kubernetes.io/arch" in {each["key"] for each in by_itself}) is (config["machineType"][:3] == "t2a")


def test_a_pool_of_another_make_has_another_name() -> None:
    changes: list[dict[str, Any]] = [
        {"machine_type": "e2-standard-4"},
        {"image": "ubuntu"},
        {"spot": True},
        {"disk_size": parse("60Gi")},
        {"max_pods": 32},
    ]
    names = {first_pool(**change)["name"] for change in ({}, *changes)}
    assert len(names) == len(changes) + 1


def test_a_pool_has_as_many_nodes_as_it_says_and_not_as_many_in_every_zone() -> None:
    pool = first_pool(nodes=NodeCount(min=1, max=1))
    assert (pool["nodeCount"], len(pool["nodeLocations"])) == (1, 1)
    assert _count(pool, len(pool["nodeLocations"])) == 1
    pool = first_pool(nodes=NodeCount(min=6, max=6))
    assert (pool["nodeCount"], len(pool["nodeLocations"])) == (2, 3)
    assert _count(pool, len(pool["nodeLocations"])) == 6


def first_pool(**changes: Any) -> Mapping[str, Any]:
    """What Google is told of the first pool of gke-dev, when that is changed."""
    spec = load_stack("gke-dev")
    assert isinstance(spec.cluster, GkeSpec)
    pool, *others = spec.cluster.node_pools
    cluster = spec.cluster.model_copy(update={"node_pools": (pool.model_copy(update=changes), *others)})
    seen = registered(spec.model_copy(update={"cluster": cluster}), "gke-dev")
    pools = [each.inputs for each in seen.values() if each.type == POOL]
    return next(inputs for inputs in pools if inputs["name"].startswith(f"{pool.name}-"))


def test_the_names_of_gkes_own_storage_classes_are_not_free() -> None:
    assert {each.name: each.default for each in CLASSES} == STORAGE_CLASSES
    (demoted,) = (each for each in made("gke-dev").values() if each.type.endswith(":StorageClassPatch"))
    assert demoted.inputs["metadata"]["name"] == "standard-rwo"
    assert demoted.inputs["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "false"}


def test_an_add_on_that_writes_to_nodes_says_so() -> None:
    """Autopilot lets pods read /var/log, and nothing else of a node."""
    for each in made("gke-prod").values():
        within = each.urn.split("::")[2]
        for add_on in (on for on in ADDONS if f"addons:{on.__name__}$" in within):
            written = [path for path in host_paths(each.inputs) if not path.startswith("/var/log")]
            says_so = {Capability.NODE_DIRECTORIES, Capability.NETWORK_PLUGINS} & set(add_on.required_capabilities)
            assert says_so or not written, f"{each.urn} has {written}"


def host_paths(inputs: Mapping[str, Any]) -> list[str]:
    """The directories of nodes that a workload's pods mount."""
    template = (inputs.get("spec") or {}).get("template") if isinstance(inputs.get("spec"), Mapping) else None
    volumes = ((template or {}).get("spec") or {}).get("volumes") or ()
    return [str(volume["hostPath"]["path"]) for volume in volumes if volume.get("hostPath")]


def test_a_private_cluster_is_reached_by_googles_name() -> None:
    """A private address leads nowhere before the network is connected, which the same run makes."""
    (provider,) = (each for each in made("gke-prod").values() if each.type == "pulumi:providers:kubernetes")
    assert "certificate-authority-data" not in provider.inputs["kubeconfig"]
    (by_address,) = (each for each in made("gke-dev").values() if each.type == "pulumi:providers:kubernetes")
    assert "certificate-authority-data" in by_address.inputs["kubeconfig"]


@pytest.mark.parametrize("stack", STACKS)
def test_what_can_never_be_deleted_is_named_anew_each_time(stack: str) -> None:
    undying = [each for each in made(stack).values() if each.type in (KEY, RING)]
    assert [each.inputs.get("name") for each in undying] == [None, None]


@pytest.mark.parametrize("stack", STACKS)
def test_nobody_is_let_in_for_having_a_machine_at_google(stack: str) -> None:
    (cluster,) = (each for each in made(stack).values() if each.type == CLUSTER)
    assert cluster.inputs["masterAuthorizedNetworksConfig"]["gcpPublicCidrsAccessEnabled"] is False
