"""The stand-ins' schemas and rules are those of the official providers.

Guards against a stand-in that takes what the official provider refuses, or replaces what that updates. The facts
are not part of the project: POLYKUBE_FACTS names the directory that has them.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rehearsal.providers.clouds.compile_schema import CLOUDS, HERE, as_text, compiled
from rehearsal.providers.clouds.rules import RuleBook, read_rules
from rehearsal.providers.clouds.schema import Schema

BEYOND = {"aws:acm/certificate:Certificate"}
"""Types of which the facts tell nothing: what replaces them is as the documentation of the provider has it."""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # an SDK warns of its own old names when it is imported
@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_schema_is_what_the_installed_sdk_says(cloud: str) -> None:
    assert (HERE / cloud / "schema.json").read_text() == as_text(compiled(cloud)), (
        "write it anew: python -m rehearsal.providers.clouds.compile_schema"
    )


@cache
def facts(cloud: str) -> dict[str, Any]:
    """The facts of a cloud; the test is skipped where they are not at hand."""
    directory = os.environ.get("POLYKUBE_FACTS")
    if not directory:
        pytest.skip("POLYKUBE_FACTS is not set: no facts to hold the stand-ins against")
    content: dict[str, Any] = json.loads((Path(directory) / f"{cloud.replace('_', '-')}.json").read_text())
    return content


@cache
def schema(cloud: str) -> dict[str, Any]:
    """Our resource types, as they are written down."""
    types: dict[str, Any] = json.loads((HERE / cloud / "schema.json").read_text())["types"]
    return types


def told(tokens: Iterable[str], cloud: str) -> list[str]:
    """Those of our types of which the facts tell."""
    types = facts(cloud)["types"]
    assert not BEYOND & types.keys(), "the facts tell of it now"
    return [token for token in tokens if token not in BEYOND]


def book(cloud: str) -> RuleBook:
    """Our rules."""
    return read_rules(HERE / cloud, Schema(HERE / cloud))


@pytest.mark.parametrize("cloud", CLOUDS)
def test_inputs_and_what_is_required_are_those_of_the_facts(cloud: str) -> None:
    known = facts(cloud)
    types = schema(cloud)
    for token in told(types, cloud):
        ours, theirs = types[token], known["types"][token]["inputs"]
        assert ours["inputs"].keys() <= theirs.keys(), token
        required = {name for name, fact in theirs.items() if fact.get("required")}
        assert set(ours.get("required", ())) == required & ours["inputs"].keys(), token
        for name, type_ in ours["inputs"].items():
            assert _agrees(type_, theirs[name]), f"{token} {name}: {type_} {theirs[name]}"


def _agrees(ours: str, theirs: Mapping[str, Any]) -> bool:
    kind = {"[": "array", "{": "object", "@": "ref:", "=": "string"}.get(ours[0], ours)
    return kind == "any" or str(theirs["type"]).startswith(kind)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_what_replaces_is_what_replaces_at_the_original(cloud: str) -> None:
    """Replacements that depend on the values of other properties (`replaceWhen`) are not modelled."""
    known, differences = facts(cloud), []
    types = book(cloud).types
    for token in told(types, cloud):
        rules = types[token]
        modelled = schema(cloud)[token]["inputs"]
        for path, fact in _paths(known["types"][token]["inputs"], known["objects"], "", ()):
            if path.partition(".")[0].partition("[")[0] not in modelled or "replaceWhen" in fact:
                continue
            if rules.replaces(path, removed=False) != bool(fact.get("replace")):
                differences.append(f"{token} {path}: {'replaces' if fact.get('replace') else 'does not replace'}")
    assert not differences, "\n".join(differences)


def _paths(
    properties: Mapping[str, Any], objects: Mapping[str, Any], prefix: str, seen: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, fact in properties.items():
        if fact.get("output"):
            continue
        path = prefix + name
        yield path, fact
        for type_, inner in ((fact["type"], path), (fact.get("items", ""), f"{path}[0]")):
            target = str(type_).removeprefix("ref:")
            if str(type_).startswith("ref:") and target in objects and target not in seen:
                yield from _paths(objects[target], objects, f"{inner}.", (*seen, target))
