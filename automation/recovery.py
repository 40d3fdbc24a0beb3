"""After a killed run: what the engine left half-done in its state is set right before the next one.

A killed engine leaves a lock in a file backend, and operations that it had begun. A create that was begun
may or may not have happened; the engine forgets it, so the next run would meet an object that exists
already. Objects in Kubernetes can be looked up by the name that they were to get, so those creates are
taken into the state if they happened. Resources that exist in the state alone are made anew. Anything
else is for a person to decide.
"""

import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import psutil

from automation.engine import Engine
from common.errors import BusyError, EngineError, Problem
from common.progress import step

_STATE_ONLY = ("random:", "tls:")  # providers whose resources are nowhere but in the state


def recover(engine: Engine, backend_url: str) -> None:
    """Clear the lock and settle the begun operations of a killed run, if there was one.

    BusyError (PK602) when the lock's holder lives; EngineError (PK403) when a begun create cannot be looked up.
    """
    if _drop_stale_locks(backend_url, engine.stack):
        engine.ask("cancel", "--yes", "--stack", engine.stack)
    begun = engine.export().get("pending_operations") or []
    creates = [operation["resource"] for operation in begun if operation["type"] == "creating"]
    if not creates:
        return
    unknown = [resource["urn"] for resource in creates if _known_id(resource) is None]
    if unknown:
        raise EngineError([_undecidable(engine.stack, urn) for urn in unknown])
    with step(f"taking up {len(creates)} creates that a killed run had begun", 5):
        arguments = [part for resource in creates for part in _import_arguments(resource)]
        engine.ask("refresh", "--yes", "--stack", engine.stack, "--clear-pending-creates", *arguments)


def _drop_stale_locks(backend_url: str, stack: str) -> bool:
    """Whether there is a lock whose holder is gone; raises BusyError when one lives or cannot be asked."""
    locks = list(_locks(backend_url, stack))
    for lock in locks:
        here = lock["hostname"] == socket.gethostname()
        if not here or psutil.pid_exists(lock["pid"]):
            raise BusyError(_held(stack, lock))
    return bool(locks)


def _locks(backend_url: str, stack: str) -> Iterator[Mapping[str, Any]]:
    url = urlparse(backend_url)
    if url.scheme == "file":
        for file in Path(url.path).glob(f".pulumi/locks/**/{stack}/*.json"):
            yield json.loads(file.read_text())


def _known_id(resource: Mapping[str, Any]) -> str | None:
    """The id that a begun create was to have; empty when there is nothing to look up, None when unknown."""
    if resource["type"].startswith(_STATE_ONLY):
        return ""
    metadata = resource.get("inputs", {}).get("metadata", {})
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if resource["type"].startswith("kubernetes:") and isinstance(name, str):
        return f"{namespace}/{name}" if namespace else name
    return None


def _import_arguments(resource: Mapping[str, Any]) -> tuple[str, ...]:
    id_ = _known_id(resource)
    return ("--import-pending-creates", resource["urn"], "--import-pending-creates", id_) if id_ else ()


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
        remedy=f"look for it; then: pulumi refresh --stack {stack} --import-pending-creates '{urn}' "
        f"--import-pending-creates ID if it exists, or: pulumi refresh --stack {stack} --clear-pending-creates",
    )
