"""After a killed run: what the engine left half-done in its state is set right before the next one.

A killed engine leaves a lock in a file backend, and operations that it had begun. It forgets them at its
next run, and then meets an object that exists already. So every resource with a begun operation is looked
at anew (`pulumi refresh`), and one whose creation was begun is first taken into the state under the id
that it was to get: if it was not created after all, the refresh drops it again. (The engine's own
`refresh --import-pending-creates` does not lead to an import as of v3.259.)
"""

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import psutil

from automation.engine import Engine
from common.errors import BusyError, EngineError, Problem
from common.progress import step

_STATE_ONLY = ("random:", "tls:")  # providers whose resources are nowhere but in the state
Resource = Mapping[str, Any]


def recover(engine: Engine, backend_url: str) -> None:
    """Clear the lock and settle the begun operations of a killed run, if there was one.

    BusyError (PK602) when the lock's holder lives; EngineError (PK403) when a begun create cannot be looked up.
    """
    if _drop_stale_locks(backend_url, engine.stack):
        engine.ask("cancel", "--yes", "--stack", engine.stack)
    exported = json.loads(engine.ask("stack", "export", "--stack", engine.stack))
    begun = exported["deployment"].pop("pending_operations", None) or []
    if not begun:
        return
    created = [operation["resource"] for operation in begun if operation["type"] == "creating"]
    unknown = [resource["urn"] for resource in created if _expected_id(resource) is None]
    if unknown:
        raise EngineError([_undecidable(engine.stack, urn) for urn in unknown])
    with step(f"looking at {len(begun)} resources that a killed run was working on", 4):
        adopted = [{**resource, "id": id_} for resource in created if (id_ := _expected_id(resource))]
        exported["deployment"]["resources"] = [*_replaced(exported["deployment"], adopted), *adopted]
        engine.ask("stack", "import", "--stack", engine.stack, stdin=json.dumps(exported))
        lost = {resource["urn"] for resource in created} - {resource["urn"] for resource in adopted}
        targets = sorted({operation["resource"]["urn"] for operation in begun} - lost)
        if targets:
            arguments = [part for urn in targets for part in ("--target", urn)]
            engine.ask("refresh", "--yes", "--skip-preview", "--stack", engine.stack, *arguments)


def _replaced(deployment: Mapping[str, Any], adopted: Sequence[Resource]) -> Iterator[Resource]:
    """The state's resources; one that an adopted resource was to replace is due for deletion, as in the engine."""
    replacements = {resource["urn"] for resource in adopted}
    for resource in deployment.get("resources") or []:
        yield {**resource, "delete": True} if resource["urn"] in replacements else resource


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
