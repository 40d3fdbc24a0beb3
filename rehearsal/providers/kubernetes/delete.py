"""Delete: remove the object and wait until it is gone; for a Patch, give up its fields."""

from rehearsal.providers.base import InitializationFailed, ProviderError, Request, ResourceState
from rehearsal.providers.kubernetes import awaits
from rehearsal.providers.kubernetes.annotations import propagation, timeout
from rehearsal.providers.kubernetes.api import ApiError
from rehearsal.providers.kubernetes.awaits.readiness import NotReady
from rehearsal.providers.kubernetes.cluster import ReachableCluster
from rehearsal.providers.kubernetes.discovery import UnknownKind
from rehearsal.providers.kubernetes.failures import REFUSALS, explained, reasons
from rehearsal.providers.kubernetes.naming import field_manager
from rehearsal.providers.kubernetes.objects import id_of, is_patch, kind_of, namespace_of, split_id
from rehearsal.providers.kubernetes.recorded_state import recorded, to_state
from rehearsal.providers.kubernetes.update import relinquish


def delete(cluster: ReachableCluster, request: Request) -> None:
    """Delete the object. What is gone already, or whose kind is, counts as deleted."""
    old = recorded(request.state)
    manager = field_manager(cluster.settings, old.inputs, old.field_manager)
    try:
        if cluster.settings.server_side_apply and is_patch(request.type, old.inputs):
            relinquish(cluster, old.live, manager)
            return
        path = cluster.path_of(kind_of(old.live), namespace_of(old.live), split_id(request.id)[1])
        cluster.api.delete(path, propagation(old.inputs))
        awaits.until_gone(cluster, request.urn, old.inputs, old.live, timeout(request.timeout, old.inputs))
    except UnknownKind:
        return
    except NotReady as failure:
        outputs = to_state(old.inputs, failure.live, request.state, old.initial_api_version, manager)
        raise InitializationFailed(
            ResourceState(id_of(failure.live), outputs), reasons(request.id, failure)
        ) from failure
    except REFUSALS as error:
        if isinstance(error, ApiError) and error.reason == "NotFound":
            return
        raise ProviderError(f"{request.id} was not deleted: {_advised(error)}") from error


def _advised(error: Exception) -> str:
    if isinstance(error, ApiError) and error.required_field:
        return (
            f"{error}\nThis Patch alone holds {error.required_field}, which the object cannot do without: let another "
            "manager take the field over first, or set retainOnDelete"
        )
    return explained(error)
