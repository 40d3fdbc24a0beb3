"""The `kubernetes` stand-in as the engine sees it: which operation goes where, and what happens without a cluster."""

import threading
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any, Final

from common.wire import Properties
from rehearsal.providers.base import Diff, Failure, NotModelled, ProviderError, Request, ResourceState, StandIn
from rehearsal.providers.kubernetes import kubeconfig, settings
from rehearsal.providers.kubernetes.annotations import REPLACE_UNREADY, is_true
from rehearsal.providers.kubernetes.awaits.readiness import is_complete
from rehearsal.providers.kubernetes.check import Checker
from rehearsal.providers.kubernetes.cluster import ReachableCluster, Unreachable, connect
from rehearsal.providers.kubernetes.create import create
from rehearsal.providers.kubernetes.delete import delete
from rehearsal.providers.kubernetes.diff import diff
from rehearsal.providers.kubernetes.failures import REFUSALS
from rehearsal.providers.kubernetes.objects import from_properties, kind_of
from rehearsal.providers.kubernetes.read import GONE, read
from rehearsal.providers.kubernetes.recorded_state import recorded
from rehearsal.providers.kubernetes.update import update
from rehearsal.providers.kubernetes.yaml_decode import decode_yaml

_YAML_DECODE: Final = "kubernetes:yaml:decode"
_DROP_ADVICE: Final = (
    "If the cluster is gone for good, set deleteUnreachable on the provider or PULUMI_K8S_DELETE_UNREACHABLE=true "
    "to drop its resources from the state"
)


class KubernetesStandIn(StandIn):
    """Plays pulumi-kubernetes against a real API server.

    A cluster that cannot be reached is no error by itself: previews go on from the inputs alone, and only
    what has to touch the cluster fails.
    """

    name = "kubernetes"
    version = metadata.version("pulumi-kubernetes")

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._settings = settings.read({})
        self._cluster: ReachableCluster | None = None
        self._unreachable = "the provider has not been configured"
        self._checker = Checker(self._settings, "", None, self.log)

    def check_config(self, old: Properties, new: Properties) -> Iterable[Failure]:  # noqa: ARG002 - the base names it
        return settings.problems(new)

    def diff_config(self, old: Properties, new: Properties) -> Diff:
        return settings.difference(old, new)

    def configure(self, config: Mapping[str, Any]) -> None:
        self._settings = settings.read(config)
        namespace = self._settings.namespace
        try:
            connection = kubeconfig.of(self._settings.kubeconfig, self._settings.context, self._settings.cluster)
            namespace = namespace or connection.namespace
            self._cluster = connect(self._settings, connection, self._cancelled, self.log)
        except (kubeconfig.KubeconfigError, Unreachable) as error:
            self._unreachable = str(error)
        self._checker = Checker(self._settings, namespace, self._cluster, self.log)

    def check(self, request: Request) -> tuple[Properties, Iterable[Failure]]:
        if self._cluster is None and self._settings.skip_update_unreachable:
            self.log.warn(request.urn, f"no change is made, for the cluster is unreachable: {self._unreachable}")
            return request.old_inputs, ()
        return self._checker.check(request), ()

    def diff(self, request: Request) -> Diff:
        inputs = from_properties(request.inputs)
        discovery = self._cluster.discovery if self._cluster else None
        namespaced = self._checker.scopes.namespaced(kind_of(inputs), discovery)
        unready = is_true(inputs, REPLACE_UNREADY) and self._is_unready_job(request)
        return diff(request, self._settings, namespaced=namespaced, unready=unready)

    def create(self, request: Request) -> ResourceState:
        if self._cluster is None and request.preview:
            return ResourceState("", request.inputs)
        return create(self._reachable(), request)

    def read(self, request: Request) -> ResourceState:
        if self._cluster is None:
            return self._read_nothing(request)
        return read(self._cluster, request)

    def update(self, request: Request) -> ResourceState:
        if self._cluster is None and request.preview:
            return ResourceState(request.id, request.inputs)
        return update(self._reachable(), request)

    def delete(self, request: Request) -> None:
        if self._cluster is None:
            self._drop(request, "deleted")
        else:
            delete(self._cluster, request)

    def invoke(self, token: str, arguments: Properties) -> Properties:
        if token != _YAML_DECODE:
            raise NotModelled(token, "functions other than yaml:decode")
        return decode_yaml(arguments, self._checker.scopes, self._cluster.discovery if self._cluster else None)

    def cancel(self) -> None:
        self._cancelled.set()
        if self._cluster:
            self._cluster.watching.wake()

    def _reachable(self) -> ReachableCluster:
        if self._cluster is None:
            raise ProviderError(f"the Kubernetes cluster is unreachable: {self._unreachable}")
        return self._cluster

    def _read_nothing(self, request: Request) -> ResourceState:
        if self._settings.skip_update_unreachable and not self._settings.delete_unreachable:
            self.log.warn(request.urn, f"nothing is refreshed, for the cluster is unreachable: {self._unreachable}")
            return ResourceState(request.id, request.state)
        self._drop(request, "read")
        return GONE

    def _drop(self, request: Request, what: str) -> None:
        """Let go of a resource whose cluster is unreachable, if that is allowed."""
        if not self._settings.delete_unreachable:
            message = f"{request.id} was not {what}: the cluster is unreachable: {self._unreachable}. {_DROP_ADVICE}"
            raise ProviderError(message)
        self.log.warn(request.urn, f"dropped from the state, for the cluster is unreachable: {self._unreachable}")

    def _is_unready_job(self, request: Request) -> bool:
        """Whether the live object is a Job that has not completed; failures to find out do not count."""
        live = recorded(request.state).live
        if self._cluster is None or live.get("kind") != "Job":
            self.log.warn(request.urn, "replaceUnready has no effect: this is no Job, or its cluster is unreachable")
            return False
        try:
            return not is_complete(self._cluster.get(live))
        except REFUSALS:
            return False
