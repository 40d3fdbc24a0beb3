"""A change that would replace a cloud's resource, seen in review rather than in the cloud.

What makes the cloud replace a resource is what the stand-ins know of it, which a test of theirs holds against the
originals.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import rehearsal.providers.clouds
from rehearsal.providers.clouds.rules import RuleBook, read_rules
from rehearsal.providers.clouds.schema import Schema
from stacks.config import StackSpec
from tests.support.golden import URNS_MEAN, Golden
from tests.support.registered import Registered, registered
from tests.support.stack_files import CLOUD_STACKS, load_stack, planned

CLOUDS = Path(rehearsal.providers.clouds.__file__).parent
REPLACING_MEANS = "A value that changes here replaces the resource. Of cluster, network, keys and backups none may."


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_the_urns_of_a_clouds_stack_are_the_expected_ones(stack: str, golden: Golden) -> None:
    golden.check(f"{stack}.urns", planned(stack), URNS_MEAN)


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_what_would_replace_a_resource_has_not_changed(stack: str, golden: Golden) -> None:
    golden.check(f"{stack}.replacing", replacing(planned(stack)), REPLACING_MEANS)


def test_a_tag_a_pools_size_and_an_administrator_replace_nothing() -> None:
    before = load_stack("eks-prod")
    pools = [pool.model_copy(update={"nodes": bounds(pool, 1)}) for pool in pools_of(before)]
    cluster = before.cluster.model_copy(
        update={
            "tags": {"team": "another"},
            "node_pools": tuple(pools),
            "administrators": (*administrators_of(before), "arn:aws:iam::111122223333:role/another"),
            "log_days": 30,
        }
    )
    after = registered(before.model_copy(update={"cluster": cluster}), "eks-prod")
    assert set(planned("eks-prod")) < set(after)
    assert set(replacing(planned("eks-prod"))) <= set(replacing(after))


def test_another_machine_type_gives_a_pool_another_name() -> None:
    before = load_stack("eks-prod")
    first, *others = pools_of(before)
    other = first.model_copy(update={"machine_type": "m7g.xlarge"})
    cluster = before.cluster.model_copy(update={"node_pools": (other, *others)})
    after = registered(before.model_copy(update={"cluster": cluster}), "eks-prod")
    assert set(after) == set(planned("eks-prod"))
    names = {names_of(planned("eks-prod"))[pool] != names_of(after)[pool] for pool in ("eks-prod-system",)}
    assert names == {True}
    assert names_of(planned("eks-prod"))["eks-prod-general"] == names_of(after)["eks-prod-general"]


def pools_of(spec: StackSpec) -> Any:
    return spec.cluster.node_pools  # type: ignore[attr-defined]  # of every kind with pools


def administrators_of(spec: StackSpec) -> Any:
    return spec.cluster.administrators  # type: ignore[attr-defined]  # of every cloud's kind


def bounds(pool: Any, more: int) -> Any:
    return pool.nodes.model_copy(update={"min": pool.nodes.min + more, "max": pool.nodes.max + more})


def names_of(made: Mapping[str, Registered]) -> dict[str, str]:
    pools = [each for each in made.values() if each.type == "aws:eks/nodeGroup:NodeGroup"]
    return {pool.name: pool.inputs["nodeGroupName"] for pool in pools}


def replacing(made: Mapping[str, Registered]) -> Iterator[str]:
    """`type name: path = value` for each input whose change replaces the resource."""
    for each in made.values():
        package = each.type.partition(":")[0].replace("-", "_")
        if (CLOUDS / package / "rules.yaml").exists():
            rules = rule_book(package).types[each.type]
            for path, value in leaves(each.inputs):
                if rules.replaces(path, removed=False):
                    yield f"{each.type} {each.name}: {path} = {value}"


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value with its path: `nodeConfig.taints[0].key`."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


@cache
def rule_book(package: str) -> RuleBook:
    return read_rules(CLOUDS / package, Schema(CLOUDS / package))
