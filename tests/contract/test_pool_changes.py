"""A key of a node pool whose change takes nodes away unawares: each states what a change of it does.

Each key is changed, and what the program then registers is held against what it did before, by what the stand-ins know
of the clouds, which tests/rehearsal/clouds/test_facts.py holds against the originals.
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

import pytest

from common.paths import CHECKOUT
from components.clusters.pools import CloudPoolSpec
from stacks.config import StackSpec
from tests.contract.test_changes import changed, cluster_of, made
from tests.support.registered import Registered
from tests.support.replacing import replaced
from tests.support.stack_files import load_stack, planned

POOL: Final = "nodePools.1"
TYPES: Final = ("NodeGroup", "NodePool", "AgentPool", "autoscaling/group:Group")
NAMED: Final = ("nodeGroupName", "name", "agentPoolName")
Planned = Mapping[str, Registered]


class Effect(Enum):
    """What a change of a key does to the nodes of a pool, as the pages of the clouds begin to say it."""

    IN_PLACE = "they stay"
    REPLACES_NODES = "the pool replaces them"
    REPLACES_POOL = "a new pool"
    ANOTHER_POOL = "it is another pool"


# Architecture: said of a machine type that our table does not know, so that another one may be said of it.
EVERYWHERE: Final[dict[str, tuple[Effect, Any]]] = {
    "name": (Effect.ANOTHER_POOL, "common"),
    "nodes": (Effect.IN_PLACE, {"min": 4, "max": 11}),
    "labels": (Effect.IN_PLACE, {"workload": "any"}),
    "taints": (Effect.IN_PLACE, [{"key": "dedicated", "value": "shop", "effect": "NoSchedule"}]),
    "spot": (Effect.REPLACES_POOL, True),
}
OWN: Final[dict[str, dict[str, tuple[Effect, Any]]]] = {
    "eks-prod": {
        "machineType": (Effect.REPLACES_POOL, "m7i.2xlarge"),
        "alternatives": (Effect.REPLACES_POOL, ["m7i.2xlarge"]),
        "architecture": (Effect.REPLACES_POOL, "arm64"),
        "image": (Effect.REPLACES_POOL, "bottlerocket"),
        "diskSize": (Effect.REPLACES_NODES, "120Gi"),
        "maxUnavailablePercentage": (Effect.IN_PLACE, 50),
    },
    "gke-prod": {
        "machineType": (Effect.REPLACES_POOL, "n2-standard-8"),
        "architecture": (Effect.IN_PLACE, "arm64"),
        "image": (Effect.REPLACES_POOL, "ubuntu"),
        "diskSize": (Effect.REPLACES_POOL, "120Gi"),
        "maxPods": (Effect.REPLACES_POOL, 64),
        "upgrade": (Effect.IN_PLACE, {"strategy": "surge", "maxSurge": 2}),
    },
    "aks-prod": {
        "machineType": (Effect.REPLACES_POOL, "Standard_D8ds_v5"),
        "architecture": (Effect.IN_PLACE, "arm64"),
        "image": (Effect.REPLACES_POOL, "ubuntu"),
        "diskSize": (Effect.REPLACES_POOL, "120Gi"),
        "maxPods": (Effect.REPLACES_POOL, 60),
        "maxSurgePercentage": (Effect.IN_PLACE, 20),
    },
    # Nothing tells a machine that has joined, nor replaces those of a group whose launch template changes.
    "kubeadm-aws": {
        "nodes": (Effect.IN_PLACE, {"min": 4, "max": 7}),
        "labels": (Effect.REPLACES_POOL, {"workload": "any"}),
        "taints": (Effect.REPLACES_POOL, [{"key": "dedicated", "value": "shop", "effect": "NoSchedule"}]),
        "machineType": (Effect.REPLACES_POOL, "m7g.xlarge"),
        "architecture": (Effect.REPLACES_POOL, "arm64"),
        "image": (Effect.REPLACES_POOL, "ubuntu-24.04"),
        "diskSize": (Effect.REPLACES_POOL, "120Gi"),
        "sandbox": (Effect.REPLACES_POOL, "gvisor"),
    },
}
UNKNOWN_MACHINE: Final = {f"{POOL}.machineType": "Standard_X4_v99", f"{POOL}.architecture": "amd64"}


def stated(stack: str) -> dict[str, tuple[Effect, Any]]:
    """The keys of a pool on the cloud of `stack`: what a change does, and another value."""
    return EVERYWHERE | OWN[stack]


CASES: Final = [(stack, key) for stack in OWN for key in stated(stack)]


@pytest.mark.parametrize("stack", OWN)
def test_every_key_of_a_pool_states_what_its_change_does(stack: str) -> None:
    (kind,) = {type(pool) for pool in cluster_of(load_stack(stack)).pools}
    assert {field.alias or name for name, field in kind.model_fields.items()} == stated(stack).keys()


@pytest.mark.parametrize("stack", OWN)
def test_the_page_of_the_cloud_says_the_same(stack: str) -> None:
    page = (CHECKOUT / "docs" / "clouds" / f"{stack.partition('-')[0]}.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+) \| (.+) \|$", page, re.MULTILINE)
    said = {key: text for keys, text in rows for key in re.findall("`([a-zA-Z]+)`", keys)}
    for key, (effect, _) in stated(stack).items():
        assert said[key].startswith(effect.value)


@pytest.mark.parametrize(("stack", "key"), CASES)
def test_a_change_of_a_key_does_what_it_states(stack: str, key: str) -> None:
    effect, value = stated(stack)[key]
    base = UNKNOWN_MACHINE if key == "architecture" else {}
    before = made(changed(stack, base), stack) if base else planned(stack)
    after = made(changed(stack, {**base, f"{POOL}.{key}": value}), stack)
    assert found_effect(pool_of(load_stack(stack)), before, after) is effect


def found_effect(pool: CloudPoolSpec, before: Planned, after: Planned) -> Effect:
    """What becomes of the nodes of `pool`; AssertionError if anything else of the cloud is replaced."""
    was, lost = resource_of(pool, before), replaced(before, after)
    if lost.get(was.urn) == "gone":
        assert [urn for urn in lost if pool.name not in urn.rpartition("::")[2]] == []
        return Effect.ANOTHER_POOL
    assert lost.keys() <= {was.urn}
    now = after[was.urn]
    if lost:
        assert now.new_first
        assert cloud_name(now) != cloud_name(was), "the cloud takes no second pool of the same name"
        return Effect.REPLACES_POOL
    assert cloud_name(now) == cloud_name(was)
    return Effect.IN_PLACE if template_of(was, before) == template_of(now, after) else Effect.REPLACES_NODES


def pool_of(spec: StackSpec) -> CloudPoolSpec:
    return cluster_of(spec).pools[int(POOL.rpartition(".")[2])]


def resource_of(pool: CloudPoolSpec, made: Planned) -> Registered:
    (found,) = (each for each in made.values() if each.type.endswith(TYPES) and each.name.endswith(f"-{pool.name}"))
    return found


def cloud_name(pool: Registered) -> str:
    """What the pool is called in its cloud."""
    return next(str(pool.inputs[key]) for key in NAMED if key in pool.inputs)


def template_of(pool: Registered, made: Planned) -> Mapping[str, Any]:
    """What the pool's machines are made from, where that is a resource of its own: another version replaces them."""
    templates = (each for each in made.values() if each.type.endswith(":LaunchTemplate") and each.name == pool.name)
    return next((each.inputs for each in templates), {})
