"""Policy documents of AWS as sets of rights, so that two of them can be compared."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Right = tuple[str, str, str]
"""Effect and on what, for whom, and when: what a statement says of one action on one ARN, as text."""


def statements(document: str) -> list[dict[str, Any]]:
    """The statements of a policy document, with lists where a single value may stand."""
    found: list[dict[str, Any]] = json.loads(document)["Statement"]
    return [
        {
            "effect": each["Effect"],
            "actions": _list(each["Action"]),
            "on": _list(each.get("Resource", [])),
            "who": each.get("Principal"),
            "when": each.get("Condition", {}),
        }
        for each in found
    ]


def by_action(rights: list[dict[str, Any]]) -> dict[str, set[Right]]:
    """What is said of each action, whatever the order of statements, lists and keys."""
    found: dict[str, set[Right]] = {}
    for each in rights:
        for action in each["actions"]:
            found.setdefault(action, set()).update(_rights(each))
    return found


def _rights(statement: Mapping[str, Any]) -> Iterator[Right]:
    for arn in statement["on"]:
        effect = statement.get("effect", "Allow")
        yield f"{effect} {arn}", _canonical(statement.get("who")), _canonical(statement.get("when") or {})


def _canonical(value: Any) -> str:
    """The same text for the same meaning: a single value is a list of one, lists and keys are sorted."""
    match value:
        case Mapping():
            return json.dumps({key: _canonical(item) for key, item in value.items()}, sort_keys=True)
        case list() | str():
            return json.dumps(sorted(_list(value)))
    return json.dumps(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
