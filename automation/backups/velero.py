"""Velero as its API has it (velero.io/v1, Velero 1.18): backups, restores, and where they are kept."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import httpx2
from lightkube import ApiError, Client, KubeConfig
from lightkube.core.exceptions import ConfigError
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.types import PatchType

from automation.kubeconfig import kubeconfig_of
from automation.project import Project
from common.errors import BackupError, Problem
from common.paths import command
from common.progress import step
from components.addons.backup.spec import EVERYTHING, NAMESPACE, BackupSpec

Object: TypeAlias = Mapping[str, Any]

_BACKUP: Final = create_namespaced_resource("velero.io", "v1", "Backup", "backups")
_RESTORE: Final = create_namespaced_resource("velero.io", "v1", "Restore", "restores")
_SCHEDULE: Final = create_namespaced_resource("velero.io", "v1", "Schedule", "schedules")
_LOCATION: Final = create_namespaced_resource("velero.io", "v1", "BackupStorageLocation", "backupstoragelocations")
_COMPLETED: Final = "Completed"
_ENDED: Final = (_COMPLETED, "FailedValidation", "PartiallyFailed", "Failed")
_NOT_BEGUN: Final = ("", "New")
_TAKEN_ON: Final = 60.0  # seconds within which a server that runs begins with something
_POLL: Final = 0.5  # seconds
_NOT_FOUND: Final = 404


class Velero:
    """The Velero of a cluster, by its API server. What it is asked for is done by a server that runs there."""

    def __init__(self, config: KubeConfig) -> None:
        self.client: Any = Client(config=config)

    def backups(self) -> list[Object]:
        """All backups, the newest first."""
        made = self.client.list(_BACKUP, namespace=NAMESPACE)
        return sorted(made, key=lambda each: str(each.metadata.creationTimestamp), reverse=True)

    def newest(self, namespace: str) -> Object:
        """The newest whole backup that holds `namespace`; BackupError (PK803) if there is none."""
        for backup in self.backups():
            held = backup["spec"].get("includedNamespaces") or ["*"]
            if phase(backup) == _COMPLETED and {namespace, "*"} & set(held):
                return backup
        raise BackupError(
            Problem(
                code="PK803",
                summary=f"there is no whole backup of {namespace}",
                found=f"{len(self.backups())} backups, none of them completed and with that namespace",
                allowed=f"a backup whose phase is {_COMPLETED}",
                remedy=f"make one: {command()} backup now",
            )
        )

    def back_up(self, namespace: str | None) -> Object:
        """Make a backup of everything, or of `namespace`, and wait for it; BackupError (PK804) if it is not whole."""
        spec = dict(self.client.get(_SCHEDULE, EVERYTHING, namespace=NAMESPACE)["spec"]["template"])
        if namespace:
            spec["includedNamespaces"] = [namespace]
        return self._done(_BACKUP, f"now-{stamp()}", spec, f"backing up {namespace or 'everything'}")

    @contextmanager
    def restored(self, backup: str, namespace: str, copy: str, spec: Object) -> Iterator[Object]:
        """`namespace` of a backup, brought back as `copy`; nothing but the copy is left of it afterwards."""
        name = f"drill-{stamp()}"
        wanted = {
            "backupName": backup,
            "includedNamespaces": [namespace],
            "namespaceMapping": {namespace: copy},
            **spec,
        }
        location = self.client.get(_BACKUP, backup, namespace=NAMESPACE)["spec"]["storageLocation"]
        try:
            with self._read_only(location):
                done = self._done(_RESTORE, name, wanted, f"restoring {namespace} from {backup}")
            yield done
        finally:
            self._let_end(name)
            forget(self.client, _RESTORE, name, NAMESPACE)  # while a server is there to take its finalizer off

    def _let_end(self, restore: str) -> None:
        """Wait for a restore that was begun: nothing stops it, and it would make anew what is deleted under it."""
        with suppress(ApiError), step("letting the restore end"):  # there may be none
            while phase(self.client.get(_RESTORE, restore, namespace=NAMESPACE)) not in (*_ENDED, *_NOT_BEGUN):
                time.sleep(_POLL)

    @contextmanager
    def _read_only(self, location: str) -> Iterator[None]:
        """Let nothing be added to or deleted from a location."""
        mode = self.client.get(_LOCATION, location, namespace=NAMESPACE)["spec"].get("accessMode") or "ReadWrite"
        try:
            self._set_mode(location, "ReadOnly")
            yield
        finally:
            self._set_mode(location, mode)

    def _set_mode(self, location: str, mode: str) -> None:
        patch = {"spec": {"accessMode": mode}}
        self.client.patch(_LOCATION, location, patch, namespace=NAMESPACE, patch_type=PatchType.MERGE)

    def _done(self, kind: Any, name: str, spec: Object, what: str) -> Object:
        self.client.create(kind(metadata=ObjectMeta(name=name, namespace=NAMESPACE), spec=spec))
        with step(what, 30) as current:
            until = time.monotonic() + _TAKEN_ON
            while phase(made := self.client.get(kind, name, namespace=NAMESPACE)) not in _ENDED:
                if phase(made) in _NOT_BEGUN and time.monotonic() > until:
                    raise BackupError(_nobody_works(name))
                current.note(phase(made))
                time.sleep(_POLL)
        if phase(made) != _COMPLETED:
            raise BackupError(_not_whole(kind.__name__, name, made))
        result: Object = made
        return result


def forget(client: Any, kind: Any, name: str, namespace: str | None = None) -> None:
    """Delete an object, if it is there."""
    try:
        client.delete(kind, name, **({"namespace": namespace} if namespace else {}))
    except ApiError as refused:
        if refused.status.code != _NOT_FOUND:
            raise


def phase(made: Object) -> str:
    """How far Velero is with a backup or restore; nothing, while it has not seen it."""
    return str((made.get("status") or {}).get("phase", ""))


def stamp() -> str:
    """Now, as part of a name."""
    return datetime.now(UTC).strftime("%Y%m%d%H%M%S")


@contextmanager
def reaching(project: Project) -> Iterator[Velero]:
    """The stack's Velero; BackupError when the stack has none (PK801) or its cluster does not answer so (PK802)."""
    if BackupSpec not in project.spec.addons.plan():
        raise BackupError(_not_in_the_stack(project.stack))
    try:
        yield Velero(kubeconfig_of(project))
    except (ApiError, ConfigError, httpx2.TransportError) as error:
        raise BackupError(
            Problem(
                code="PK802",
                summary=f"the cluster of stack {project.stack} does not answer for its Velero",
                found=str(error),
                allowed="a cluster that runs, with what the stack file says in it",
                remedy=f"bring it up: make up STACK={project.stack}",
            )
        ) from error


def _not_in_the_stack(stack: str) -> Problem:
    return Problem(
        code="PK801",
        summary=f"stack {stack} has no backups",
        file=f"Pulumi.{stack}.yaml",
        where="polykube:addons",
        found="no backup",
        allowed="backup, with where its backups go",
        remedy="add it as docs/addons/backup.md says, and run `make up`",
    )


def _not_whole(kind: str, name: str, made: Object) -> Problem:
    status = made["status"]
    said = [*status.get("validationErrors", ()), status.get("failureReason", "")]
    counted = f"{status.get('errors', 0)} errors, {status.get('warnings', 0)} warnings"
    return Problem(
        code="PK804",
        summary=f"{kind.lower()} {name} ended as {phase(made)}",
        found="; ".join(filter(None, [*said, counted])),
        allowed=_COMPLETED,
        remedy=f"read what Velero says: kubectl --namespace {NAMESPACE} logs deployment/velero | grep {name}",
    )


def _nobody_works(name: str) -> Problem:
    return Problem(
        code="PK805",
        summary=f"nobody works on {name}",
        found=f"it was not begun within {_TAKEN_ON:.0f} s",
        allowed="a server that runs (not so on a cluster of kind local, where no container does)",
        remedy=f"look at it: kubectl --namespace {NAMESPACE} get pods,backupstoragelocations",
    )
