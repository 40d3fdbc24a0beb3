"""One resource of a program, taken through its life as the engine would take it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.wire import Properties, plain
from rehearsal.providers.base import Diff, InitializationFailed, Request, ResourceState
from rehearsal.providers.kubernetes.provider import KubernetesStandIn
from tests.support.api import Object
from tests.unit.rehearsal.kubernetes.support import urn


def configured(kubeconfig: Path | str, **options: Any) -> KubernetesStandIn:
    """A provider with these options, in the engine's spelling; the client-side limit is off unless they set it."""
    provider = KubernetesStandIn()
    settings = {"kubeconfig": str(kubeconfig), "kubeClientSettings": {"qps": -1}} | options
    provider.configure({f"kubernetes:config:{name}": _as_text(value) for name, value in settings.items()})
    return provider


class Resource:
    """A resource of `provider`; `inputs` and `state` are what the engine would have stored."""

    def __init__(self, provider: KubernetesStandIn, name: str = "subject", *, patch: bool = False) -> None:
        self.provider = provider
        self.id = ""
        self.inputs: Properties = {}
        self.state: Properties = {}
        self._name = name
        self._patch = patch

    def check(self, obj: Object) -> Properties:
        """The checked inputs for `obj`."""
        inputs, failures = self.provider.check(self._request(obj, seed=self._name.encode()))
        assert not list(failures)
        return inputs

    def preview(self, obj: Object) -> Object:
        """The state that a preview foretells, secrets unwrapped."""
        operation = self.provider.update if self.id else self.provider.create
        outputs: Object = plain(operation(self._request(self.check(obj), preview=True)).outputs)
        return outputs

    def diff(self, obj: Object, **request: Any) -> Diff:
        """What bringing the resource to `obj` takes."""
        return self.provider.diff(self._request(self.check(obj), **request))

    def apply(self, obj: Object, **request: Any) -> Object:
        """Create the resource, or update it to `obj`; the live object as recorded. A failed one is recorded, too."""
        inputs = self.check(obj)
        operation = self.provider.update if self.id else self.provider.create
        try:
            return self._record(operation(self._request(inputs, **request)), inputs)
        except InitializationFailed as failed:
            self._record(failed.state, inputs)
            raise

    def refresh(self) -> Object:
        """Read the resource; the live object as recorded. Afterwards, a resource that is gone has no id."""
        try:
            state = self.provider.read(self._request(self.inputs))
        except InitializationFailed as failed:
            self._record(failed.state, failed.state.inputs or {})
            raise
        return self._record(state, self.inputs if state.inputs is None else state.inputs)

    def adopt(self, obj: Object, id_: str) -> Object:
        """Import the object with this id as a resource of the type of `obj`; the inputs that are found."""
        state = self.provider.read(Request(urn=urn(obj, self._name), id=id_))
        self._record(state, state.inputs or {})
        found: Object = plain(self.inputs)
        return found

    def delete(self, **request: Any) -> None:
        """Delete the resource."""
        self.provider.delete(self._request(self.inputs, **request))

    def _record(self, state: ResourceState, inputs: Properties) -> Object:
        self.id, self.state, self.inputs = state.id or self.id, state.outputs, inputs
        if not state.id:
            self.id = ""
        live: Object = plain(state.outputs)
        return live

    def _request(self, inputs: Mapping[str, Any], **request: Any) -> Request:
        given = dict(inputs)
        return Request(
            urn=urn(plain(given or self.inputs), self._name, patch=self._patch),
            inputs=given,
            old_inputs=self.inputs,
            state=self.state,
            id=self.id,
            **request,
        )


def managers(obj: Object) -> dict[str, str]:
    """Who manages fields of `obj` itself, and how: manager → operation."""
    entries = obj["metadata"]["managedFields"]
    return {entry["manager"]: entry["operation"] for entry in entries if not entry.get("subresource")}


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
