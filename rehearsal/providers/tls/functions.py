"""The functions `getPublicKey` and `getCertificate`, the latter for a certificate at hand, not for a URL."""

from collections.abc import Callable
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PSS
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from common.wire import Properties, plain
from rehearsal.providers.base import NotModelled, ProviderError
from rehearsal.providers.tls.issuing import timestamp
from rehearsal.providers.tls.keys import algorithm, described, sha1
from rehearsal.providers.tls.parsing import certificate, extension, openssh_key, pem_key

_Parsed = TypeVar("_Parsed")

_SHORT_NAMES: Final = {NameOID.SERIAL_NUMBER: "SERIALNUMBER", NameOID.POSTAL_CODE: "POSTALCODE"}


def get_public_key(arguments: Properties) -> Properties:
    """The public half of the key in `privateKeyPem` or `privateKeyOpenssh`."""
    given = _only_one(arguments, "privateKeyPem", "privateKeyOpenssh")
    key = _parsed(pem_key if given == "privateKeyPem" else openssh_key, given, arguments)
    public = described(key)
    return {**arguments, **public.outputs, "id": public.id, "algorithm": algorithm(key)}


def get_certificate(arguments: Properties) -> Properties:
    """What the certificate in `content` says. Its `id` is our own; the official one hashes a Go printout."""
    if _only_one(arguments, "content", "url") == "url":
        raise NotModelled("tls:index/getCertificate:getCertificate", "the argument url")
    if arguments.get("verifyChain") is not None:
        raise ProviderError("verifyChain cannot be given together with content")
    details = _details(_parsed(certificate, "content", arguments))
    return {**arguments, "verifyChain": True, "certificates": [details], "id": sha1(details["certPem"].encode())}


def _parsed(parse: Callable[[str], _Parsed], name: str, arguments: Properties) -> _Parsed:
    try:
        return parse(plain(arguments[name]))
    except ValueError as error:
        raise ProviderError(f"{name} {error}") from error


def _only_one(arguments: Properties, *names: str) -> str:
    given = [name for name in names if arguments.get(name) is not None]
    if len(given) != 1:
        raise ProviderError(f"exactly one of {' and '.join(names)} must be given")
    return given[0]


def _details(holder: x509.Certificate) -> Properties:
    constraints = extension(holder, x509.BasicConstraints) or x509.BasicConstraints(ca=False, path_length=None)
    return {
        "certPem": holder.public_bytes(Encoding.PEM).decode(),
        "isCa": constraints.ca,
        "issuer": holder.issuer.rfc4514_string(_SHORT_NAMES),
        "maxPathLength": -1 if constraints.path_length is None else constraints.path_length,
        "notAfter": timestamp(holder.not_valid_after_utc),
        "notBefore": timestamp(holder.not_valid_before_utc),
        "publicKeyAlgorithm": _key_algorithm(holder),
        "serialNumber": str(holder.serial_number),
        "sha1Fingerprint": holder.fingerprint(hashes.SHA1()).hex(),  # noqa: S303 - what the output is
        "signatureAlgorithm": _signature_algorithm(holder),
        "subject": holder.subject.rfc4514_string(_SHORT_NAMES),
        "version": holder.version.value + 1,
    }


def _key_algorithm(holder: x509.Certificate) -> str:
    match holder.public_key():
        case rsa.RSAPublicKey():
            return "RSA"
        case ec.EllipticCurvePublicKey():
            return "ECDSA"
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
    raise NotModelled("tls:index/getCertificate:getCertificate", "certificates with this kind of key")


def _signature_algorithm(holder: x509.Certificate) -> str:
    """The algorithm's name as Go prints it."""
    digest = holder.signature_hash_algorithm
    if digest is None:
        return "Ed25519"
    match holder.signature_algorithm_parameters:
        case ec.ECDSA():
            return f"ECDSA-{digest.name.upper()}"
        case PSS():
            return f"{digest.name.upper()}-RSAPSS"
    return f"{digest.name.upper()}-RSA"
