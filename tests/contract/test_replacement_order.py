"""What comes first when a resource of a stack is replaced, by provider and program together.

Guards against a new one that is made while the old one is still there under the same id: the cloud refuses it, or takes
it for the old one, with which it then goes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from automation.docs.cloud_behaviours import CLOUDS
from common.paths import REHEARSAL
from rehearsal.providers.base import Request
from rehearsal.providers.clouds.provider import CloudStandIn
from tests.support.registered import Registered
from tests.support.replacing import leaves
from tests.support.stack_files import CLOUD_STACKS, planned

BY_PACKAGE = {cloud.name: cloud for cloud in CLOUDS}


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, CloudStandIn]:
    """The stand-ins by package, configured as far as ids need it."""
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    made = {package: cloud() for package, cloud in BY_PACKAGE.items()}
    for each in made.values():
        each.config = {"region": "r", "project": "p"}
    return made


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_no_replacement_is_made_where_the_old_one_still_is(stack: str, stand_ins: dict[str, CloudStandIn]) -> None:
    colliding = [
        f"{each.type} {each.name}: a change of {path} makes a second {id_}"
        for each in planned(stack).values()
        if (stand_in := stand_ins.get(each.type.partition(":")[0])) and each.new_first is None
        for path, id_ in _collisions(stand_in, each)
    ]
    assert colliding == []


def _collisions(stand_in: CloudStandIn, resource: Registered) -> Iterator[tuple[str, str]]:
    """Inputs whose change makes a new resource of the same id while the old one is there, and that id."""
    rules = stand_in.book.types[resource.type]
    urn = f"urn:pulumi:s::p::{resource.type}::{resource.name}"
    old, _ = stand_in.check(Request(urn, inputs=dict(resource.inputs)))
    for path, value in leaves(resource.inputs):
        if not rules.replaces(path, removed=False):
            continue
        new = _with(old, path, f"{value}-other")
        request = Request(urn, inputs=new, old_inputs=old, state=old)
        before, after = (stand_in._made(rules, inputs, {})[0] for inputs in (old, new))
        if before == after and not stand_in.diff(request).delete_before_replace:
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
