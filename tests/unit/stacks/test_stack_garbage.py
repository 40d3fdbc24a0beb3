"""A stack file that nobody thought of, answered with a traceback, with silence, or not at all.

Every text is either a spec or a StackFileError whose problems have codes and cures, within seconds.
"""

import copy
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import Problem, StackFileError
from common.paths import CHECKOUT
from spec.problems import Code, key_path
from stacks.config import StackSpec
from stacks.loading import load_file

KeyPath: TypeAlias = tuple[str | int, ...]

DEV = (
    (CHECKOUT / "Pulumi.dev.yaml").read_text(encoding="utf-8").replace("[examples/shop]", f"[{CHECKOUT}/examples/shop]")
)
TREE: dict[str, Any] = yaml.safe_load(DEV)
CODES = {code.id for code in Code}
WRONG_EVERYWHERE = [[["wrong"]]]
BOUNDED = settings(deadline=timedelta(seconds=5), max_examples=150)


def places(value: object, at: KeyPath = ()) -> Iterator[KeyPath]:
    yield at
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in entries:
        yield from places(item, (*at, step))


PLACES = [at for at in places(TREE) if at]


def node(tree: Any, at: KeyPath) -> Any:
    for step in at:
        tree = tree[step]
    return tree


def load(content: bytes) -> StackSpec | tuple[Problem, ...]:
    """The spec in a stack file with this content, or what is wrong with it."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "Pulumi.dev.yaml"
        path.write_bytes(content)
        try:
            return load_file(path)
        except StackFileError as error:
            return error.problems


def assert_answered(content: bytes) -> None:
    answer = load(content)
    if not isinstance(answer, StackSpec):
        assert answer
        assert all(problem.code in CODES and problem.summary and problem.remedy for problem in answer)


def dumped(tree: object) -> bytes:
    return yaml.safe_dump(tree, allow_unicode=True).encode()


yaml_like = st.text(st.sampled_from("abk1:-[]{},&*!|>'\"#%@`~?\n \t.\\") | st.characters())
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
structures = st.recursive(
    scalars | st.sampled_from(["local", "existing", "1.36", "dev", "8Gi", "10.0.0.0/8", {"secure": "v1:x"}]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4),
    max_leaves=12,
)


@BOUNDED
@given(st.binary() | yaml_like.map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_are_answered(content: bytes) -> None:
    assert_answered(content)


@BOUNDED
@given(yaml_like)
def test_any_text_in_place_of_the_spec_is_answered(text: str) -> None:
    assert_answered(b"config:\n  polykube:stage: " + text.encode(errors="surrogatepass"))


@BOUNDED
@given(structures)
def test_any_structure_is_answered(structure: object) -> None:
    assert_answered(dumped({"config": {"polykube:cluster": structure, "polykube:stage": "dev"}}))
    assert_answered(dumped({"config": structure}))


@BOUNDED
@given(st.lists(st.tuples(st.sampled_from(PLACES), structures), min_size=1, max_size=4))
def test_the_example_stack_with_anything_in_some_places_is_answered(changes: list[tuple[KeyPath, object]]) -> None:
    tree = copy.deepcopy(TREE)
    for at, value in changes:
        try:
            node(tree, at[:-1])[at[-1]] = value
        except (LookupError, TypeError):
            continue  # an earlier change took the place away
    assert_answered(dumped(tree))


@BOUNDED
@given(st.data())
def test_the_example_stack_with_lines_lost_doubled_or_moved_is_answered(data: st.DataObject) -> None:
    lines = DEV.splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 4))):
        here, there = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        change = data.draw(st.sampled_from(["lose", "double", "move", "indent", "cut"]))
        if change == "lose":
            del lines[here]
        elif change == "double":
            lines.insert(here, lines[here])
        elif change == "move":
            lines[here], lines[there] = lines[there], lines[here]
        elif change == "indent":
            lines[here] = data.draw(st.sampled_from([" ", "  ", "\t"])) + lines[here]
        else:
            lines[here] = lines[here][: data.draw(st.integers(0, len(lines[here])))]
    assert_answered("".join(lines).encode())


@BOUNDED
@given(st.sampled_from([at for at in PLACES if len(at) > 1]))
def test_a_wrong_value_is_reported_where_it_stands(at: KeyPath) -> None:
    tree = copy.deepcopy(TREE)
    node(tree, at[:-1])[at[-1]] = WRONG_EVERYWHERE
    problems = load(dumped(tree))
    assert not isinstance(problems, StackSpec)
    assert any(problem.where.startswith(key_path(at)) for problem in problems), problems


@BOUNDED
@given(st.sampled_from([at for at in [(), *PLACES] if isinstance(node(TREE, at), dict)]))
def test_an_unknown_key_is_reported_in_each_mapping(at: KeyPath) -> None:
    tree = copy.deepcopy(TREE)
    node(tree, at)["not a key!"] = "x"
    problems = load(dumped(tree))
    assert not isinstance(problems, StackSpec)
    assert [problem.where for problem in problems if problem.where.endswith('["not a key!"]')], problems


@BOUNDED
@given(st.sampled_from([at for at in PLACES if len(at) > 1]))
def test_an_empty_key_is_reported_where_it_stands(at: KeyPath) -> None:
    tree = copy.deepcopy(TREE)
    node(tree, at[:-1])[at[-1]] = None
    problems = load(dumped(tree))
    assert not isinstance(problems, StackSpec)
    assert Code.EMPTY_VALUE.id in {problem.code for problem in problems}


STACKS = {file.name: yaml.safe_load(file.read_text()) for file in CHECKOUT.glob("Pulumi.*.yaml")}
EVERY_PLACE = [(name, at) for name, tree in STACKS.items() for at in places(tree) if len(at) > 1]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(EVERY_PLACE), st.sampled_from(["x", "", 0, -1, ["x"], {"x": 1}, " lab", True, None, 1e308]))
def test_two_wrong_values_anywhere_in_any_stack_are_answered(place: tuple[str, KeyPath], value: Any) -> None:
    name, at = place
    tree = copy.deepcopy(STACKS[name])
    node(tree, at[:-1])[at[-1]] = value
    if isinstance(cluster := tree["config"].get("polykube:cluster"), dict):
        cluster.setdefault("nodeBudget", 5)
    assert_answered(dumped(tree))
