"""What the clouds' APIs would refuse of all that a program registers."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.apis.check import read_model
from tests.support.registered import Registered
from tests.support.replacing import rules_of

_UNIQUE = "0a1b2c3"


def refusals(made: Mapping[str, Registered]) -> list[str]:
    """`type name: what is wrong` for each input that a cloud's API refuses; names that providers make up count too."""
    return [
        f"{each.type} {each.name}: {problem}" for each in made.values() for problem in _problems(each, _named(each))
    ]


def _problems(resource: Registered, inputs: Mapping[str, Any]) -> Iterator[str]:
    if rules_of(resource):
        yield from read_model(resource.type.partition(":")[0].replace("-", "_")).problems(resource.type, inputs)


def _named(resource: Registered) -> Mapping[str, Any]:
    """The inputs with the name that the provider makes up where the program leaves it out."""
    rules = rules_of(resource)
    if not rules or not rules.named or rules.named in resource.inputs:
        return resource.inputs
    separator = "" if resource.type.startswith("azure-native:") else "-"
    return {**resource.inputs, rules.named: f"{resource.name}{separator}{_UNIQUE}"}
