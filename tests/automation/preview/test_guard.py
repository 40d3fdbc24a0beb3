"""Losses that would pass as any other: of what is protected, or was until a change before."""

from datetime import date
from typing import Any

import pytest

from automation.preview.bounds import stacks_of
from automation.preview.changes import changes_of
from automation.preview.events import seen
from automation.preview.guard import RULE, guarded
from policy.engine.exemptions import ScopedExemption
from tests.support.events import GROUP, replacing, step, updating, urn

CLUSTER = "aws:eks/cluster:Cluster"
TODAY = date(2026, 11, 30)


def marked(*events: dict[str, Any], waivers: tuple[ScopedExemption, ...] = ()) -> list[str]:
    """The names of what takes an approval."""
    found = seen(0, events)
    was, _ = stacks_of(found.steps)
    return [each.name for each in guarded(changes_of(found.steps), was, waivers, TODAY) if each.guarded]


GONE = step("delete", CLUSTER, "main", {"name": "main"})


def test_the_loss_of_a_cluster_takes_an_approval_though_nothing_protects_it() -> None:
    replaced = step("replace", CLUSTER, "other", {"name": "a"}, {"name": "b"}, **replacing("name"))
    assert marked(GONE, replaced) == ["main", "other"]


def test_the_loss_of_anything_that_is_protected_takes_an_approval() -> None:
    assert marked(step("delete", GROUP, "kept", {}, protect=True), step("delete", GROUP, "other", {})) == ["kept"]


def test_a_change_in_place_takes_none() -> None:
    changed = step("update", CLUSTER, "main", {"a": "1"}, {"a": "2"}, protect=True, **updating("a"))
    assert marked(changed, step("create", CLUSTER, "new", new={})) == []


@pytest.mark.parametrize(
    ("rule", "resource", "expires", "approved"),
    [
        (RULE.id, urn(CLUSTER, "main"), TODAY, True),
        (RULE.id, "*main", TODAY, True),
        (RULE.id, "*main", date(2026, 11, 29), False),
        (RULE.id, "*other", TODAY, False),
        ("image", "*main", TODAY, False),
    ],
)
def test_a_waiver_of_the_rule_for_the_resource_approves_until_it_ends(
    rule: str, resource: str, expires: date, approved: bool
) -> None:
    waiver = ScopedExemption(rule, "it moves", "platform", expires, resource)
    assert (marked(GONE, waivers=(waiver,)) == []) is approved
