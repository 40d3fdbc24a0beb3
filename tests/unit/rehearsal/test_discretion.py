"""Secret values of a call do not show in what is said while it is answered.

Guards against a server's message that quotes a password in a spelling of its own.
"""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from common.wire import SecretValue, encode
from rehearsal.providers.discretion import discreet, discretion_of


def _said(text: str, value: Any) -> str:
    call = provider_pb2.CreateRequest(properties=encode({"a": {"b": [value]}}))
    with discretion_of(call):
        return discreet(text)


@pytest.mark.parametrize(
    ("value", "text", "said"),
    [
        (SecretValue("hush"), 'Invalid value: "hush"', 'Invalid value: "[secret]"'),
        (SecretValue("two\nlines"), r'Invalid value: "two\nlines"', 'Invalid value: "[secret]"'),
        (SecretValue({"key": ["hush", 1234]}), "map[key:[hush 1234]]", "map[key:[[secret] [secret]]]"),
        ({"in": [SecretValue("a long one"), SecretValue("long")]}, "a long one, long", "[secret], [secret]"),
        (SecretValue("ab"), "about", "about"),
        (SecretValue(True), "true", "true"),
        ("public", "public", "public"),
    ],
)
def test_a_secret_value_is_masked_however_it_is_quoted(value: Any, text: str, said: str) -> None:
    assert _said(text, value) == said


def test_nothing_is_masked_once_the_call_is_answered() -> None:
    assert _said("hush", SecretValue("hush")) == "[secret]"
    assert discreet("hush") == "hush"
