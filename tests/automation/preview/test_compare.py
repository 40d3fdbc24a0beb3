"""Policy findings and bounds of base and head, compared."""

from automation.preview.bounds import Bound, nodes, quotas, stacks_of
from automation.preview.events import seen
from automation.preview.findings import compare
from components.naming import TENANT_LABEL
from tests.support.events import GROUP, UNKNOWN, finding, step

NAMESPACE = "kubernetes:core/v1:Namespace"
QUOTA = "kubernetes:core/v1:ResourceQuota"


def compared(before: list[dict[str, object]], after: list[dict[str, object]]) -> tuple[list[str], ...]:
    """The messages of new, fixed and standing findings."""
    found = compare(seen(0, before).findings, seen(0, after).findings)
    return tuple([each.message for each in listed] for listed in (found.new, found.fixed, found.standing))


def test_findings_are_new_fixed_or_as_before() -> None:
    before = [finding("quota", "no quota"), finding("network", "open")]
    after = [finding("network", "open"), finding("image", "no tag", "advisory"), finding("quota", "n", resource="lab")]
    assert compared(before, after) == (["n", "no tag"], ["no quota"], ["open"])


def test_a_finding_in_other_words_is_the_same_one_and_one_more_is_new() -> None:
    before = [finding("quota", "pods 60 of 50")]
    assert compared(before, [finding("quota", "pods 70 of 50")]) == ([], [], ["pods 70 of 50"])
    after = [finding("quota", "pods 60 of 50"), finding("quota", "cpu 6 of 5")]
    assert compared(before, after) == (["cpu 6 of 5"], [], ["pods 60 of 50"])


def test_colours_and_repetitions_of_the_engine_are_no_part_of_a_finding() -> None:
    assert [each.message for each in seen(0, [finding("a", "x"), finding("a", "x")]).findings] == ["x"]


def _namespace() -> dict[str, object]:
    same = {"kind": "Namespace", "metadata": {"name": "shop", "labels": {TENANT_LABEL: "shop"}}}
    return step("same", NAMESPACE, "shop", same, same)


def _quota(pods: str, **more: str) -> dict[str, object]:
    return {
        "kind": "ResourceQuota",
        "metadata": {"name": "quota", "namespace": "shop"},
        "spec": {"hard": {"pods": pods, **more}},
    }


def _pod(name: str) -> dict[str, object]:
    pod = {"kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, "spec": {"containers": [{"name": "c"}]}}
    return step("same", "kubernetes:core/v1:Pod", name, pod, pod)


def test_quotas_of_tenants_with_what_the_stack_leaves_of_them() -> None:
    change = step("update", QUOTA, "quota", _quota("10"), _quota("20", memory="1Gi"))
    before, after = stacks_of(seen(0, [_namespace(), change, _pod("a"), _pod("b")]).steps)
    assert quotas(before, after) == [
        Bound("shop", "memory", "", "1Gi", "", "1Gi"),
        Bound("shop", "pods", "10", "20", "8", "18"),
    ]


def test_most_nodes_by_machine_type() -> None:
    def group(most: object, *types: str) -> dict[str, object]:
        return {"instanceTypes": list(types), "scalingConfig": {"maxSize": most, "minSize": 0, "desiredSize": 0}}

    events = [
        step("update", GROUP, "a", group(4, "m7g.large"), group(6, "m7g.large")),
        step("same", GROUP, "b", group(2, "m7g.large"), group(2, "m7g.large")),
        step("create", GROUP, "c", new=group(20, "m7g.xlarge", "c7g.xlarge")),
        step("delete", GROUP, "d", group(1, "g6.xlarge")),
        step("create", GROUP, "e", new={"scalingConfig": UNKNOWN}),
    ]
    assert [(each.what, each.before, each.after) for each in nodes(*stacks_of(seen(0, events).steps))] == [
        ("g6.xlarge", "1", ""),
        ("m7g.large", "6", "8"),
        ("m7g.xlarge or c7g.xlarge", "", "20"),
    ]
