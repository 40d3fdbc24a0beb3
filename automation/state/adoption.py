"""Objects that exist, and that the state does not know: a provider or API server that died while it made them.

The engine gets no answer to such a create, or an error, and keeps nothing of it; the next run is told that the object
exists already. One that the provider made for us is taken into the state; somebody else's is named with its owner. The
original provider would take over either (`upsertExistingObjects`; pulumi-kubernetes, provider/pkg/await/await.go), and
a later destroy would delete what was never ours. An object that is in the state under another name stays as it is: a
rename without an alias would end with its deletion.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from automation.engine import Engine
from automation.outcome import Outcome, ResourceFailures
from automation.state.operations import expected_id, settle
from common.errors import EngineError, Problem
from common.progress import step

_OURS: Final = "pulumi-kubernetes"  # what the provider's field managers begin with


def adopting(engine: Engine, bring_up: Callable[[], Outcome]) -> Outcome:
    """Bring a stack up, and again for as long as objects of unanswered creates are taken into the state."""
    while True:
        try:
            return bring_up()
        except ResourceFailures as error:
            if not adopt(engine, error.failures):
                raise


def adopt(engine: Engine, failures: Sequence[tuple[str, str]]) -> list[str]:
    """Take the objects of failed creates into the state if they are ours; the URNs of those that were.

    `failures` are URNs and messages of a run. EngineError (PK411) names those that somebody else made.
    """
    exist = {urn for urn, message in failures if "::kubernetes:" in urn.replace("$", "::") and _exists(message)}
    if not exist:
        return []
    with step(f"looking at {len(exist)} objects that exist already", 4):
        known = {(each["type"], each.get("id")) for each in engine.export().get("resources") or ()}
        planned = [state for state in engine.planned() if state["urn"] in exist]
        lost = [state for state in planned if (state["type"], expected_id(state)) not in known]
        settle(engine, lost)
        return _keep_ours(engine, {state["urn"] for state in lost})


def _exists(message: str) -> bool:
    return "already exists" in message


def _keep_ours(engine: Engine, urns: set[str]) -> list[str]:
    """Drop what is not ours from the state again."""
    before = engine.state()
    exported = json.loads(before)
    resources = exported["deployment"].get("resources") or []
    looked_at = [resource for resource in resources if resource["urn"] in urns]
    foreign = {resource["urn"]: _managers(resource) for resource in looked_at if not _is_ours(resource)}
    if foreign:
        exported["deployment"]["resources"] = [each for each in resources if each["urn"] not in foreign]
        engine.replace_state(before, json.dumps(exported))
        raise EngineError([_foreign(engine.stack, urn, managers) for urn, managers in foreign.items()])
    return [resource["urn"] for resource in looked_at]


def _managers(resource: Mapping[str, Any]) -> list[str]:
    """Who wrote fields of the object, as the API server has recorded it."""
    metadata = (resource.get("outputs") or {}).get("metadata") or {}
    return sorted({str(entry.get("manager")) for entry in metadata.get("managedFields") or ()})


def _is_ours(resource: Mapping[str, Any]) -> bool:
    return any(manager.startswith(_OURS) for manager in _managers(resource))


def _foreign(stack: str, urn: str, managers: Sequence[str]) -> Problem:
    type_, name = urn.split("::")[-2:]
    return Problem(
        code="PK411",
        summary="an object of this name exists, and this stack did not make it",
        where=f"{type_.rpartition('$')[2]} {name}",
        found=f"fields written by {', '.join(managers) or 'nobody that the API server remembers'}",
        allowed="objects that the stack makes itself",
        remedy=f"delete it, or give yours another name; to take it over: pulumi import --stack {stack}",
    )
