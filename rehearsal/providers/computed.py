"""The base of stand-ins whose resources are computed once and live in the state alone.

`Computed` speaks for a provider, one `ComputedType` for each of its resource types. Nothing exists outside the
state: a refresh returns what is stored, a delete forgets it. The state has the shape that the official
bridged providers give it: outputs repeat the inputs with defaults filled in, inputs stay as written.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

import pulumi

from common.wire import UNKNOWN, Properties, has_unknown, plain, sealed
from rehearsal.providers.base import (
    ADD,
    ADD_REPLACE,
    DELETE,
    DELETE_REPLACE,
    UPDATE,
    UPDATE_REPLACE,
    Diff,
    Failure,
    NotModelled,
    ProviderError,
    Request,
    ResourceState,
    StandIn,
)
from rehearsal.providers.input_checks import Rule, input_problems, unknown_name
from rehearsal.providers.sdk_schema import resource_schema

_ENGINE_CONFIG = frozenset({"version", "pluginDownloadURL"})  # provider inputs that the engine itself adds


class Made(NamedTuple):
    """A result: the resource's id and its computed outputs, without secrets marked."""

    id: str
    outputs: Properties


class ComputedType(ABC):
    """How one resource type is checked, computed and compared."""

    sdk: ClassVar[type[pulumi.CustomResource]]
    defaults: ClassVar[Properties] = {}
    rules: ClassVar[Mapping[str, Rule]] = {}
    renewal_flag: ClassVar[str] = ""  # the output that says "replace me", for kinds that wear out
    has_id_output: ClassVar[bool] = True
    state_version: ClassVar[int] = 0  # the official provider's, so that it can take over the state

    def __init__(self) -> None:
        self.schema = resource_schema(self.sdk)

    @abstractmethod
    def create(self, inputs: Properties) -> Made:
        """Compute the resource from known, checked `inputs` with defaults filled in."""

    def problems(self, inputs: Properties) -> Iterable[Failure]:
        """What is wrong with `inputs` taken together; asked once all are known and each is right by itself."""
        return ()

    def planned(self, inputs: Properties) -> Properties:
        """`inputs` with defaults filled in."""
        return {**self.defaults, **inputs}

    def replaces(self, name: str, old: Any, new: Any) -> bool:
        """Whether a change of the property `name` (absent: None) means a new resource."""
        return True

    def is_due(self, outputs: Properties) -> bool:
        """Whether the resource with these plain `outputs` has worn out by now."""
        return False

    def adopt(self, id_: str) -> tuple[Properties, Made]:
        """Inputs and result for an import by `id_`."""
        raise ProviderError(f"{self.schema.type} does not support import")


class Computed(StandIn):
    """A provider of `kinds`, keyed by type token, without configuration that it models."""

    kinds: ClassVar[Mapping[str, ComputedType]]

    def check_config(self, old: Properties, new: Properties) -> Iterable[Failure]:
        return [unknown_name(name, name, ()) for name in new.keys() - _ENGINE_CONFIG]

    def check(self, request: Request) -> tuple[Properties, Iterable[Failure]]:
        kind = self._kind(request)
        inputs = {name: value for name, value in request.inputs.items() if value is not None}
        failures = list(input_problems(kind.schema, kind.rules, inputs))
        if not failures and not has_unknown(inputs):
            failures.extend(kind.problems(plain(inputs)))
        return sealed(inputs, kind.schema.secrets), failures

    def diff(self, request: Request) -> Diff:
        kind = self._kind(request)
        before, after = plain(request.state), plain(_updated(kind, request))
        detailed = {
            name: _change(kind, name, before.get(name), after.get(name))
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)
        }
        if kind.is_due(after):
            detailed[kind.renewal_flag] = UPDATE_REPLACE
        return Diff(detailed, input_paths=frozenset())  # old values are outputs: defaults stand there alone

    def create(self, request: Request) -> ResourceState:
        kind = self._kind(request)
        planned = kind.planned(request.inputs)
        if request.preview:
            made = Made("", dict.fromkeys(kind.schema.computed, UNKNOWN))
        else:
            made = kind.create(plain(planned))
        return ResourceState(made.id, _outputs(kind, planned, made))

    def read(self, request: Request) -> ResourceState:
        kind = self._kind(request)
        if request.state:
            return ResourceState(request.id, _settled(kind, request.state))
        inputs, made = kind.adopt(request.id)
        return ResourceState(made.id, _outputs(kind, kind.planned(inputs), made), inputs)

    def update(self, request: Request) -> ResourceState:
        return ResourceState(request.id, _updated(self._kind(request), request))

    def delete(self, request: Request) -> None:
        """Nothing to do: the state was all there is."""

    def _kind(self, request: Request) -> ComputedType:
        if request.type not in self.kinds:
            raise NotModelled(request.type, "resources")
        return self.kinds[request.type]


def _outputs(kind: ComputedType, planned: Properties, made: Made) -> Properties:
    """All outputs of a new resource; the id is unknown as long as it is empty."""
    outputs = {**planned, **made.outputs}
    if kind.has_id_output:
        outputs["id"] = made.id or UNKNOWN
    if kind.state_version:
        outputs["__meta"] = json.dumps({"schema_version": str(kind.state_version)}, separators=(",", ":"))
    return sealed(_settled(kind, outputs), kind.schema.secrets)


def _updated(kind: ComputedType, request: Request) -> Properties:
    """The outputs after an update in place to the request's inputs."""
    kept = {name: value for name, value in request.state.items() if name not in kind.schema.inputs}
    return sealed(_settled(kind, {**kept, **kind.planned(request.inputs)}), kind.schema.secrets)


def _settled(kind: ComputedType, outputs: Properties) -> Properties:
    """`outputs` with the renewal flag, which depends on the clock, brought up to date."""
    return {**outputs, kind.renewal_flag: kind.is_due(plain(outputs))} if kind.renewal_flag else outputs


def _change(kind: ComputedType, name: str, old: Any, new: Any) -> Any:
    in_place, replacing = (
        (ADD, ADD_REPLACE) if old is None else (DELETE, DELETE_REPLACE) if new is None else (UPDATE, UPDATE_REPLACE)
    )
    return replacing if kind.replaces(name, old, new) else in_place
