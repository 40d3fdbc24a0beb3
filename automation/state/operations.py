"""After a killed run: what the engine left half-done in its state is set right before the next one.

A killed engine leaves a lock in a file backend, and operations that it had begun. It forgets them at its
next run, and then meets an object that exists already. So every resource with a begun operation is looked
at anew (`pulumi refresh`), and one whose creation was begun is first taken into the state under the id
that it was to get: if it was not created after all, the refresh drops it again. (The engine's own
`refresh --import-pending-creates` does not lead to an import as of v3.259.)

Those resources carry a mark in the state until they have been looked at, so that a recovery that is killed
itself is taken up again by the next one. The mark is an `initErrors`, which the engine's refresh clears.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automation.engine import Engine
from common.errors import EngineError, Problem
from common.progress import step

_MARK = "a killed run was working on this resource"
_STATE_ONLY = ("random:", "tls:", "pulumi:")  # resources that are nowhere but in the state
Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Settled:
    """An operation that a killed run had begun on a resource (creating, updating, deleting, …; empty if that is not
    known any more), and whether the resource exists."""

    urn: str
    operation: str
    exists: bool


def settle(engine: Engine, created: Sequence[Resource] = ()) -> list[Settled]:
    """Settle the operations that a killed run had begun; what was found comes back.

    `created` are resources that may have been created though the state does not say so: as previews plan them.
    EngineError (PK403) when a begun create cannot be looked up, BusyError (PK603) when somebody else runs meanwhile.
    """
    before = engine.state()
    exported = json.loads(before)
    deployment = exported["deployment"] or {}
    unanswered = [{"type": "creating", "resource": resource} for resource in created]
    begun = [*(deployment.pop("pending_operations", None) or ()), *unanswered]
    if begun:
        deployment["resources"] = list(_marked(deployment.get("resources") or (), begun, engine.stack))
        engine.replace_state(before, json.dumps(exported))
    unsettled = {each["urn"] for each in deployment.get("resources") or () if each.get("initErrors") == [_MARK]}
    if not unsettled:
        return []
    with step(f"looking at {len(unsettled)} resources that a killed run was working on", 4):
        engine.refresh(sorted(unsettled))
    operations = {each["resource"]["urn"]: str(each["type"]) for each in begun}
    exist = {each["urn"] for each in engine.export().get("resources") or ()}
    return [Settled(urn, operations.get(urn, ""), urn in exist) for urn in sorted(unsettled)]


def _marked(resources: Sequence[Resource], begun: Sequence[Mapping[str, Any]], stack: str) -> Iterator[Resource]:
    """The state's resources with a mark on those of begun operations, and with those that may have been created.

    One that a created resource was to replace is due for deletion, as in the engine.
    """
    created = [operation["resource"] for operation in begun if operation["type"] == "creating"]
    if unknown := [resource["urn"] for resource in created if expected_id(resource) is None]:
        raise EngineError([_undecidable(stack, urn) for urn in unknown])
    adopted = [{**resource, "id": id_, "initErrors": [_MARK]} for resource in created if (id_ := expected_id(resource))]
    replacements = {resource["urn"] for resource in adopted}
    touched = {operation["resource"]["urn"] for operation in begun}
    for resource in resources:
        if resource["urn"] in replacements:
            yield {**resource, "delete": True}
        elif resource["urn"] in touched and resource.get("custom"):
            yield {**resource, "initErrors": [_MARK]}
        else:
            yield resource
    yield from adopted


def expected_id(resource: Resource) -> str | None:
    """The id that a begun create was to have; empty when there is nothing to look up, None when unknown."""
    if resource["type"].startswith(_STATE_ONLY) or not resource.get("custom"):
        return ""
    metadata = resource.get("inputs", {}).get("metadata", {})
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if resource["type"].startswith("kubernetes:") and isinstance(name, str):
        return f"{namespace}/{name}" if namespace else name
    return None


def _undecidable(stack: str, urn: str) -> Problem:
    return Problem(
        code="PK403",
        summary="a killed run had begun to create a resource, and only you can find out whether it did",
        where=urn,
        allowed="creates that are in the state, or that are known not to have happened",
        remedy="look for it where it would be, and delete it if it is there; then: "
        f"pulumi refresh --stack {stack} --clear-pending-creates",
    )
