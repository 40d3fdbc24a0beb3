"""Making a certificate: key usages, validity, extensions, signature.

Extensions, their order and what is critical follow Go's `crypto/x509` (1.26), on which the official
provider rests, and its template in internal/provider/common_cert.go (v4.3).
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from common.wire import Properties
from rehearsal.providers.tls.parsing import Key

_SERIAL_BITS: Final = 128
_KEY_USAGES: Final = {
    "digital_signature": "digital_signature",
    "content_commitment": "content_commitment",
    "key_encipherment": "key_encipherment",
    "data_encipherment": "data_encipherment",
    "key_agreement": "key_agreement",
    "cert_signing": "key_cert_sign",
    "crl_signing": "crl_sign",
    "encipher_only": "encipher_only",
    "decipher_only": "decipher_only",
}
_EXTENDED_KEY_USAGES: Final = {
    "any_extended": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server_auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code_signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email_protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "ipsec_end_system": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5"),
    "ipsec_tunnel": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.6"),
    "ipsec_user": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.7"),
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp_signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "microsoft_server_gated_crypto": x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
    "netscape_server_gated_crypto": x509.ObjectIdentifier("2.16.840.1.113730.4.1"),
    "microsoft_commercial_code_signing": x509.ObjectIdentifier("1.3.6.1.4.1.311.2.1.22"),
    "microsoft_kernel_code_signing": x509.ObjectIdentifier("1.3.6.1.4.1.311.61.1.1"),
}


@dataclass(frozen=True)
class Subject:
    """Who is vouched for."""

    name: x509.Name
    public_key: Any
    alternative_names: list[x509.GeneralName]


@dataclass(frozen=True)
class Issuer:
    """Who signs; `key_id` refers to the signing key, where that has an identifier."""

    name: x509.Name
    key: Key
    key_id: x509.AuthorityKeyIdentifier | None


def issue(inputs: Properties, subject: Subject, issuer: Issuer) -> x509.Certificate:
    """A certificate of `subject` by `issuer`, valid from now on, with what `inputs` asks for."""
    start = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=issuer.name,
        subject_name=subject.name,
        public_key=subject.public_key,
        serial_number=secrets.randbits(_SERIAL_BITS - 1) + 1,
        not_valid_before=start,
        not_valid_after=start + timedelta(hours=inputs["validityPeriodHours"]),
    )
    for extension, critical in _extensions(inputs, subject, issuer):
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer.key, signature_hash(issuer.key))


def _extensions(inputs: Properties, subject: Subject, issuer: Issuer) -> list[tuple[x509.ExtensionType, bool]]:
    authority = inputs["isCaCertificate"]
    length = inputs.get("maxPathLength", 0)
    extensions = usage_extensions(inputs["allowedUses"])
    # A path length of 0 sets no limit: so it is with the official provider, whatever its documentation says
    constraints = x509.BasicConstraints(authority, path_length=length if authority and length > 0 else None)
    extensions.append((constraints, True))
    if authority or inputs["setSubjectKeyId"]:
        extensions.append((x509.SubjectKeyIdentifier.from_public_key(subject.public_key), False))
    if issuer.key_id:
        extensions.append((issuer.key_id, False))
    if subject.alternative_names:
        extensions.append((x509.SubjectAlternativeName(subject.alternative_names), not subject.name))
    return extensions


def usage_extensions(allowed_uses: list[str]) -> list[tuple[x509.ExtensionType, bool]]:
    """The extensions for `allowed_uses`, each with whether it is critical.

    ValueError when a use is unknown, or when the uses contradict RFC 5280, section 4.2.1.3.
    """
    unknown = [use for use in allowed_uses if use not in _KEY_USAGES and use not in _EXTENDED_KEY_USAGES]
    if unknown:
        raise ValueError(f"each item must be one of {', '.join(sorted([*_KEY_USAGES, *_EXTENDED_KEY_USAGES]))}")
    extensions: list[tuple[x509.ExtensionType, bool]] = []
    bits = {bit: use in allowed_uses for use, bit in _KEY_USAGES.items()}
    if any(bits.values()):
        extensions.append((x509.KeyUsage(**bits), True))
    extended = [_EXTENDED_KEY_USAGES[use] for use in allowed_uses if use in _EXTENDED_KEY_USAGES]
    if extended:
        extensions.append((x509.ExtendedKeyUsage(extended), False))
    return extensions


def signature_hash(key: Key) -> Any:
    """The hash that goes with a signature by `key`; Ed25519 has its own."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    match key.curve if isinstance(key, ec.EllipticCurvePrivateKey) else None:
        case ec.SECP384R1():
            return hashes.SHA384()
        case ec.SECP521R1():
            return hashes.SHA512()
    return hashes.SHA256()


def timestamp(time: datetime) -> str:
    """A time in UTC as RFC 3339 writes it, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
