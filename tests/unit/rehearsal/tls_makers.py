"""Keys, requests and certificates for tests, made by the `tls` stand-in."""

from functools import cache
from typing import Any, Final

from cryptography import x509

from common.wire import Properties
from rehearsal.providers.base import ResourceState
from rehearsal.providers.tls.provider import TlsProvider
from tests.unit.rehearsal.desk import Desk

DESK: Final = Desk(TlsProvider())
KEYS: Final[list[dict[str, Any]]] = [
    {"algorithm": "RSA", "rsaBits": 1024},
    {"algorithm": "ECDSA", "ecdsaCurve": "P224"},
    {"algorithm": "ECDSA", "ecdsaCurve": "P256"},
    {"algorithm": "ECDSA", "ecdsaCurve": "P384"},
    {"algorithm": "ECDSA", "ecdsaCurve": "P521"},
    {"algorithm": "ED25519"},
]


def name_of(value: Any) -> str:
    """A test id for an entry of `KEYS`."""
    return "-".join(map(str, value.values()))


@cache
def key_pem(algorithm: str = "ECDSA", curve: str = "P256") -> str:
    """A private key, the same one each time."""
    return str(DESK.outputs("PrivateKey", algorithm=algorithm, ecdsaCurve=curve)["privateKeyPem"])


def authority_inputs(**more: Any) -> Properties:
    """The inputs of a self-signed certificate authority."""
    return {
        "privateKeyPem": key_pem(),
        "allowedUses": ["cert_signing", "crl_signing"],
        "validityPeriodHours": 48,
        "isCaCertificate": True,
        "subject": {"commonName": "Test CA", "organization": "Test"},
        **more,
    }


def authority(**more: Any) -> ResourceState:
    """A self-signed certificate authority."""
    return DESK.create("SelfSignedCert", **authority_inputs(**more))


def request_pem(**inputs: Any) -> str:
    """A request for a server's certificate, with alternative names of all sorts."""
    names = {"dnsNames": ["api.test"], "ipAddresses": ["10.0.0.1"], "uris": ["spiffe://test/api"]}
    inputs = {"privateKeyPem": key_pem("ED25519"), "subject": {"commonName": "api"}, **names, **inputs}
    return str(DESK.outputs("CertRequest", **inputs)["certRequestPem"])


def leaf_inputs(**more: Any) -> Properties:
    """The inputs of a server's certificate, signed by an `authority()`."""
    return {
        "caCertPem": authority().outputs["certPem"],
        "caPrivateKeyPem": key_pem(),
        "certRequestPem": request_pem(),
        "allowedUses": ["digital_signature", "server_auth"],
        "validityPeriodHours": 24,
        **more,
    }


def parsed(state: ResourceState) -> x509.Certificate:
    """The certificate in the outputs of `state`."""
    return x509.load_pem_x509_certificate(state.outputs["certPem"].encode())


def extension(certificate: x509.Certificate, kind: Any) -> Any:
    """The certificate's extension of that kind."""
    return certificate.extensions.get_extension_for_class(kind).value
