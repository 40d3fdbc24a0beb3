"""Messages from a provider to the person who watches the engine's output."""

from functools import cached_property
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.proto.engine_pb2_grpc import EngineStub

from rehearsal.providers.discretion import discreet


class EngineLog:
    """Speaks to the engine at `address`; without an address there is nobody to tell, and messages are dropped."""

    def __init__(self, address: str = "") -> None:
        self._address = address

    def warn(self, urn: str, message: str) -> None:
        """A warning that stays in the output, beside the resource."""
        self._send(engine_pb2.WARNING, urn, message)

    def info(self, urn: str, message: str) -> None:
        """A note that stays in the output, beside the resource."""
        self._send(engine_pb2.INFO, urn, message)

    def status(self, urn: str, message: str) -> None:
        """What an operation is doing right now; the next status replaces it, an empty one clears it."""
        self._send(engine_pb2.INFO, urn, message, ephemeral=True)

    def _send(self, severity: Any, urn: str, message: str, *, ephemeral: bool = False) -> None:
        if not self._address:
            return
        request = engine_pb2.LogRequest(severity=severity, urn=urn, message=discreet(message), ephemeral=ephemeral)
        try:
            self._engine.Log(request)
        except grpc.RpcError:
            return  # the engine is going away, and with it whoever would have read this

    @cached_property
    def _engine(self) -> Any:
        return EngineStub(grpc.insecure_channel(self._address))
