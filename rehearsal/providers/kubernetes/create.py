"""Create: POST the object, or foretell by a dry-run what the server would make of it.

Patch resources, and everything with `upsertExistingObjects`, are applied instead: what is missing is
created, what exists is changed.
"""

import secrets
from typing import Any, Final

from common.wire import has_unknown
from rehearsal.providers.base import InitializationFailed, ProviderError, Request, ResourceState
from rehearsal.providers.kubernetes import awaits
from rehearsal.providers.kubernetes.annotations import PATCH_FORCE, is_true
from rehearsal.providers.kubernetes.api import APPLY, ApiError
from rehearsal.providers.kubernetes.awaits.expressions import ExpressionError
from rehearsal.providers.kubernetes.awaits.readiness import NotReady
from rehearsal.providers.kubernetes.cluster import ReachableCluster
from rehearsal.providers.kubernetes.discovery import UnknownKind
from rehearsal.providers.kubernetes.failures import REFUSALS, explained, reasons
from rehearsal.providers.kubernetes.naming import STATIC_FIELD_MANAGER, field_manager
from rehearsal.providers.kubernetes.objects import (
    Object,
    from_properties,
    id_of,
    is_crd,
    is_patch,
    kind_of,
    name_of,
    namespace_of,
    text_at,
)
from rehearsal.providers.kubernetes.recorded_state import to_state
from rehearsal.providers.kubernetes.typed_form import removal

_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # seconds after a try that failed, the last one included
_IMMUTABLE: Final = "field is immutable"


def create(cluster: ReachableCluster, request: Request) -> ResourceState:
    """Create the object; in preview, the server's answer to a dry-run, or the inputs where there can be none."""
    inputs = from_properties(request.inputs)
    patch = is_patch(request.type, inputs)
    settings = cluster.settings
    if request.preview and (
        patch or not settings.server_side_apply or has_unknown(inputs) or not cluster.knows(inputs)
    ):
        return ResourceState("", request.inputs)
    manager = field_manager(settings, inputs)
    applied = settings.server_side_apply and (patch or settings.upsert_existing)
    submission = _Submission(cluster, request, inputs, manager if applied else "")
    try:
        live = submission.try_once() if request.preview else submission.try_repeatedly()
    except REFUSALS as error:
        if request.preview and _is_no_news(error):
            return ResourceState("", request.inputs)
        raise ProviderError(
            f"{kind_of(inputs).kind} {name_of(inputs)!r} was not created: {explained(error)}"
        ) from error
    if request.preview:
        live.pop("status", None)
        return ResourceState("", to_state(inputs, live, request.inputs, text_at(inputs, "apiVersion"), manager))
    return _settled(cluster, request, inputs, live, manager)


def _settled(cluster: ReachableCluster, request: Request, inputs: Object, live: Object, manager: str) -> ResourceState:
    """The state of a new object once it is ready."""
    failure: Exception | None = None
    try:
        live = awaits.until_ready(cluster, request.urn, inputs, live, created=True, custom=request.timeout)
    except ExpressionError as error:
        raise ProviderError(f"{kind_of(inputs).kind} {name_of(inputs)!r} was created, but {error}") from error
    except NotReady as error:
        live, failure = error.live, error
    except REFUSALS as error:
        failure = error
    if is_crd(inputs):
        cluster.discovery.reset()
    state = ResourceState(id_of(live), to_state(inputs, live, request.inputs, text_at(inputs, "apiVersion"), manager))
    if failure:
        raise InitializationFailed(state, reasons(f"{id_of(live)} was created, but is not ready", failure))
    return state


class _Submission:
    """An object on its way to the server; with a `manager` it is applied, without one POSTed."""

    def __init__(self, cluster: ReachableCluster, request: Request, inputs: Object, manager: str) -> None:
        self._cluster = cluster
        self._request = request
        self._inputs = inputs
        self._manager = manager
        self._parameters: dict[str, Any] = {"dryRun": "All"} if request.preview else {}

    def try_repeatedly(self) -> Object:
        """Send the object, again and again for a minute while its namespace or its CRD is missing."""
        for pause in _PAUSES:
            try:
                return self._send()
            except (ApiError, UnknownKind) as error:
                if not self._may_yet_appear(error):
                    raise
                self._cluster.log.status(self._request.urn, f"{error}; trying again in {pause:g} s")
                self._cluster.api.wait(pause)
                failure = error
        raise failure

    def try_once(self) -> Object:
        """Send the object as a dry-run. Where only a replacement would do, an invented name stands for it."""
        try:
            return self._send()
        except ApiError as error:
            if not self._manager or error.reason != "Invalid" or _IMMUTABLE not in str(error):
                raise
        name = f"{name_of(self._inputs)}-{secrets.token_hex(3)}"
        self._cluster.log.info(self._request.urn, f"this will be a replacement; its preview bears the name {name!r}")
        self._inputs["metadata"]["name"] = name
        return self._send()

    def _send(self) -> Object:
        kind, namespace = kind_of(self._inputs), namespace_of(self._inputs)
        if not self._manager:
            path = self._cluster.path_of(kind, namespace, "")
            return self._cluster.api.create(path, self._inputs, fieldManager=STATIC_FIELD_MANAGER, **self._parameters)
        forced = self._request.preview or self._cluster.settings.force_patches or is_true(self._inputs, PATCH_FORCE)
        return self._cluster.api.patch(
            self._cluster.path(self._inputs),
            APPLY,
            self._inputs,
            fieldManager=self._manager,
            force="true" if forced else "false",
            fieldValidation="Warn",
            **self._parameters,
        )

    def _may_yet_appear(self, error: ApiError | UnknownKind) -> bool:
        """Whether waiting may help: a namespace or CRD may come, a kind that Kubernetes dropped will not."""
        if isinstance(error, ApiError):
            return error.reason == "NotFound"
        kind = kind_of(self._inputs)
        planned = removal(kind.api_version, kind.kind)
        return planned is None or self._cluster.version < planned.release


def _is_no_news(error: Exception) -> bool:
    """Whether a dry-run's refusal says nothing about the real run, or is left to it."""
    if not isinstance(error, ApiError):
        return False
    namespace_missing = error.reason == "NotFound" and error.details.get("kind") == "namespaces"
    no_dry_run = error.reason == "BadRequest" and "does not support dry run" in str(error)
    return namespace_missing or no_dry_run or error.reason in ("AlreadyExists", "Forbidden")
