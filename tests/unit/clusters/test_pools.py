"""A cluster whose system pods find no node, or a pool that is replaced though nothing in it changed."""

from typing import Any, Final

import pytest

from common.quantity import parse
from components.clusters.pools import (
    WINDOWS,
    WINDOWS_TAINT,
    CloudPoolSpec,
    MachineType,
    architecture_findings,
    generation,
    in_gib,
    machine_warnings,
    over_budget,
    pool_findings,
    why_no_system_pods,
)
from components.naming import NODE_POOL_LABEL
from spec.problems import Code

MACHINES: Final = {"m.large": MachineType(2, 8), "g.large": MachineType(2, 8, "arm64")}
SYSTEM: Final = {"key": "CriticalAddonsOnly", "effect": "NoSchedule"}


def pool(**changes: Any) -> CloudPoolSpec:
    plain = {"name": "general", "machineType": "m.large", "image": "linux", "nodes": {"min": 1, "max": 3}}
    return CloudPoolSpec.model_validate(plain | changes)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"taints": [SYSTEM]}, ""),
        ({"taints": [{"key": "example.com/a", "effect": "PreferNoSchedule"}]}, ""),
        ({"taints": [{"key": "example.com/a", "effect": "NoSchedule"}]}, "tainted"),
        ({"taints": [SYSTEM, {"key": "example.com/a", "effect": "NoExecute"}]}, "tainted"),
        ({"spot": True}, "spot"),
        ({"nodes": {"min": 0, "max": 3}}, "can be empty"),
        ({"image": WINDOWS}, "Windows"),
    ],
)
def test_a_pool_that_is_always_there_and_open_takes_the_systems_pods(changes: dict[str, Any], why: str) -> None:
    one = pool(**changes)
    assert one.takes_system_pods is not bool(why)
    found = list(pool_findings([one], MACHINES))
    assert [each.code for each in found] == ([Code.NO_SYSTEM_POOL] if why else [])
    if why:
        assert why_no_system_pods(one) == why
        assert f"general: {why}" in found[0].found
    assert list(pool_findings([one, pool(name="other")], MACHINES)) == [], "one of them is enough"


def test_only_a_pool_of_linux_with_the_systems_taint_is_for_the_system() -> None:
    assert pool(taints=[SYSTEM]).is_for_system
    assert not pool().is_for_system
    assert not pool(taints=[SYSTEM], image=WINDOWS).is_for_system


def test_nodes_of_windows_are_tainted_once() -> None:
    stated = {"key": WINDOWS_TAINT.key, "value": WINDOWS_TAINT.value, "effect": WINDOWS_TAINT.effect}
    assert pool(image=WINDOWS).all_taints == (WINDOWS_TAINT,)
    assert pool(image=WINDOWS, taints=[stated]).all_taints == (WINDOWS_TAINT,)
    assert pool().all_taints == ()


def test_the_contract_has_the_bounds_and_the_label_that_says_the_pool() -> None:
    contract = pool(labels={"example.com/a": "b", NODE_POOL_LABEL: "another"}, image=WINDOWS).as_contract()
    assert (contract.name, contract.minimum, contract.maximum) == ("general", 1, 3)
    assert contract.labels == {"example.com/a": "b", NODE_POOL_LABEL: "general"}
    assert [taint.key for taint in contract.taints] == [WINDOWS_TAINT.key]


@pytest.mark.parametrize(("bounds", "scales"), [((2, 2), False), ((2, 3), True)])
def test_a_pool_scales_where_its_bounds_differ(bounds: tuple[int, int], scales: bool) -> None:
    assert pool(nodes={"min": bounds[0], "max": bounds[1]}).scales is scales


@pytest.mark.parametrize(
    ("changes", "gib"),
    [({}, 50), ({"image": WINDOWS}, 128), ({"diskSize": "60Gi"}, 60), ({"diskSize": "60.5Gi"}, 61)],
)
def test_a_disk_has_whole_gib_and_not_less_than_was_asked_for(changes: dict[str, Any], gib: int) -> None:
    assert pool(**changes).disk_gib == gib


def test_a_size_is_rounded_up() -> None:
    assert [in_gib(parse(size)) for size in ("1", "1Gi", "1025Mi", "10G")] == [1, 1, 2, 10]


def test_a_generation_is_of_what_is_in_it_in_any_order() -> None:
    assert generation(machine="m.large", disk=50) == generation(disk=50, machine="m.large")
    assert len({generation(machine="m.large", disk=50), generation(machine="m.large", disk=51), generation()}) == 3
    assert len(generation(machine="m.large")) == 6


def test_all_pools_at_their_largest_fit_the_budget() -> None:
    pools = [pool(), pool(name="other", nodes={"min": 0, "max": 4})]
    assert list(over_budget(7, pools)) == list(over_budget(None, pools)) == []
    (found,) = over_budget(6, pools)
    assert (found.code, found.found, found.allowed) == (Code.OVER_BUDGET, "3 + 4 = 7 nodes", "at most 6")


def test_an_architecture_is_known_or_stated_and_never_against_the_table() -> None:
    def codes(machine: str, stated: Any) -> list[Code]:
        return [each.code for each in architecture_findings(machine, stated, MACHINES)]

    assert codes("g.large", None) == codes("g.large", "arm64") == codes("x.new", "arm64") == []
    assert codes("g.large", "amd64") == codes("x.new", None) == [Code.ARCHITECTURE]
    (near,) = architecture_findings("m.lagre", None, MACHINES)
    assert near.remedy.startswith("Write m.large, if that is meant, or else state `architecture")


def test_windows_runs_on_amd64_alone() -> None:
    beside = pool(name="other")
    for changes in ({"machineType": "g.large"}, {"machineType": "x.new", "architecture": "arm64"}):
        (found,) = pool_findings([beside, pool(image=WINDOWS, **changes)], MACHINES)
        assert (found.code, found.at) == (Code.ARCHITECTURE, ("nodePools", 1, "machineType"))
    assert list(pool_findings([beside, pool(image=WINDOWS)], MACHINES)) == []


def test_a_machine_type_that_the_table_does_not_know_is_a_warning_with_the_nearest() -> None:
    found = list(machine_warnings([pool(), pool(machineType="m.lagre"), pool(machineType="zz")], MACHINES, "2026-11"))
    assert [each.at for each in found] == [("nodePools", index, "machineType") for index in (1, 2)]
    assert [each.remedy for each in found] == ["Write m.large, if that is meant.", "See whether the region has it."]
