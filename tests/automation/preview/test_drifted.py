"""What a refresh finds otherwise: drift that would stay unseen, or be told though somebody said to pass over it."""

from typing import Any

from automation.preview.drifted import Drifted, drifted
from automation.preview.events import seen
from stacks.config import DriftRule
from tests.support.events import GROUP, SECRET, step

WAS = {"size": 1, "labels": {"a": "1"}, "password": SECRET}


def _found(now: dict[str, Any] | None, *ignored: DriftRule, op: str = "update", **more: Any) -> list[Drifted]:
    """What a refresh of the resource `pool` finds, whose outputs were WAS."""
    event = step(op, GROUP, "pool", {}, {}, **more)
    metadata = event["resourcePreEvent"]["metadata"]
    metadata["old"]["outputs"], metadata["new"]["outputs"] = WAS, now
    return list(drifted(seen(0, [event]).steps, ignored))


def _rule(resource: str, *properties: str) -> DriftRule:
    return DriftRule.model_validate({"resource": resource, "properties": list(properties)})


def test_what_is_otherwise_is_told_with_both_values_and_forces_nothing() -> None:
    (found,) = _found({**WAS, "size": 3, "labels": {"a": "2"}}, diffs=["size", "labels", "password"])
    assert (found.name, found.gone) == ("pool", False)
    assert {each.path: list(each.lines) for each in found.differences} == {
        "labels": ['- {"a": "1"}', '+ {"a": "2"}'],
        "size": ["- 1", "+ 3"],
    }
    assert not any(each.forces for each in found.differences)


def test_what_is_gone_is_told_without_its_properties() -> None:
    (found,) = _found(None, op="delete", diffs=["size"])
    assert (found.gone, list(found.differences)) == (True, [])


def test_what_is_as_the_state_says_is_no_drift() -> None:
    assert _found(WAS, diffs=["size"]) == []
    assert _found({**WAS, "size": 3}, op="same") == []


def test_somebody_elses_fields_name_who_wrote_them_and_the_providers_own_do_not() -> None:
    def entry(manager: str, field: str) -> dict[str, Any]:
        return {"manager": manager, "operation": "Update", "time": "t", "fieldsV1": {f"f:{field}": {}}}

    entries = [entry("kubectl", "size"), entry("hpa", "labels"), entry("pulumi-kubernetes-1", "size")]
    (found,) = _found(
        {**WAS, "size": 3, "metadata": {"managedFields": entries}}, detailedDiff={"size": {"diffKind": "update"}}
    )
    assert found.by == ["kubectl, Update at t"]


def test_what_is_to_be_passed_over_is() -> None:
    both = {**WAS, "size": 3, "labels": {"a": "2"}}
    assert _found(both, _rule("po*")) == []
    (found,) = _found(both, _rule("pool", "si*"), diffs=["size", "labels"])
    assert [each.path for each in found.differences] == ["labels"]
    assert _found({**WAS, "size": 3}, _rule("pool", "size"), diffs=["size"]) == []
    assert [each.name for each in _found(both, _rule("other"), diffs=["size"])] == ["pool"]
    assert [each.gone for each in _found(None, _rule("pool", "size"), op="delete")] == [True]
