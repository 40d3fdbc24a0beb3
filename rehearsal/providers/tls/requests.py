"""`CertRequest`, and the parts that requests and certificates share: subject and alternative names."""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import ClassVar, Final
from urllib.parse import urlsplit

import pulumi_tls as sdk
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from common.wire import Properties
from rehearsal.providers.base import Failure
from rehearsal.providers.computed import ComputedType, Made
from rehearsal.providers.input_checks import accepted_by, each, not_modelled
from rehearsal.providers.tls.issuing import signature_hash
from rehearsal.providers.tls.keys import algorithm, sha1
from rehearsal.providers.tls.parsing import pem_key

# In the order in which the official provider writes them
_SUBJECT: Final = {
    "country": NameOID.COUNTRY_NAME,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "streetAddresses": NameOID.STREET_ADDRESS,
    "postalCode": NameOID.POSTAL_CODE,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "commonName": NameOID.COMMON_NAME,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}


def distinguished_name(subject: Properties) -> x509.Name:
    """The name for an input `subject`. ValueError when RFC 5280 has no place for one of its values."""
    parts = []
    for name, oid in _SUBJECT.items():
        value = subject.get(name) or []
        try:
            attributes = [x509.NameAttribute(oid, item) for item in (value if isinstance(value, list) else [value])]
        except ValueError as error:
            raise ValueError(f"has a problem in {name}: {error}") from error
        if attributes:
            parts.append(x509.RelativeDistinguishedName(attributes))
    return x509.Name(parts)


def alternative_names(inputs: Properties) -> list[x509.GeneralName]:
    """The subject alternative names that `inputs` asks for; empty when it asks for none."""
    return [
        *map(x509.DNSName, inputs.get("dnsNames", ())),
        *(x509.IPAddress(ip_address(address)) for address in inputs.get("ipAddresses", ())),
        *map(_uri, inputs.get("uris", ())),
    ]


def _uri(text: str) -> x509.UniformResourceIdentifier:
    if not urlsplit(text).scheme:
        raise ValueError("an alternative name has to be an absolute URI (RFC 5280, section 4.2.1.6)")
    return x509.UniformResourceIdentifier(text)


class Requested(ComputedType):
    """The base of kinds that say who a key belongs to."""

    rules: ClassVar = {
        "privateKeyPem": accepted_by(pem_key),
        "privateKeyPemWo": not_modelled,
        "privateKeyPemWoVersion": not_modelled,
        "subject": accepted_by(distinguished_name),
        "dnsNames": each(accepted_by(x509.DNSName, "must be a DNS name in ASCII")),
        "ipAddresses": each(accepted_by(ip_address, "must be an IPv4 or IPv6 address")),
        "uris": each(accepted_by(_uri, "must be an absolute URI in ASCII")),
    }

    def problems(self, inputs: Properties) -> Iterable[Failure]:
        if "privateKeyPem" not in inputs:
            yield Failure("privateKeyPem", "is required")


class CertRequest(Requested):
    """`CertRequest`; its id is the SHA-1 of the request (DER)."""

    sdk = sdk.CertRequest

    def create(self, inputs: Properties) -> Made:
        key = pem_key(inputs["privateKeyPem"])
        builder = x509.CertificateSigningRequestBuilder(distinguished_name(inputs.get("subject", {})))
        if names := alternative_names(inputs):
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        request = builder.sign(key, signature_hash(key))
        return Made(
            sha1(request.public_bytes(Encoding.DER)),
            {
                "certRequestPem": request.public_bytes(Encoding.PEM).decode(),
                "keyAlgorithm": algorithm(key),
            },
        )
