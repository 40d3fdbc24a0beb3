"""What the engine's events become, which would hide a loss, show a secret, or drown both in text."""

import pytest

from automation.preview.changes import Change, Operation, changes_of
from automation.preview.events import seen
from automation.preview.values import cut, difference, steps_of
from tests.support.events import GROUP, SECRET, UNKNOWN, replacing, step, updating

POOL = {"amiType": "AL2023", "clusterName": "dev", "labels": {"pool": "general"}, "nodeGroupName": "general", "size": 3}


def changes(*events: dict[str, object]) -> list[Change]:
    """What comes of these events."""
    return changes_of(seen(0, events).steps)


def test_what_is_lost_comes_first_and_what_stays_the_same_not_at_all() -> None:
    found = changes(
        step("create", GROUP, "d", new={}),
        step("same", GROUP, "e", {}, {}),
        step("update", GROUP, "c", {"size": 1}, {"size": 2}, **updating("size")),
        step("create-replacement", GROUP, "b", {"size": 1}, {"size": 2}, **replacing("size")),
        step("replace", GROUP, "b", {"size": 1}, {"size": 2}, **replacing("size")),
        step("delete-replaced", GROUP, "b", {"size": 1}),
        step("delete", GROUP, "a", {"size": 1}),
    )
    assert [(str(each.operation), each.name) for each in found] == [
        ("delete", "a"),
        ("replace", "b"),
        ("update", "c"),
        ("create", "d"),
    ]


def test_a_replacement_names_the_property_that_forces_it_and_shows_both_values() -> None:
    diffs = {
        "instanceTypes[0]": {"diffKind": "update-replace", "inputDiff": True},
        "size": {"diffKind": "update", "inputDiff": True},
    }
    old, new = {"instanceTypes": ["m7g.large"], "size": 1}, {"instanceTypes": ["m7g.xlarge"], "size": 2}
    (found,) = changes(step("replace", GROUP, "a", old, new, detailedDiff=diffs))
    assert found.forced_by == ["instanceTypes[0]"]
    assert [list(each.lines) for each in found.differences] == [["- m7g.large", "+ m7g.xlarge"], ["- 1", "+ 2"]]


def test_a_provider_that_only_names_keys_is_understood() -> None:
    old, new = {"size": 1, "name": "a"}, {"size": 2, "name": "b"}
    (found,) = changes(step("replace", GROUP, "a", old, new, keys=["name"], diffs=["name", "size"]))
    assert found.forced_by == ["name"]
    assert [each.path for each in found.differences] == ["name", "size"]


def test_secrets_are_masked_wherever_they_are() -> None:
    old, new = {"kubeconfig": SECRET, "tags": {"token": SECRET}}, {"kubeconfig": SECRET, "tags": {"token": "open"}}
    plain = {"metadata": {"name": "a"}, "stringData": {"password": "canary-plain"}}
    found = changes(
        step("update", GROUP, "a", old, new, **updating("kubeconfig", "tags.token")),
        step("create", "kubernetes:core/v1:Secret", "b", new=plain),
    )
    assert "canary" not in repr([(each.differences, each.old, each.new) for each in found])
    lines = [list(each.lines) for each in found[0].differences]
    assert lines == [["- [secret]", "+ [secret]"], ["- [secret]", "+ open"]]


def test_what_is_not_known_yet_is_said_so() -> None:
    (found,) = changes(step("update", GROUP, "a", {"role": "old"}, {"role": UNKNOWN}, **updating("role")))
    assert list(found.differences[0].lines) == ["- old", "+ [known after up]"]


def test_a_renamed_resource_is_told_as_that() -> None:
    new = {**POOL, "labels": {"pool": "apps"}, "nodeGroupName": "apps"}
    gone, made, other = changes(
        step("delete", GROUP, "dev-general", POOL),
        step("create", GROUP, "dev-apps", new=new),
        step("create", GROUP, "dev-gpu", new={"amiType": "GPU"}),
    )
    assert (gone.becomes, made.came_from, other.came_from) == ("dev-apps", "dev-general", "")


def test_one_with_a_single_input_is_told_as_renamed_too() -> None:
    gone, made = changes(
        step("delete", "random:index/randomId:RandomId", "dev-a", {"byteLength": 4}),
        step("create", "random:index/randomId:RandomId", "dev-b", new={"byteLength": 4}),
    )
    assert (gone.becomes, made.came_from) == ("dev-b", "dev-a")


def test_of_a_replacement_only_what_forces_it_counts_as_its_properties() -> None:
    details = {**updating("size")["detailedDiff"], **replacing("labels.pool")["detailedDiff"]}
    (replaced,) = changes(step("replace", GROUP, "a", POOL, {**POOL, "size": 4}, detailedDiff=details))
    (changed,) = changes(step("update", GROUP, "a", POOL, {**POOL, "size": 4}, **updating("size", "labels.pool")))
    assert (sorted(replaced.properties), sorted(changed.properties)) == (["labels"], ["labels", "size"])


def test_an_alias_moves_a_resource_and_loses_nothing() -> None:
    (found,) = changes(step("same", GROUP, "apps", POOL, POOL, was="general"))
    assert (found.operation, found.was) == (Operation.MOVE, "general")


def test_what_is_replaced_because_of_another_says_of_which() -> None:
    old, new = {"vpcId": "id-of-net"}, {"vpcId": UNKNOWN}
    found = changes(
        step("replace", "aws:ec2/vpc:Vpc", "net", {"cidr": "a"}, {"cidr": "b"}, **replacing("cidr")),
        step("replace", "aws:ec2/subnet:Subnet", "sub", old, new, **replacing("vpcId")),
        step("same", GROUP, "other", {"vpcId": "id-of-net"}, {"vpcId": "id-of-net"}),
    )
    assert {each.name: list(each.follows) for each in found} == {"net": [], "sub": ["aws:ec2/vpc:Vpc net"]}


def test_long_values_lose_their_middle_and_long_texts_all_that_is_the_same() -> None:
    shown = cut("a" * 5000 + "b" * 5000)
    assert len(shown) < 250
    assert shown.startswith("aaa")
    assert shown.endswith("bbb")
    assert "9840 characters" in shown
    text = "\n".join(f"line {number}" for number in range(1000))
    assert difference(text, text.replace("line 500", "another")) == [
        "  line 499",
        "- line 500",
        "+ another",
        "  line 501",
    ]
    assert len(difference(text, "\n".join(f"other {number}" for number in range(1000)))) < 50


def test_a_value_cannot_command_a_terminal_or_turn_the_order_of_letters() -> None:
    assert difference("a", "\x1b[2J\u202egnp.exe") == ["- a", "+ \\x1b[2J\\u202egnp.exe"]


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("size", ["size"]),
        ("a.b[2].c", ["a", "b", 2, "c"]),
        ('metadata.labels["app.kubernetes.io/name"]', ["metadata", "labels", "app.kubernetes.io/name"]),
        ('["a.b"][0]', ["a.b", 0]),
    ],
)
def test_property_paths_are_read_as_the_engine_writes_them(path: str, steps: list[str | int]) -> None:
    assert steps_of(path) == steps
