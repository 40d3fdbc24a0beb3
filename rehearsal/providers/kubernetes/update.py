"""Update: apply the inputs under the resource's own field manager, or foretell the result by a dry-run."""

from typing import Any

from common.wire import has_unknown
from rehearsal.providers.base import InitializationFailed, ProviderError, Request, ResourceState
from rehearsal.providers.kubernetes import awaits
from rehearsal.providers.kubernetes.annotations import PATCH_FORCE, is_true
from rehearsal.providers.kubernetes.api import APPLY, JSON_PATCH, ApiError
from rehearsal.providers.kubernetes.awaits.expressions import ExpressionError
from rehearsal.providers.kubernetes.awaits.readiness import NotReady
from rehearsal.providers.kubernetes.client_side_apply import three_way_patch
from rehearsal.providers.kubernetes.cluster import ReachableCluster
from rehearsal.providers.kubernetes.discovery import UnknownKind
from rehearsal.providers.kubernetes.failures import REFUSALS, explained, reasons
from rehearsal.providers.kubernetes.managed_fields import has_own_updates, is_foreign, taken_over
from rehearsal.providers.kubernetes.naming import field_manager
from rehearsal.providers.kubernetes.normalise import normalised
from rehearsal.providers.kubernetes.objects import (
    Object,
    at,
    from_properties,
    id_of,
    is_crd,
    is_patch,
    kind_of,
    name_of,
    namespace_of,
    text_at,
)
from rehearsal.providers.kubernetes.property_path import parsed, written
from rehearsal.providers.kubernetes.prune import pruned
from rehearsal.providers.kubernetes.recorded_state import Recorded, recorded, to_state


def update(cluster: ReachableCluster, request: Request) -> ResourceState:
    """Bring the object to the request's inputs. A refusal leaves a failed state with the new inputs."""
    new = normalised(from_properties(request.inputs))
    if request.preview and (has_unknown(new) or not cluster.knows(new)):
        return ResourceState(request.id, request.inputs)
    old = recorded(request.state)
    change = _Change(cluster, request, old, new)
    failure: Exception | None = None
    try:
        live = change.submit()
        if not request.preview:
            live = awaits.until_ready(cluster, request.urn, new, live, created=False, custom=request.timeout)
    except (*REFUSALS, NotReady, ExpressionError) as error:
        if request.preview and isinstance(error, ApiError) and error.reason == "Forbidden":
            return ResourceState(request.id, request.inputs)
        if isinstance(error, UnknownKind):
            raise ProviderError(f"{id_of(new)} was not updated: {explained(error)}") from error
        live, failure = _current(cluster, old.live, error), error
    version = old.initial_api_version or text_at(old.inputs, "apiVersion")
    state = ResourceState(id_of(live), to_state(new, live, request.inputs, version, change.manager))
    if failure:
        raise InitializationFailed(state, reasons(f"{id_of(live)} is not as it should be", failure))
    if not request.preview:
        change.relinquish()
    return state


def relinquish(cluster: ReachableCluster, live: Object, manager: str) -> None:
    """Give up every field that `manager` has applied to `live`."""
    metadata = {"name": name_of(live)} | ({"namespace": namespace_of(live)} if namespace_of(live) else {})
    identity = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata}
    cluster.api.patch(cluster.path(live), APPLY, identity, fieldManager=manager)


class _Change:
    """One change of one object."""

    def __init__(self, cluster: ReachableCluster, request: Request, old: Recorded, new: Object) -> None:
        self._cluster = cluster
        self._request = request
        self._old = old
        self._new = new
        self._patch = is_patch(request.type, new)
        self._parameters: dict[str, Any] = {"dryRun": "All"} if request.preview else {}
        self._old_manager = field_manager(cluster.settings, old.inputs, old.field_manager)
        self.manager = field_manager(cluster.settings, new, old.field_manager)
        self._path = ""

    def submit(self) -> Object:
        """Send the change; the object as it is afterwards."""
        self._path = self._cluster.path_of(kind_of(self._new), namespace_of(self._new), name_of(self._old.live))
        live = self._cluster.api.get(self._path)
        if is_crd(self._new):
            return self._replace(live)
        if not self._cluster.settings.server_side_apply:
            return self._merge(live)
        return self._apply(live)

    def relinquish(self) -> None:
        """Give up the fields of the former manager, if the program has named another."""
        if self._cluster.settings.server_side_apply and self._old_manager != self.manager:
            relinquish(self._cluster, self._new, self._old_manager)

    def _replace(self, live: Object) -> Object:
        self._new["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        return self._cluster.api.replace(self._path, self._new, fieldManager=self.manager, **self._parameters)

    def _apply(self, live: Object) -> Object:
        if not self._request.preview and not self._patch:
            live = self._take_over(live)
        for text in self._request.ignore_changes:
            self._leave_alone(text, live)
        return self._cluster.api.patch(
            self._path,
            APPLY,
            self._new,
            fieldManager=self.manager,
            force="true" if self._is_forced(live) else "false",
            **self._parameters,
        )

    def _take_over(self, live: Object) -> Object:
        entries = taken_over(live, self.manager)
        if entries is None:
            return live
        operation = {"op": "replace", "path": "/metadata/managedFields", "value": entries}
        return self._cluster.api.patch(self._path, JSON_PATCH, [operation])

    def _leave_alone(self, text: str, live: Object) -> None:
        """Keep the change of an ignored property out of the request: not sent if others own it, else as it is."""
        path = tuple(written(parsed(text)).split("."))
        if is_foreign(live, path, self.manager):
            _remove(self._new, path)
        elif (value := at(live, *path)) is not None:
            _put(self._new, path, value)

    def _is_forced(self, live: Object) -> bool:
        return (
            is_true(self._new, PATCH_FORCE)
            or self._cluster.settings.force_patches
            or (self._request.preview and has_own_updates(live))
            or not at(live, "metadata", "managedFields")
        )

    def _merge(self, live: Object) -> Object:
        for text in self._request.ignore_changes:
            path = tuple(written(parsed(text)).split("."))
            if (value := at(live, *path)) is not None:
                _put(self._new, path, value)
        before = pruned(self._old.live, normalised(self._old.inputs))
        content_type, patch = three_way_patch(before, self._new, live)
        return self._cluster.api.patch(self._path, content_type, patch, fieldManager=self.manager, **self._parameters)


def _current(cluster: ReachableCluster, live: Object, error: Exception) -> Object:
    """The object as it is after a failed change; ProviderError with both failures when it cannot be read."""
    try:
        return cluster.get(live)
    except REFUSALS as second:
        message = f"{id_of(live)} was not updated: {explained(error)}; reading it failed, too: {explained(second)}"
        raise ProviderError(message) from error


def _remove(obj: Object, path: tuple[str, ...]) -> None:
    parent = at(obj, *path[:-1]) if path[:-1] else obj
    if isinstance(parent, dict):
        parent.pop(path[-1], None)


def _put(obj: Object, path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        inner = obj.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        obj = inner
    obj[path[-1]] = value
