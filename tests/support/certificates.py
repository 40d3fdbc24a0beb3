"""Keys and certificates that a program asks for, really made."""

from collections.abc import Mapping
from typing import Any

from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockResourceArgs

from common.wire import plain
from rehearsal.providers.base import ProviderError, Request
from rehearsal.providers.clouds.provider import CloudStandIn
from rehearsal.providers.tls.provider import TlsProvider
from tests.support.registered import Cloud


class WithCertificates(Cloud):
    """Answers for `tls` by its stand-in, and for all else as the recorder does."""

    def __init__(self) -> None:
        self._tls = TlsProvider()

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ.startswith(f"{self._tls.name}:"):
            return make(self._tls, args.typ, args.name, args.inputs)
        return super().new_resource(args)


def make(provider: CloudStandIn | TlsProvider, type_: str, name: str, given: Mapping[str, Any]) -> tuple[str, Any]:
    """Make a resource at a stand-in: its id and outputs; ProviderError says why it cannot be."""
    request = Request(f"urn:pulumi:played::polykube::{type_}::{name}", whole(given))
    inputs, failures = provider.check(request)
    for failure in failures:
        raise ProviderError(f"{request.urn}: {failure.property} {failure.reason}")
    made = provider.create(Request(request.urn, inputs))
    return made.id, plain(made.outputs)


def whole(value: Any) -> Any:
    """A value with its whole numbers as such, and what is secret as it is: the monitor knows neither."""
    if rpc.is_rpc_secret(value):
        return whole(rpc.unwrap_rpc_secret(value))
    match value:
        case Mapping():
            return {key: whole(each) for key, each in value.items()}
        case list():
            return [whole(each) for each in value]
        case float() if value.is_integer():
            return int(value)
    return value
