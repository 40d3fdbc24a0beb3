"""What comes first when a resource of a stack is replaced, by provider and program together.

Guards against a new one that is made while the old one is still there under the same id: the cloud refuses it, or takes
it for the old one, with which it then goes.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.providers.base import Request
from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.one_of_a_kind import OneOfAKind
from rehearsal.providers.clouds.provider import CloudStandIn
from rehearsal.providers.clouds.store import Resource, Store
from tests.support.registered import Registered
from tests.support.replacing import leaves
from tests.support.stack_files import CLOUD_STACKS, planned

POOLS = {
    "aws:eks/nodeGroup:NodeGroup",
    "gcp:container/nodePool:NodePool",
    "azure-native:containerservice:AgentPool",
    "aws:autoscaling/group:Group",
}
CONTROL_PLANE = "-control-plane-"  # one of which there is one, beside an etcd member


@pytest.mark.parametrize("stack", [stack for stack in CLOUD_STACKS if stack != "gke-autopilot"])
def test_a_new_pool_comes_before_the_old_one_goes(stack: str) -> None:
    pools = [each for each in planned(stack).values() if each.type in POOLS and CONTROL_PLANE not in each.name]
    assert pools
    assert [each.name for each in pools if not each.new_first] == []


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_no_replacement_is_made_where_the_old_one_still_is(stack: str, stand_ins: dict[str, CloudStandIn]) -> None:
    colliding = [
        f"{each.type} {each.name}: a change of {path} makes a second {id_}"
        for each in planned(stack).values()
        if (stand_in := stand_ins.get(each.type.partition(":")[0])) and each.new_first is None
        for path, id_ in _collisions(stand_in, each)
    ]
    assert colliding == []


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_what_there_can_be_one_of_is_not_made_twice(stack: str, stand_ins: dict[str, CloudStandIn]) -> None:
    refused = [
        f"{each.type} {each.name}: a change of {path} makes a second one"
        for each in planned(stack).values()
        if (stand_in := stand_ins.get(each.type.partition(":")[0])) and each.new_first is not False
        for path in _refused(stand_in, each)
    ]
    assert refused == []


def _refused(stand_in: CloudStandIn, resource: Registered) -> Iterator[str]:
    """Inputs whose change makes a resource that its cloud does not take beside the old one.

    Of a subnet, the zone is left out: it is in the resource's name, so that another zone's is another resource.
    """
    behaviour = stand_in.behaviours.get(resource.type)
    if not isinstance(behaviour, OneOfAKind):
        return
    for path, before, after, deletes_first in _replacements(stand_in, resource):
        old, new = (Resource(resource.type, name, name, inputs) for name, inputs in (("old", before), ("new", after)))
        named_by_it = bool(before.get(path)) and str(before[path]) in resource.name
        if (
            (resource.new_first or not deletes_first)
            and not named_by_it
            and _clash(behaviour, old, new, stand_in.store)
        ):
            yield path


def _clash(behaviour: OneOfAKind, old: Resource, new: Resource, store: Store) -> bool:
    store.put(old)
    try:
        OneOfAKind.accept(behaviour, None, new, store)  # and not what else its cloud says of made-up values
    except Refused:
        return True
    except ValueError:  # a range of addresses with something behind it is none
        return False
    finally:
        store.drop(old)
    return False


def _replacements(
    stand_in: CloudStandIn, resource: Registered
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any], bool]]:
    """Each input whose change replaces: inputs before and after, and whether the provider has the old one go first."""
    rules = stand_in.book.types[resource.type]
    old, _ = stand_in.check(Request(resource.urn, inputs=dict(resource.inputs)))
    for path, value in leaves(resource.inputs):
        if rules.replaces(path, removed=False):
            new = _with(old, path, f"{value}-other")
            diff = stand_in.diff(Request(resource.urn, inputs=new, old_inputs=old, state=old))
            yield path, dict(old), new, diff.delete_before_replace


def _collisions(stand_in: CloudStandIn, resource: Registered) -> Iterator[tuple[str, str]]:
    """Inputs whose change makes a new resource of the same id while the old one is there, and that id."""
    rules = stand_in.book.types[resource.type]
    for path, old, new, deletes_first in _replacements(stand_in, resource):
        before, after = (stand_in._made(rules, inputs, {})[0] for inputs in (old, new))
        if before == after and not deletes_first:
            yield path, before


def _with(value: Any, path: str, new: Any) -> Any:
    """`value` with `new` at a path (`a.b[0].c`)."""
    name, _, rest = path.partition(".")
    name, _, index = name.partition("[")
    if index:
        items = list(value[name])
        position = int(index.partition("]")[0])
        items[position] = _with(items[position], rest, new) if rest else new
        return {**value, name: items}
    return {**value, name: _with(value[name], rest, new) if rest else new}
