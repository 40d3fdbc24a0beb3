"""What is stored of an object: secret where its inputs were, under the names that programs know.

Guards against a password of the program that lands in the state in clear.
"""

from common.wire import SecretValue, plain
from rehearsal.providers.kubernetes.recorded_state import recorded, to_state, with_secrets
from tests.unit.rehearsal.kubernetes.support import config_map, custom


def test_a_value_that_was_secret_is_secret_in_the_object_and_in_its_inputs() -> None:
    given = config_map({"a": SecretValue("hush"), "b": "c"}, annotations={"d": SecretValue("too")})
    inputs = plain(given)
    state = to_state(inputs, inputs | {"status": {}}, given, "v1", "manager")
    for part in (state, state["__inputs"]):
        assert part["data"] == {"a": SecretValue("hush"), "b": "c"}
        assert part["metadata"]["annotations"] == {"d": SecretValue("too")}


def test_a_list_with_a_secret_is_secret_as_a_whole() -> None:
    outputs = with_secrets(
        custom({"a": [{"b": "x"}, {"b": "y"}]}), custom({"a": [{"b": SecretValue("x")}, {"b": "y"}]})
    )
    assert outputs["spec"] == {"a": SecretValue([{"b": "x"}, {"b": "y"}])}


def test_the_data_of_a_secret_is_always_secret_and_nothing_else_of_it_is() -> None:
    given = config_map({"a": "MQ=="}, annotations={"b": SecretValue("c")}) | {
        "kind": "Secret",
        "stringData": {"d": "e"},
    }
    outputs = with_secrets(plain(given), given)
    assert (outputs["data"], outputs["stringData"]) == (SecretValue({"a": "MQ=="}), SecretValue({"d": "e"}))
    assert outputs["metadata"]["annotations"] == {"b": "c"}


def test_marking_secrets_leaves_the_object_itself_alone() -> None:
    live = config_map({"a": "hush"})
    to_state(live, live, config_map({"a": SecretValue("hush")}), "v1", "manager")
    assert live == config_map({"a": "hush"})


def test_a_stored_state_comes_apart_as_it_was_put_together() -> None:
    inputs, live = custom({"x-kubernetes-map-type": "atomic"}), custom({"x-kubernetes-map-type": "atomic", "b": 1})
    state = to_state(inputs, live, custom({"b": SecretValue(1)}), "example.test/v1", "manager")
    assert state["spec"] == {"x_kubernetes_map_type": "atomic", "b": SecretValue(1)}
    assert recorded(state) == (inputs, live, "example.test/v1", "manager")


def test_an_empty_state_has_empty_parts() -> None:
    assert recorded({}) == ({}, {}, "", "")
