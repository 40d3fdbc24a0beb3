"""The provider: all kinds under their type tokens, and its functions."""

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Final

from common.wire import Properties
from rehearsal.providers.base import Failure, NotModelled
from rehearsal.providers.computed import Computed, ComputedType
from rehearsal.providers.tls.certificates import LocallySignedCert, SelfSignedCert
from rehearsal.providers.tls.functions import get_certificate, get_public_key
from rehearsal.providers.tls.keys import PrivateKey
from rehearsal.providers.tls.requests import CertRequest

_KINDS: Final[tuple[ComputedType, ...]] = (CertRequest(), LocallySignedCert(), PrivateKey(), SelfSignedCert())
_FUNCTIONS: Final[Mapping[str, Callable[[Properties], Properties]]] = {
    "tls:index/getCertificate:getCertificate": get_certificate,
    "tls:index/getPublicKey:getPublicKey": get_public_key,
}


class TlsProvider(Computed):
    """The stand-in of pulumi-tls."""

    name = "tls"
    version = "5.6.2"
    kinds: ClassVar = {kind.schema.type: kind for kind in _KINDS}

    def check_config(self, old: Properties, new: Properties) -> Iterable[Failure]:
        if "proxy" in new:
            return [Failure("proxy", "is not modelled by the stand-in provider, which never uses the network")]
        return super().check_config(old, new)

    def invoke(self, token: str, arguments: Properties) -> Properties:
        if token not in _FUNCTIONS:
            raise NotModelled(token, "functions")
        return _FUNCTIONS[token](arguments)
