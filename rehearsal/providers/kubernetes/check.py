"""Check: inputs named, placed in a namespace and brought into their normal form.

Hardly anything is refused here, as with the official provider: wrong types and missing fields come back
from the API server at the dry-run or at creation.
"""

import os
import re
from typing import Final

from common.wire import Properties
from rehearsal.providers.base import NotModelled, ProviderError, Request
from rehearsal.providers.engine_log import EngineLog
from rehearsal.providers.kubernetes.annotations import AUTONAMED, HELM_HOOK
from rehearsal.providers.kubernetes.cluster import ReachableCluster
from rehearsal.providers.kubernetes.naming import adopt_name, assign_name, is_named_by_server
from rehearsal.providers.kubernetes.normalise import normalised
from rehearsal.providers.kubernetes.objects import (
    GroupVersionKind,
    Object,
    at,
    from_properties,
    is_crd,
    is_patch,
    kind_of_token,
    name_of,
    namespace_of,
    set_in_metadata,
    set_metadata,
)
from rehearsal.providers.kubernetes.recorded_state import with_secrets
from rehearsal.providers.kubernetes.scope import Scopes
from rehearsal.providers.kubernetes.settings import Settings
from rehearsal.providers.kubernetes.typed_form import is_built_in, removal

_HELM_RELEASE: Final = "kubernetes:helm.sh/v3:Release"
_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
_UNSUPPORTED_HOOKS: Final = re.compile("test|test-success|test-failure")


class Checker:
    """Checks inputs against one configuration. `cluster` is None while no cluster can be reached."""

    def __init__(
        self, settings: Settings, default_namespace: str, cluster: ReachableCluster | None, log: EngineLog
    ) -> None:
        self.scopes = Scopes()
        self._settings = settings
        self._default_namespace = default_namespace
        self._cluster = cluster
        self._log = log

    def check(self, request: Request) -> Properties:
        """The checked inputs; ProviderError for what cannot be a resource at all."""
        _refuse_what_is_no_object(request.type)
        inputs, old = from_properties(request.inputs), from_properties(request.old_inputs)
        self._refuse_bad_patch(request, inputs)
        inputs = normalised(inputs)
        self._warn(request.urn, inputs)
        self._name_and_label(request, inputs, old)
        if is_named_by_server(inputs) and self._settings.server_side_apply:
            raise ProviderError(
                "metadata.generateName does not go with server-side apply: set metadata.name or neither"
            )
        kind = _kind(request.type)
        self._warn_of_removal(request.urn, kind)
        self._place(inputs, kind)
        if is_crd(inputs):
            self.scopes.remember(inputs)
        return with_secrets(inputs, request.inputs)

    def _refuse_bad_patch(self, request: Request, inputs: Object) -> None:
        if not is_patch(request.type, inputs):
            return
        if not self._settings.server_side_apply:
            raise ProviderError("Patch resources need server-side apply: set enableServerSideApply to true")
        if not name_of(inputs):
            raise ProviderError("Patch resources need metadata.name")

    def _name_and_label(self, request: Request, inputs: Object, old: Object) -> None:
        manager = os.environ.get("PULUMI_KUBERNETES_MANAGED_BY_LABEL", "pulumi")
        if old:
            adopt_name(inputs, old)
            labelled = at(old, "metadata", "labels", _MANAGED_BY) == manager
        else:
            assign_name(inputs, request)
            labelled = not self._settings.server_side_apply
        if labelled:
            set_in_metadata(inputs, "labels", _MANAGED_BY, manager)

    def _place(self, inputs: Object, kind: GroupVersionKind) -> None:
        if namespace_of(inputs) or not self._default_namespace:
            return
        discovery = self._cluster.discovery if self._cluster else None
        if self.scopes.namespaced(kind, discovery):
            set_metadata(inputs, "namespace", self._default_namespace)

    def _warn(self, urn: str, inputs: Object) -> None:
        annotations = at(inputs, "metadata", "annotations")
        if not isinstance(annotations, dict):
            return
        for key, value in annotations.items():
            if key.startswith(AUTONAMED):
                self._log.warn(urn, f"the annotation {key!r} is the provider's own; what the program sets is ignored")
            hook = key.startswith(HELM_HOOK) and isinstance(value, str) and _UNSUPPORTED_HOOKS.search(value)
            if hook and not self._settings.suppress_helm_hook_warnings:
                self._log.warn(urn, "a Helm test hook is created like any other object, but never run as a hook")

    def _warn_of_removal(self, urn: str, kind: GroupVersionKind) -> None:
        planned = removal(kind.api_version, kind.kind)
        if self._cluster is None or planned is None:
            return
        release = ".".join(map(str, planned.release))
        advice = f"; use {planned.instead}" if planned.instead else ""
        if self._cluster.version >= planned.release:
            self._log.warn(urn, f"Kubernetes {release} and later do not serve {kind}{advice}")
        elif planned.instead and not self._settings.suppress_deprecation_warnings:
            self._log.warn(urn, f"{kind} is deprecated, Kubernetes {release} does not serve it any more{advice}")


def _refuse_what_is_no_object(token: str) -> None:
    if token == _HELM_RELEASE:
        raise NotModelled(token, "Helm releases")
    kind = _kind(token)
    if kind.kind.endswith("List") and is_built_in(kind.api_version, kind.kind.removesuffix("List")):
        raise ProviderError(f"{token} is a list: register its items, each as a resource of its own")


def _kind(token: str) -> GroupVersionKind:
    """The kind of the object behind a type token, that is without the `Patch` of a built-in kind's token."""
    try:
        kind = kind_of_token(token)
    except ValueError as error:
        raise ProviderError(str(error)) from error
    patched = kind.kind.removesuffix("Patch")
    return kind._replace(kind=patched) if is_built_in(kind.api_version, patched) else kind
