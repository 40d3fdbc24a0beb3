"""Asks a stand-in what the engine would ask, in the engine's order, without an engine."""

from dataclasses import dataclass

from common.wire import Properties, plain
from rehearsal.providers.base import Diff, Request, ResourceState
from rehearsal.providers.computed import Computed


@dataclass(frozen=True)
class Desk:
    """One provider; `kind` is a resource type's last name, such as `RandomPassword`."""

    provider: Computed

    def refusals(self, kind: str, **inputs: object) -> dict[str, str]:
        """What `check` has against `inputs`: property → reason."""
        _, failures = self.provider.check(self._request(kind, inputs=inputs))
        return {failure.property: failure.reason for failure in failures}

    def preview(self, kind: str, **inputs: object) -> Properties:
        """The outputs that a preview foretells for a new resource."""
        return self.provider.create(self._request(kind, inputs=inputs, preview=True)).outputs

    def create(self, kind: str, **inputs: object) -> ResourceState:
        """A new resource; its outputs are as stored, with secrets marked."""
        assert self.refusals(kind, **inputs) == {}
        return self.provider.create(self._request(kind, inputs=inputs))

    def outputs(self, kind: str, **inputs: object) -> Properties:
        """The outputs of a new resource, secrets unwrapped."""
        created: Properties = plain(self.create(kind, **inputs).outputs)
        return created

    def diff(self, kind: str, state: ResourceState, **inputs: object) -> Diff:
        """What new `inputs` mean for the resource in `state`."""
        return self.provider.diff(self._request(kind, id_=state.id, state=state.outputs, inputs=inputs))

    def update(self, kind: str, state: ResourceState, **inputs: object) -> ResourceState:
        """The resource after an update in place to `inputs`."""
        return self.provider.update(self._request(kind, id_=state.id, state=state.outputs, inputs=inputs))

    def refresh(self, kind: str, state: ResourceState) -> ResourceState:
        """The resource as a refresh finds it."""
        return self.provider.read(self._request(kind, id_=state.id, state=state.outputs))

    def imported(self, kind: str, id_: str) -> ResourceState:
        """The resource that an import by `id_` finds."""
        return self.provider.read(self._request(kind, id_=id_))

    def _request(
        self,
        kind: str,
        *,
        inputs: Properties | None = None,
        id_: str = "",
        state: Properties | None = None,
        preview: bool = False,
    ) -> Request:
        token = next(token for token in self.provider.kinds if token.endswith(f":{kind}"))
        urn = f"urn:pulumi:dev::test::{token}::subject"
        return Request(urn=urn, inputs=inputs or {}, id=id_, state=state or {}, preview=preview)
