"""PEM in, objects out. Whatever cannot be read is a ValueError that says what was expected."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def pem_key(pem: str) -> Key:
    """The private key in `pem`: PKCS#1, SEC 1 or PKCS#8, not encrypted. ValueError when it is none."""
    return _read(load_pem_private_key, pem, "must be an unencrypted RSA, ECDSA or Ed25519 private key in PEM")


def openssh_key(pem: str) -> Key:
    """The private key in OpenSSH's own form. ValueError when it is none."""
    return _read(load_ssh_private_key, pem, "must be an unencrypted private key in OpenSSH's form")


def _read(load: Callable[[bytes, None], object], pem: str, expected: str) -> Key:
    try:
        key = load(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(expected) from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise ValueError(expected)  # noqa: TRY004 - a wrong value of the right type
    return key


def certificate(pem: str) -> x509.Certificate:
    """The certificate in `pem`."""
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise ValueError("must be a certificate in PEM") from error


def certificate_request(pem: str) -> x509.CertificateSigningRequest:
    """The certificate request in `pem`."""
    try:
        return x509.load_pem_x509_csr(pem.encode())
    except ValueError as error:
        raise ValueError("must be a certificate request in PEM") from error


def extension(holder: x509.Certificate | x509.CertificateSigningRequest, kind: type[_Extension]) -> _Extension | None:
    """The extension of that kind, None where there is none."""
    try:
        return holder.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
