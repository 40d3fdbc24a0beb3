"""What is in an authority of the user's own: apart from its model, since few stack files have one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from spec.problems import Code, Finding

_SMALLEST: Final = 2048  # bits of an RSA key
_CERTIFICATE: Final = ("certificate",)


def public_key(certificate: str) -> str:
    """The public key of a certificate (PEM), as PEM (SubjectPublicKeyInfo)."""
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def fingerprint(certificate: str) -> str:
    """The SHA-256 of a certificate (PEM), in hexadecimal digits."""
    return x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA256()).hex()


def authority_findings(certificate: str, key: str | None) -> Iterator[Finding]:
    """What is wrong with an authority's certificate (PEM), and with its key, if that can be read."""
    try:
        (found,) = x509.load_pem_x509_certificates(certificate.encode())
    except ValueError:
        remedy = "Write the authority's own certificate, and nothing else."
        yield _finding("something else", "one certificate in PEM", remedy)
        return
    yield from _certificate_findings(found)
    if key is not None:
        yield from _key_findings(found, key)


def _certificate_findings(found: x509.Certificate) -> Iterator[Finding]:
    subject = found.subject.rfc4514_string() or "a certificate without a name"
    if not _may_sign(found):
        allowed = "a certificate with CA:TRUE, and keyCertSign where it states what its key is for"
        yield _finding(f"{subject}, which may sign no certificates", allowed, "Give the authority's certificate.")
    now, begins, ends = datetime.now(UTC), found.not_valid_before_utc, found.not_valid_after_utc
    if not begins <= now < ends:
        when = f"ended on {ends:%d %B %Y}" if now >= ends else f"begins on {begins:%d %B %Y}"
        yield _finding(f"{subject}, which {when}", "one that holds today", "Have it issued anew, with the same key.")
    public = found.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey) and not (
        isinstance(public, rsa.RSAPublicKey) and public.key_size >= _SMALLEST
    ):
        remedy = "Make an authority with another key."
        yield _finding(f"{subject}, with another key", f"a key of ECDSA, or of RSA with {_SMALLEST} bits", remedy)


def _may_sign(found: x509.Certificate) -> bool:
    try:
        if not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        return found.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound as missing:
        return missing.oid == x509.KeyUsage.oid


def _key_findings(found: x509.Certificate, key: str) -> Iterator[Finding]:
    at = ("key",)
    try:
        private = load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        remedy = "Encrypt it again: `pulumi config set --secret --path '{where}' < ca.key`."
        yield Finding(Code.BAD_AUTHORITY, "something else", "a private key in PEM without a passphrase", remedy, at=at)
        return
    if private.public_key() != found.public_key():
        remedy = "Give the key that the certificate was made with."
        yield Finding(Code.BAD_AUTHORITY, "the key of another certificate", "the certificate's own", remedy, at=at)


def _finding(found: str, allowed: str, remedy: str) -> Finding:
    return Finding(Code.BAD_AUTHORITY, found, allowed, remedy, at=_CERTIFICATE)
