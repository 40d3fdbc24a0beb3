"""The `random` stand-in computes what the official provider would.

Guards against passwords that miss what was asked for, results that repeat, secrets that are not marked,
and changes that keep an old result or throw a good one away.
"""

import base64
import json
import string
import time
import uuid
from collections import Counter
from typing import Any

import bcrypt
import pulumi
import pulumi_random
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wire import UNKNOWN, SecretValue, plain
from rehearsal.providers.base import ProviderError
from rehearsal.providers.random.provider import RandomProvider
from tests.unit.rehearsal.desk import Desk

DESK = Desk(RandomProvider())
SMALLEST: dict[str, dict[str, Any]] = {
    "RandomBytes": {"length": 8},
    "RandomId": {"byteLength": 8},
    "RandomInteger": {"min": 0, "max": 10**15},
    "RandomPassword": {"length": 12},
    "RandomPet": {"length": 4},
    "RandomShuffle": {"inputs": [str(n) for n in range(40)]},
    "RandomString": {"length": 12},
    "RandomUuid": {},
    "RandomUuid4": {},
    "RandomUuid7": {},
}
SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
minimum = st.integers(0, 4)


def test_every_resource_of_the_sdk_has_a_kind() -> None:
    resources = {
        name
        for name, value in vars(pulumi_random).items()
        if isinstance(value, type) and issubclass(value, pulumi.CustomResource)
    } - {"Provider"}
    assert {token.rpartition(":")[2] for token in RandomProvider.kinds} == resources


@pytest.mark.parametrize("kind", SMALLEST)
def test_two_resources_with_equal_inputs_differ(kind: str) -> None:
    computed = RandomProvider.kinds[_token(kind)].schema.computed
    first, second = (DESK.create(kind, **SMALLEST[kind]) for _ in range(2))
    assert (first.id, _picked(first.outputs, computed)) != (second.id, _picked(second.outputs, computed))


@given(upper=minimum, lower=minimum, numeric=minimum, special=minimum, extra=st.integers(1, 10))
def test_a_password_has_the_asked_for_number_of_each_class(
    upper: int, lower: int, numeric: int, special: int, extra: int
) -> None:
    length = upper + lower + numeric + special + extra
    result = DESK.outputs(
        "RandomString", length=length, minUpper=upper, minLower=lower, minNumeric=numeric, minSpecial=special
    )["result"]
    assert len(result) == length
    assert sum(c in string.ascii_uppercase for c in result) >= upper
    assert sum(c in string.ascii_lowercase for c in result) >= lower
    assert sum(c in string.digits for c in result) >= numeric
    assert sum(c in SPECIAL for c in result) >= special


@pytest.mark.parametrize(
    ("chosen", "alphabet"),
    [
        ({"special": False}, string.ascii_letters + string.digits),
        ({"special": False, "numeric": False}, string.ascii_letters),
        ({"special": False, "number": False}, string.ascii_letters),
        ({"upper": False, "lower": False, "special": False}, string.digits),
        ({"upper": False, "lower": False, "numeric": False}, SPECIAL),
        ({"upper": False, "lower": False, "numeric": False, "overrideSpecial": "é_"}, "é_"),
    ],
)
def test_a_string_uses_all_of_the_chosen_characters_and_no_others(chosen: dict[str, Any], alphabet: str) -> None:
    assert set(DESK.outputs("RandomString", length=4000, **chosen)["result"]) == set(alphabet)


def test_the_characters_asked_for_stand_anywhere() -> None:
    only_digits = {"length": 6, "upper": False, "lower": False, "special": False}
    results = [DESK.outputs("RandomString", minUpper=1, **only_digits)["result"] for _ in range(200)]
    assert {next(i for i, c in enumerate(result) if c.isupper()) for result in results} == set(range(6))


@pytest.mark.parametrize(("name", "value"), [("number", False), ("numeric", False), ("number", True)])
def test_number_and_numeric_are_one(name: str, value: bool) -> None:
    outputs = DESK.outputs("RandomString", length=3, **{name: value})
    assert outputs["number"] is outputs["numeric"] is value


@pytest.mark.parametrize(("kind", "version"), [("RandomPassword", "3"), ("RandomString", "2")])
def test_the_state_names_the_version_under_which_the_official_provider_takes_it_over(kind: str, version: str) -> None:
    assert json.loads(DESK.outputs(kind, length=3)["__meta"]) == {"schema_version": version}


@pytest.mark.parametrize("length", [12, 100])
def test_the_bcrypt_hash_is_that_of_the_first_72_bytes(length: int) -> None:
    outputs = DESK.outputs("RandomPassword", length=length)
    assert bcrypt.checkpw(outputs["result"].encode()[:72], outputs["bcryptHash"].encode())
    assert outputs["bcryptHash"].startswith("$2a$10$")


@given(count=st.integers(1, 40), prefix=st.text(string.ascii_letters + ",-", max_size=5))
def test_all_forms_of_an_id_are_the_same_number(count: int, prefix: str) -> None:
    state = DESK.create("RandomId", byteLength=count, prefix=prefix)
    forms = {name: plain(state.outputs)[name].removeprefix(prefix) for name in ("hex", "dec", "b64Std", "b64Url")}
    raw = bytes.fromhex(forms["hex"])
    assert len(raw) == count
    assert int(forms["dec"]) == int.from_bytes(raw)
    assert base64.b64decode(forms["b64Std"]) == raw
    assert forms["b64Url"] == state.id == base64.urlsafe_b64encode(raw).decode().rstrip("=")


@given(low=st.integers(-(10**9), 10**9), width=st.integers(0, 10))
def test_an_integer_lies_between_its_bounds(low: int, width: int) -> None:
    state = DESK.create("RandomInteger", min=low, max=low + width)
    assert low <= state.outputs["result"] <= low + width
    assert state.id == str(state.outputs["result"])


def test_an_integer_reaches_both_bounds() -> None:
    assert {DESK.outputs("RandomInteger", min=1, max=2)["result"] for _ in range(100)} == {1, 2}


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [("RandomInteger", {"min": 0, "max": 10**12}), ("RandomShuffle", {"inputs": [str(n) for n in range(40)]})],
)
def test_a_seed_leads_to_the_same_result_each_time(kind: str, inputs: dict[str, Any]) -> None:
    same = [plain(DESK.create(kind, seed="s", **inputs).outputs) for _ in range(2)]
    assert same[0] == same[1]
    assert plain(DESK.create(kind, seed="other", **inputs).outputs) != same[0]


@given(items=st.lists(st.text(max_size=3), min_size=1, max_size=6, unique=True), count=st.integers(0, 20))
def test_a_shuffle_repeats_an_item_only_after_all_others(items: list[str], count: int) -> None:
    results = DESK.outputs("RandomShuffle", inputs=items, resultCount=count)["results"]
    assert len(results) == count
    for start in range(0, count, len(items)):
        batch = Counter(results[start : start + len(items)])
        assert set(batch) <= set(items)
        assert max(batch.values()) == 1


def test_nothing_to_shuffle_gives_nothing() -> None:
    assert DESK.outputs("RandomShuffle", inputs=[], resultCount=3)["results"] == []


@pytest.mark.parametrize(
    ("inputs", "words"), [({}, 2), ({"length": 1}, 1), ({"length": 5}, 5), ({"prefix": "x", "length": 2}, 3)]
)
def test_a_pet_has_as_many_words_as_asked_for(inputs: dict[str, Any], words: int) -> None:
    name = DESK.create("RandomPet", separator="/", **inputs).id
    assert len(name.split("/")) == words
    assert all(word.isalpha() for word in name.split("/"))
    assert name.startswith(inputs.get("prefix", ""))


def test_versioned_uuids_say_their_version() -> None:
    assert uuid.UUID(DESK.create("RandomUuid4").id).version == 4
    seventh = uuid.UUID(DESK.create("RandomUuid7").id)
    assert (seventh.version, seventh.variant) == (7, uuid.RFC_4122)
    assert abs((seventh.int >> 80) / 1000 - time.time()) < 60


@pytest.mark.parametrize("kind", SMALLEST)
def test_a_preview_knows_the_inputs_and_nothing_computed(kind: str) -> None:
    outputs = plain(DESK.preview(kind, **SMALLEST[kind]))
    computed = RandomProvider.kinds[_token(kind)].schema.computed
    id_output = set() if kind == "RandomBytes" else {"id"}  # the official provider has none there
    assert {name for name, value in outputs.items() if value is UNKNOWN} == computed | id_output
    assert _picked(outputs, SMALLEST[kind]) == SMALLEST[kind]


@pytest.mark.parametrize(
    ("kind", "secret"),
    [("RandomPassword", {"result", "bcryptHash"}), ("RandomBytes", {"base64", "hex"}), ("RandomString", set())],
)
def test_exactly_the_outputs_that_the_sdk_calls_secret_are_marked(kind: str, secret: set[str]) -> None:
    outputs = DESK.create(kind, **SMALLEST[kind]).outputs
    assert {name for name, value in outputs.items() if isinstance(value, SecretValue)} == secret


def test_a_secret_input_stays_secret_in_the_outputs() -> None:
    keepers = {"token": SecretValue("hidden")}
    assert DESK.create("RandomString", length=3, keepers=keepers).outputs["keepers"] == keepers


PASSWORD = {"length": 8}
REFUSALS = [
    ("RandomPassword", {}, "length", "is required"),
    ("RandomPassword", {"length": 0}, "length", "at least 1"),
    ("RandomPassword", {"length": "8"}, "length", "an integer"),
    ("RandomPassword", {"length": True}, "length", "an integer"),
    ("RandomPassword", {"length": 2.5}, "length", "an integer"),
    ("RandomPassword", {"length": 3, "minUpper": 2, "minLower": 2}, "length", "the sum of minUpper, minLower"),
    ("RandomPassword", PASSWORD | {"lenght": 8}, "lenght", "did you mean 'length'? allowed: keepers, length"),
    ("RandomPassword", PASSWORD | {"minSpecial": -1}, "minSpecial", "at least 0"),
    ("RandomPassword", PASSWORD | {"special": "yes"}, "special", "a boolean"),
    ("RandomPassword", PASSWORD | {"number": True, "numeric": False}, "number", "contradict numeric"),
    ("RandomPassword", PASSWORD | {"keepers": "x"}, "keepers", "a map"),
    ("RandomPassword", PASSWORD | {"keepers": {"a": 1}}, "keepers.a", "a string"),
    ("RandomString", PASSWORD | dict.fromkeys(("upper", "lower", "numeric", "special"), False), "", "at least one of"),
    ("RandomInteger", {"min": 2, "max": 1}, "min", "greater than max"),
    ("RandomInteger", {"min": 2}, "max", "is required"),
    ("RandomId", {"byteLength": 0}, "byteLength", "at least 1"),
    ("RandomShuffle", {"inputs": "abc"}, "inputs", "a list"),
    ("RandomShuffle", {"inputs": ["a", 1]}, "inputs[1]", "a string"),
    ("RandomShuffle", {"inputs": ["a"], "resultCount": -1}, "resultCount", "at least 0"),
    ("RandomUuid", {"length": 3}, "length", "allowed: keepers"),
]


@pytest.mark.parametrize(("kind", "inputs", "name", "words"), REFUSALS)
def test_a_mistake_is_refused_by_name_with_what_is_allowed(
    kind: str, inputs: dict[str, Any], name: str, words: str
) -> None:
    refusals = DESK.refusals(kind, **inputs)
    assert list(refusals) == [name]
    assert words in refusals[name]


def test_what_is_unknown_yet_is_not_refused() -> None:
    assert DESK.refusals("RandomPassword", length=UNKNOWN, minUpper=UNKNOWN, keepers={"a": SecretValue(UNKNOWN)}) == {}


KEPT = {"length": 8, "keepers": {"a": "1", "b": None}}
CHANGES = [
    # kind, inputs before, inputs after, changed, of these replacing
    ("RandomPassword", PASSWORD, PASSWORD | {"special": True, "minLower": 0}, [], []),
    ("RandomPassword", PASSWORD, {"length": 9}, ["length"], ["length"]),
    ("RandomPassword", PASSWORD, {"length": UNKNOWN}, ["length"], ["length"]),
    ("RandomPassword", PASSWORD | {"special": False}, PASSWORD, ["special"], ["special"]),
    ("RandomPassword", PASSWORD, PASSWORD | {"number": False}, ["number", "numeric"], ["number", "numeric"]),
    ("RandomPassword", PASSWORD | {"overrideSpecial": ""}, PASSWORD, ["overrideSpecial"], []),
    ("RandomPassword", PASSWORD | {"overrideSpecial": "#"}, PASSWORD, ["overrideSpecial"], ["overrideSpecial"]),
    ("RandomPassword", PASSWORD, PASSWORD | {"keepers": {}}, ["keepers"], []),
    ("RandomPassword", PASSWORD, PASSWORD | {"keepers": UNKNOWN}, ["keepers"], ["keepers"]),
    ("RandomPassword", KEPT, KEPT | {"keepers": {"a": "1"}}, ["keepers"], []),
    ("RandomPassword", KEPT, KEPT | {"keepers": {"a": "2"}}, ["keepers"], ["keepers"]),
    ("RandomPassword", KEPT, KEPT | {"keepers": {"a": SecretValue("1"), "b": None}}, [], []),
    ("RandomBytes", PASSWORD, PASSWORD | {"keepers": {}}, ["keepers"], ["keepers"]),
    ("RandomPet", {}, {"length": 2, "separator": "-"}, [], []),
    ("RandomShuffle", {"inputs": ["a", "b"]}, {"inputs": ["b", "a"]}, ["inputs"], ["inputs"]),
]


@pytest.mark.parametrize(("kind", "before", "after", "changed", "replacing"), CHANGES)
def test_a_change_replaces_what_it_must_and_nothing_else(
    kind: str, before: dict[str, Any], after: dict[str, Any], changed: list[str], replacing: list[str]
) -> None:
    diff = DESK.diff(kind, DESK.create(kind, **before), **after)
    assert sorted(diff.detailed) == changed
    assert diff.replaces == replacing


def test_an_update_in_place_keeps_the_result() -> None:
    state = DESK.create("RandomPassword", **PASSWORD)
    updated = DESK.update("RandomPassword", state, keepers={}, **PASSWORD)
    assert updated.outputs == state.outputs | {"keepers": {}}


def test_a_refresh_finds_what_is_stored() -> None:
    state = DESK.create("RandomPassword", **PASSWORD)
    assert DESK.refresh("RandomPassword", state) == state


IMPORTS = [
    ("RandomPassword", "hunter2", "none", {"length": 7, "result": "hunter2", "special": True, "minUpper": 0}),
    ("RandomString", "a€b", "a€b", {"length": 5, "result": "a€b"}),
    ("RandomId", "KlV3gA", "KlV3gA", {"byteLength": 4, "hex": "2a557780", "dec": "710244224", "b64Std": "KlV3gA=="}),
    ("RandomId", "a,b,KlV3gA", "KlV3gA", {"prefix": "a,b", "b64Url": "a,bKlV3gA"}),
    ("RandomInteger", "3,1,9", "3", {"result": 3, "min": 1, "max": 9}),
    ("RandomInteger", "3,1,9,s", "3", {"result": 3, "seed": "s"}),
    ("RandomBytes", "KlV3gA==", "KlV3gA==", {"length": 4, "hex": "2a557780"}),
    ("RandomUuid", "E4C40BAA-7A9B-0E26-33C4-3FC90AEB48ED", "e4c40baa-7a9b-0e26-33c4-3fc90aeb48ed", {}),
]


@pytest.mark.parametrize(("kind", "given_id", "id_", "outputs"), IMPORTS)
def test_an_import_finds_a_resource_that_needs_no_change(
    kind: str, given_id: str, id_: str, outputs: dict[str, Any]
) -> None:
    state = DESK.imported(kind, given_id)
    assert state.id == id_
    assert _picked(plain(state.outputs), outputs) == outputs
    assert state.inputs is not None
    assert not DESK.diff(kind, state, **state.inputs).detailed


@pytest.mark.parametrize(
    ("kind", "id_", "words"),
    [
        ("RandomPet", "a-b", "does not support import"),
        ("RandomShuffle", "-", "does not support import"),
        ("RandomInteger", "3,1", "result,min,max"),
        ("RandomInteger", "x,1,3", "result,min,max"),
        ("RandomId", "!!", "not base64"),
        ("RandomUuid7", "nonsense", "not a UUID"),
    ],
)
def test_an_import_of_nonsense_is_refused(kind: str, id_: str, words: str) -> None:
    with pytest.raises(ProviderError, match=words):
        DESK.imported(kind, id_)


def test_an_unknown_provider_setting_is_refused() -> None:
    failures = RandomProvider().check_config({}, {"version": "4.21.4", "speed": "high"})
    assert [failure.property for failure in failures] == ["speed"]


def _token(kind: str) -> str:
    return next(token for token in RandomProvider.kinds if token.endswith(f":{kind}"))


def _picked(outputs: dict[str, Any], names: Any) -> dict[str, Any]:
    return {name: plain(outputs[name]) for name in names}
