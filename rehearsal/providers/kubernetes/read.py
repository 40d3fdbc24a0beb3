"""Read: the live object for a refresh, an import or a `.get`."""

from typing import Final

from rehearsal.providers.base import InitializationFailed, ProviderError, Request, ResourceState
from rehearsal.providers.kubernetes import awaits
from rehearsal.providers.kubernetes.api import ApiError
from rehearsal.providers.kubernetes.awaits.readiness import NotReady
from rehearsal.providers.kubernetes.cluster import ReachableCluster
from rehearsal.providers.kubernetes.discovery import UnknownKind
from rehearsal.providers.kubernetes.failures import REFUSALS, explained, reasons
from rehearsal.providers.kubernetes.naming import field_manager
from rehearsal.providers.kubernetes.normalise import normalised
from rehearsal.providers.kubernetes.objects import (
    GroupVersionKind,
    Object,
    from_properties,
    id_of,
    kind_of,
    kind_of_token,
    name_of,
    namespace_of,
    set_metadata,
    split_id,
    text_at,
)
from rehearsal.providers.kubernetes.prune import pruned
from rehearsal.providers.kubernetes.recorded_state import Recorded, recorded, to_state, with_secrets
from rehearsal.providers.kubernetes.typed_form import input_properties

GONE: Final = ResourceState("", {}, {})

_NOT_IMPORTED: Final = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")
_NOT_IMPORTED_ANNOTATIONS: Final = (
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration",
)


def read(cluster: ReachableCluster, request: Request) -> ResourceState:
    """The object as it is; `GONE` if it, or its kind, is no more. One that is not ready is a failed state."""
    inputs = normalised(from_properties(request.inputs))
    old = recorded(request.state)
    imported = not inputs.get("kind") and not old.live.get("kind")
    if not inputs.get("kind"):
        _identify(inputs, kind_of_token(request.type) if imported else kind_of(old.live), request.id)
    name = split_id(request.id)[1]
    try:
        live = cluster.api.get(cluster.path_of(kind_of(inputs), namespace_of(inputs), name))
    except UnknownKind:
        return GONE
    except REFUSALS as error:
        if isinstance(error, ApiError) and error.reason == "NotFound":
            return GONE
        raise ProviderError(f"{request.id} was not read: {explained(error)}") from error
    state = _state(cluster, request, _imported_inputs(live, inputs) if imported else pruned(live, inputs), live, old)
    if not imported:
        _check_ready(cluster, inputs, live, state)
    return state


def _identify(inputs: Object, kind: GroupVersionKind, id_: str) -> None:
    """Have `inputs` say of which object they are."""
    namespace, name = split_id(id_)
    inputs["apiVersion"], inputs["kind"] = kind.api_version, kind.kind
    if not name_of(inputs):
        set_metadata(inputs, "name", name)
    if namespace and not namespace_of(inputs):
        set_metadata(inputs, "namespace", namespace)


def _imported_inputs(live: Object, identity: Object) -> Object:
    """The inputs that would have made `live`. Of a custom resource, whose schema is not known: its identity."""
    known = input_properties(live["apiVersion"], live["kind"])
    inputs = {**pruned(live, identity), **{key: value for key, value in live.items() if key in known}}
    metadata = {key: value for key, value in inputs["metadata"].items() if key not in _NOT_IMPORTED}
    if annotations := metadata.get("annotations"):
        metadata["annotations"] = {k: v for k, v in annotations.items() if k not in _NOT_IMPORTED_ANNOTATIONS}
    return {**inputs, "metadata": metadata}


def _state(cluster: ReachableCluster, request: Request, inputs: Object, live: Object, old: Recorded) -> ResourceState:
    version = old.initial_api_version or text_at(inputs, "apiVersion")
    manager = field_manager(cluster.settings, inputs, old.field_manager)
    outputs = to_state(inputs, live, request.inputs, version, manager)
    return ResourceState(request.id or id_of(live), outputs, with_secrets(from_properties(inputs), request.inputs))


def _check_ready(cluster: ReachableCluster, inputs: Object, live: Object, state: ResourceState) -> None:
    try:
        awaits.check_ready(cluster, inputs, live)
    except NotReady as failure:
        raise InitializationFailed(state, reasons(state.id, failure)) from failure
