"""`PrivateKey`, and how keys are written.

RSA and ECDSA keys are written in their traditional forms (PKCS#1, SEC 1), Ed25519 keys as PKCS#8. OpenSSH
has no form for curve P224, so what depends on it is empty for such keys.
"""

import base64
import hashlib
from typing import ClassVar, Final

import pulumi_tls as sdk
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    ssh_key_fingerprint,
)

from common.wire import Properties
from rehearsal.providers.computed import ComputedType, Made
from rehearsal.providers.input_checks import one_of, within
from rehearsal.providers.tls.parsing import Key

_PUBLIC_EXPONENT: Final = 65537
_CURVES: Final = {"P224": ec.SECP224R1(), "P256": ec.SECP256R1(), "P384": ec.SECP384R1(), "P521": ec.SECP521R1()}


class PrivateKey(ComputedType):
    """`PrivateKey`; its id is the SHA-1 of the public key (DER)."""

    sdk = sdk.PrivateKey
    defaults: ClassVar = {"rsaBits": 2048, "ecdsaCurve": "P224"}
    rules: ClassVar = {
        "algorithm": one_of("RSA", "ECDSA", "ED25519"),
        "ecdsaCurve": one_of(*_CURVES),
        "rsaBits": within(1024, 16384),  # bounds of Go and of OpenSSL
    }
    state_version = 1

    def create(self, inputs: Properties) -> Made:
        key = _generate(inputs)
        public = described(key)
        traditional = (
            PrivateFormat.PKCS8 if isinstance(key, ed25519.Ed25519PrivateKey) else PrivateFormat.TraditionalOpenSSL
        )
        private = {
            "privateKeyPem": _written(key, traditional),
            "privateKeyPemPkcs8": _written(key, PrivateFormat.PKCS8),
            "privateKeyOpenssh": _written(key, PrivateFormat.OpenSSH) if has_openssh_form(key) else "",
        }
        return Made(public.id, {**private, **public.outputs})


def _generate(inputs: Properties) -> Key:
    match inputs["algorithm"]:
        case "RSA":
            return rsa.generate_private_key(_PUBLIC_EXPONENT, inputs["rsaBits"])
        case "ECDSA":
            return ec.generate_private_key(_CURVES[inputs["ecdsaCurve"]])
    return ed25519.Ed25519PrivateKey.generate()


def _written(key: Key, form: PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def algorithm(key: Key) -> str:
    """The name of the key's algorithm, as the input `algorithm` has it."""
    match key:
        case rsa.RSAPrivateKey():
            return "RSA"
        case ec.EllipticCurvePrivateKey():
            return "ECDSA"
    return "ED25519"


def has_openssh_form(key: Key) -> bool:
    """Whether OpenSSH knows keys like `key`."""
    return not (isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP224R1))


def described(key: Key) -> Made:
    """The id and the outputs that tell of a key's public half."""
    public = key.public_key()
    openssh = md5 = sha256 = ""
    if has_openssh_form(key):
        openssh = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + "\n"
        md5 = ssh_key_fingerprint(public, hashes.MD5()).hex(":")  # noqa: S303 - the form that ssh once showed
        digest = ssh_key_fingerprint(public, hashes.SHA256())
        sha256 = "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    outputs = {
        "publicKeyPem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "publicKeyOpenssh": openssh,
        "publicKeyFingerprintMd5": md5,
        "publicKeyFingerprintSha256": sha256,
    }
    return Made(sha1(der), outputs)


def sha1(data: bytes) -> str:
    """The hexadecimal SHA-1 that serves as an id."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
