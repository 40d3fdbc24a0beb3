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
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import psutil

from automation.engine import Engine
from common.errors import BusyError, EngineError, Problem
from common.progress import step

_MARK = "a killed run was working on this resource"
_STATE_ONLY = ("random:", "tls:", "pulumi:")  # resources that are nowhere but in the state
Resource = Mapping[str, Any]


def recover(engine: Engine, backend_url: str) -> None:
    """Clear the lock and settle the begun operations of a killed run, if there was one.

    BusyError (PK602) when the lock's holder lives; EngineError (PK403) when a begun create cannot be looked up.
    """
    if _drop_stale_locks(backend_url, engine.stack):
        engine.ask("cancel", "--yes", "--stack", engine.stack)
    exported = json.loads(engine.ask("stack", "export", "--stack", engine.stack))
    deployment = exported["deployment"]
    if begun := deployment.pop("pending_operations", None):
        deployment["resources"] = list(_marked(deployment.get("resources") or (), begun, engine.stack))
        engine.ask("stack", "import", "--stack", engine.stack, stdin=json.dumps(exported))
    unsettled = {each["urn"] for each in deployment.get("resources") or () if each.get("initErrors") == [_MARK]}
    if unsettled:
        with step(f"looking at {len(unsettled)} resources that a killed run was working on", 4):
            targets = [part for urn in sorted(unsettled) for part in ("--target", urn)]
            engine.ask("refresh", "--yes", "--skip-preview", "--stack", engine.stack, *targets)


def _marked(resources: Sequence[Resource], begun: Sequence[Mapping[str, Any]], stack: str) -> Iterator[Resource]:
    """The state's resources with a mark on those of begun operations, and with those that may have been created.

    One that a created resource was to replace is due for deletion, as in the engine.
    """
    created = [operation["resource"] for operation in begun if operation["type"] == "creating"]
    if unknown := [resource["urn"] for resource in created if _expected_id(resource) is None]:
        raise EngineError([_undecidable(stack, urn) for urn in unknown])
    adopted = [
        {**resource, "id": id_, "initErrors": [_MARK]} for resource in created if (id_ := _expected_id(resource))
    ]
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


def _drop_stale_locks(backend_url: str, stack: str) -> bool:
    """Whether there is a lock whose holder is gone; raises BusyError when one lives or cannot be asked."""
    locks = list(_locks(backend_url, stack))
    for lock in locks:
        if lock["hostname"] != socket.gethostname() or _lives(lock):
            raise BusyError(_held(stack, lock))
    return bool(locks)


def _locks(backend_url: str, stack: str) -> Iterator[Mapping[str, Any]]:
    url = urlparse(backend_url)
    if url.scheme == "file":
        for file in Path(url.path).glob(f".pulumi/locks/**/{stack}/*.json"):
            with suppress(FileNotFoundError):  # its holder has just ended
                yield json.loads(file.read_text())


def _lives(lock: Mapping[str, Any]) -> bool:
    """Whether the process that took the lock still runs; another one may have got its number since."""
    try:
        process = psutil.Process(lock["pid"])
        taken = datetime.fromisoformat(lock["timestamp"]).timestamp()
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= taken
    except psutil.NoSuchProcess:
        return False


def _expected_id(resource: Resource) -> str | None:
    """The id that a begun create was to have; empty when there is nothing to look up, None when unknown."""
    if resource["type"].startswith(_STATE_ONLY) or not resource.get("custom"):
        return ""
    metadata = resource.get("inputs", {}).get("metadata", {})
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if resource["type"].startswith("kubernetes:") and isinstance(name, str):
        return f"{namespace}/{name}" if namespace else name
    return None


def _held(stack: str, lock: Mapping[str, Any]) -> Problem:
    return Problem(
        code="PK602",
        summary=f"stack {stack} is locked by a run of pulumi",
        found=f"process {lock['pid']} of {lock['username']} on {lock['hostname']}, since {lock['timestamp']}",
        allowed="one run per stack at a time",
        remedy=f"wait for it to end; if that run is gone for good: pulumi cancel --stack {stack}",
    )


def _undecidable(stack: str, urn: str) -> Problem:
    return Problem(
        code="PK403",
        summary="a killed run had begun to create a resource, and only you can find out whether it did",
        where=urn,
        allowed="creates that are in the state, or that are known not to have happened",
        remedy="look for it where it would be, and delete it if it is there; then: "
        f"pulumi refresh --stack {stack} --clear-pending-creates",
    )
