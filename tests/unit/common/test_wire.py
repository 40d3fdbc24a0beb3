"""A secret that gets out in the clear, or a value that is another one on the other side of the wire."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wire import (
    SECRET_SIGNATURE,
    SIGNATURE,
    UNKNOWN,
    UNKNOWNS,
    SecretValue,
    decode,
    encode,
    has_unknown,
    holds_secret,
    plain,
    sealed,
    shown,
)

EXACT: Final = 2**53  # a number on the wire is a float
SCALARS: Final = st.one_of(
    *(st.none(), st.booleans(), st.text(), st.just(UNKNOWN), st.integers(-EXACT, EXACT)),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES: Final[st.SearchStrategy[Any]] = st.deferred(
    lambda: (
        SCALARS
        | st.lists(VALUES, max_size=3)
        | st.dictionaries(st.text(), VALUES, max_size=3)
        | st.builds(SecretValue, VALUES)
    )
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_what_is_sent_arrives(properties: dict[str, Any]) -> None:
    assert decode(encode(properties)) == properties


def test_whole_numbers_arrive_as_such_and_truth_values_are_no_numbers() -> None:
    arrived = decode(encode({"replicas": 3.0, "share": 0.5, "on": True, "list": (1, 2)}))
    assert {key: type(value) for key, value in arrived.items()} == {
        "replicas": int,
        "share": float,
        "on": bool,
        "list": list,
    }


@pytest.mark.parametrize("text", sorted(UNKNOWNS))
def test_whatever_the_engine_does_not_know_yet_is_unknown_of_each_type(text: str) -> None:
    assert decode(encode({"a": text})) == {"a": UNKNOWN}
    assert decode(encode({"a": text}), unknown="?") == {"a": "?"}


def test_what_no_stand_in_takes_is_refused_in_either_direction() -> None:
    with pytest.raises(NotImplementedError, match="not modelled"):
        decode(encode({"a": {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "an asset"}}))
    with pytest.raises(TypeError, match="set cannot be a property value"):
        encode({"a": {"b": [{1}]}})


@pytest.mark.parametrize("deep", [lambda value: value, lambda value: [0, value], lambda value: {"a": [{"b": value}]}])
def test_secrets_and_unknown_values_are_found_however_deep_they_are(deep: Any) -> None:
    assert holds_secret(deep(SecretValue("s")))
    assert not holds_secret(deep("s"))
    assert has_unknown(deep(UNKNOWN))
    assert has_unknown(deep(SecretValue([UNKNOWN])))
    assert not has_unknown(deep(SecretValue("s")))
    assert plain(deep(SecretValue({"x": SecretValue(1)}))) == deep({"x": 1})


def test_a_secret_does_not_show_itself() -> None:
    assert "hunter2" not in f"{SecretValue('hunter2')} {[SecretValue('hunter2')]}"


def test_an_unknown_value_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError, match="test `value is UNKNOWN`"):
        bool(UNKNOWN)


def test_keys_are_sealed_once() -> None:
    sealed_once = sealed({"a": 1, "b": 2, "c": SecretValue(3)}, ["a", "c", "absent"])
    assert sealed_once == {"a": SecretValue(1), "b": 2, "c": SecretValue(3)}


def test_states_are_shown_with_what_stands_for_secrets_and_for_unknown_values() -> None:
    secret = {SIGNATURE: SECRET_SIGNATURE, "ciphertext": "v1:abc"}
    state = {"a": [secret, next(iter(UNKNOWNS))], "b": {"c": secret}, "d": 1}
    assert shown(state, lambda _: "[secret]", lambda: "[unknown]") == {
        "a": ["[secret]", "[unknown]"],
        "b": {"c": "[secret]"},
        "d": 1,
    }
