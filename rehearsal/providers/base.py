"""The base of all stand-in providers: `pulumirpc.ResourceProvider` on one side, plain Python on the other.

A stand-in subclasses `StandIn` and answers in the terms of this module (`Request`, `Diff`, `ResourceState`);
protobuf, the wire form of secrets and error details stay here. It refuses what it does not model with
`NotModelled`, which reaches the user as an error that names type and property: a stand-in that says yes
to everything proves nothing.

Protocol: proto/pulumi/provider.proto, v3.259.
"""

import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ClassVar, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import ResourceProviderServicer, plugin_pb2, provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import add_ResourceProviderServicer_to_server

from common.plugin_process import serve
from common.wire import Properties, decode, encode, holds_secret
from rehearsal.providers.discretion import discreet, discretion_of
from rehearsal.providers.engine_log import EngineLog

ADD = provider_pb2.PropertyDiff.ADD
ADD_REPLACE = provider_pb2.PropertyDiff.ADD_REPLACE
DELETE = provider_pb2.PropertyDiff.DELETE
DELETE_REPLACE = provider_pb2.PropertyDiff.DELETE_REPLACE
UPDATE = provider_pb2.PropertyDiff.UPDATE
UPDATE_REPLACE = provider_pb2.PropertyDiff.UPDATE_REPLACE


@dataclass(frozen=True)
class Request:
    """What every resource operation is told.

    `inputs` are the checked new inputs (for `read` and `delete`: the stored ones), `old_inputs` the stored
    inputs, `state` the stored outputs; `id` is empty before create. `timeout` is in seconds, 0 means the
    provider's own default. `seed` is the engine's, for names that stay the same within one run.
    """

    urn: str
    inputs: Properties = field(default_factory=dict)
    old_inputs: Properties = field(default_factory=dict)
    state: Properties = field(default_factory=dict)
    id: str = ""
    preview: bool = False
    timeout: float = 0.0
    ignore_changes: tuple[str, ...] = ()
    seed: bytes = b""
    autonaming: Any = None

    @property
    def type(self) -> str:
        """The resource's type token, as in `random:index/randomPassword:RandomPassword`."""
        return self.urn.split("::")[2].rsplit("$", 1)[-1]

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.split("::", 3)[3]


@dataclass(frozen=True)
class Failure:
    """An input that `check` refuses; `property` may be empty when no single input is at fault."""

    property: str
    reason: str


@dataclass(frozen=True)
class ResourceState:
    """What the provider knows of a resource after an operation; an empty `id` from `read` means gone."""

    id: str
    outputs: Properties
    inputs: Properties | None = None


@dataclass(frozen=True)
class Diff:
    """What changed: `detailed` maps a property path to a kind of this module (ADD … UPDATE_REPLACE).

    `forced` are paths that force a replacement though `detailed` does not say so. `input_paths` are those
    whose old value is an input rather than an output; None means all. `names_properties`: the answer also
    lists the top-level properties that changed, as bridged providers do.
    """

    detailed: Mapping[str, Any] = field(default_factory=dict)
    delete_before_replace: bool = False
    changed: bool | None = None
    forced: tuple[str, ...] = ()
    input_paths: frozenset[str] | None = None
    names_properties: bool = True

    @property
    def replaces(self) -> list[str]:
        """The paths that force a replacement, sorted."""
        replacing = (p for p, kind in self.detailed.items() if kind in (ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE))
        return sorted({*replacing, *self.forced})


class ProviderError(Exception):
    """An operation failed and left nothing behind that the engine should know of."""


class NotModelled(ProviderError):
    """The stand-in was asked for something that it does not play."""

    def __init__(self, type_: str, what: str) -> None:
        super().__init__(f"the stand-in provider does not model {what} of {type_}; install the official plugin")


class InitializationFailed(ProviderError):
    """The object exists but is not as it should be; the engine keeps `state` and shows `reasons`."""

    def __init__(self, state: ResourceState, reasons: Iterable[str]) -> None:
        self.state = state
        self.reasons = tuple(reasons)
        super().__init__("; ".join(self.reasons))


def _answers(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what a stand-in raises into the gRPC error that the engine expects."""

    @wraps(method)
    def answer(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        with discretion_of(request):
            try:
                return method(self, request, context)
            except InitializationFailed as failed:
                _abort_partially(context, failed)
            except ProviderError as error:
                context.abort(grpc.StatusCode.UNKNOWN, discreet(str(error)))
            except Exception as error:  # noqa: BLE001 - the last line before the engine
                print(discreet(traceback.format_exc()), file=sys.stderr)
                context.abort(grpc.StatusCode.INTERNAL, discreet(f"defect in the stand-in provider: {error!r}"))

    return answer


def _abort_partially(context: grpc.ServicerContext, failed: InitializationFailed) -> NoReturn:
    message = discreet(str(failed))
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=failed.state.id,
            properties=encode(failed.state.outputs),
            inputs=None if failed.state.inputs is None else encode(failed.state.inputs),
            reasons=[discreet(reason) for reason in failed.reasons],
        )
    )
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=message, details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, message)


class StandIn(ABC, ResourceProviderServicer):
    """A provider that plays an official one of the same `name` and `version`."""

    name: ClassVar[str]
    version: ClassVar[str]
    log: EngineLog = EngineLog()

    # What a stand-in answers -------------------------------------------------------------------------

    def configure(self, config: Mapping[str, Any]) -> None:
        """Take the provider's configuration (decoded; secrets unwrapped). Called once."""

    def check_config(self, old: Properties, new: Properties) -> Iterable[Failure]:
        """Problems of the provider's own inputs."""
        return ()

    def diff_config(self, old: Properties, new: Properties) -> Diff:
        """What a change of the provider's inputs means for its resources."""
        return Diff({key: UPDATE for key in old.keys() | new.keys() if old.get(key) != new.get(key)})

    @abstractmethod
    def check(self, request: Request) -> tuple[Properties, Iterable[Failure]]:
        """The inputs with defaults filled in, and what is wrong with them."""

    @abstractmethod
    def diff(self, request: Request) -> Diff:
        """What changed from `old_inputs`/`state` to `inputs`."""

    @abstractmethod
    def create(self, request: Request) -> ResourceState:
        """Create the resource; in preview, foretell its outputs."""

    @abstractmethod
    def read(self, request: Request) -> ResourceState:
        """The resource as it is now; with no `state`, for an import."""

    @abstractmethod
    def update(self, request: Request) -> ResourceState:
        """Bring the resource to `inputs`; in preview, foretell its outputs."""

    @abstractmethod
    def delete(self, request: Request) -> None:
        """Delete the resource; one that is gone already counts as deleted."""

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Call a function of the provider."""
        raise NotModelled(token, "functions")

    def cancel(self) -> None:
        """Give up whatever is under way, soon."""

    # The protocol ------------------------------------------------------------------------------------

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=False, accept_outputs=False, supports_autonaming_configuration=True
        )

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self.version)

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        self.cancel()
        return empty_pb2.Empty()

    @_answers
    def CheckConfig(self, request: Any, context: Any) -> Any:
        inputs = decode(request.news)
        failures = self.check_config(decode(request.olds), inputs)
        # The engine tells here of no value whether it is secret, so any of them may be.
        return provider_pb2.CheckResponse(inputs=request.news, failures=_wire_failures(failures, inputs.keys()))

    @_answers
    def DiffConfig(self, request: Any, context: Any) -> Any:
        return _wire_diff(self.diff_config(decode(request.olds), decode(request.news)))

    @_answers
    def Configure(self, request: Any, context: Any) -> Any:
        self.configure(dict(request.variables))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    @_answers
    def Invoke(self, request: Any, context: Any) -> Any:
        answer = provider_pb2.InvokeResponse()
        getattr(answer, "return").CopyFrom(encode(self.invoke(request.tok, decode(request.args))))
        return answer

    @_answers
    def Construct(self, request: Any, context: Any) -> Any:
        raise NotModelled(request.type, "components")

    @_answers
    def Check(self, request: Any, context: Any) -> Any:
        given = decode(request.news)
        inputs, failures = self.check(
            Request(
                urn=request.urn,
                inputs=given,
                old_inputs=decode(request.olds),
                seed=request.randomSeed,
                autonaming=request.autonaming if request.HasField("autonaming") else None,
            )
        )
        secret = {name for name, value in (*given.items(), *inputs.items()) if holds_secret(value)}
        return provider_pb2.CheckResponse(inputs=encode(inputs), failures=_wire_failures(failures, secret))

    @_answers
    def Diff(self, request: Any, context: Any) -> Any:
        return _wire_diff(self.diff(_update_request(request)))

    @_answers
    def Create(self, request: Any, context: Any) -> Any:
        state = self.create(
            Request(
                urn=request.urn, inputs=decode(request.properties), preview=request.preview, timeout=request.timeout
            )
        )
        return provider_pb2.CreateResponse(id=state.id, properties=encode(state.outputs))

    @_answers
    def Read(self, request: Any, context: Any) -> Any:
        stored = decode(request.inputs)
        state = self.read(_stored_request(request, stored))
        inputs = stored if state.inputs is None else state.inputs
        return provider_pb2.ReadResponse(id=state.id, properties=encode(state.outputs), inputs=encode(inputs))

    @_answers
    def Update(self, request: Any, context: Any) -> Any:
        state = self.update(_update_request(request))
        return provider_pb2.UpdateResponse(properties=encode(state.outputs))

    @_answers
    def Delete(self, request: Any, context: Any) -> Any:
        self.delete(_stored_request(request, decode(request.old_inputs)))
        return empty_pb2.Empty()

    @classmethod
    def main(cls) -> None:
        """Entry point of the plugin executable; the engine's address is the first argument."""
        provider = cls()
        provider.log = EngineLog(*sys.argv[1:2])
        serve(lambda server: add_ResourceProviderServicer_to_server(provider, server))


def _stored_request(request: Any, inputs: Properties) -> Request:
    """The common part of ReadRequest and DeleteRequest, which speak of what is stored alone."""
    return Request(
        urn=request.urn,
        id=request.id,
        inputs=inputs,
        old_inputs=inputs,
        state=decode(request.properties),
        timeout=request.timeout,
    )


def _update_request(request: Any) -> Request:
    """The common part of DiffRequest and UpdateRequest."""
    return Request(
        urn=request.urn,
        id=request.id,
        inputs=decode(request.news),
        old_inputs=decode(request.old_inputs),
        state=decode(request.olds),
        preview=getattr(request, "preview", False),
        timeout=getattr(request, "timeout", 0.0),
        ignore_changes=tuple(request.ignoreChanges),
    )


def _wire_failures(failures: Iterable[Failure], secret: Collection[str]) -> list[Any]:
    """The failures; one of a `secret` property names it in its reason, for the engine prints a named one's value."""
    return [
        provider_pb2.CheckFailure(reason=discreet(f"{failure.property} {failure.reason}"))
        if failure.property in secret
        else provider_pb2.CheckFailure(property=failure.property, reason=discreet(failure.reason))
        for failure in failures
    ]


def _wire_diff(diff: Diff) -> Any:
    changed = bool(diff.detailed or diff.forced) if diff.changed is None else diff.changed
    details = {
        path: provider_pb2.PropertyDiff(kind=kind, inputDiff=diff.input_paths is None or path in diff.input_paths)
        for path, kind in diff.detailed.items()
    }
    properties = sorted({path.partition(".")[0].partition("[")[0] for path in diff.detailed})
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=diff.replaces,
        diffs=properties if diff.names_properties else (),
        deleteBeforeReplace=diff.delete_before_replace,
        detailedDiff=details,
        hasDetailedDiff=True,
    )
