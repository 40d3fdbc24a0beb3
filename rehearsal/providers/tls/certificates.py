"""`SelfSignedCert` and `LocallySignedCert`.

A certificate wears out: within `earlyRenewalHours` of its end a refresh sets `readyForRenewal`, and the
next preview replaces it. `earlyRenewalHours` alone changes in place.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

import pulumi_tls as sdk
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from common.wire import UNKNOWN, Properties
from rehearsal.providers.base import Failure
from rehearsal.providers.computed import ComputedType, Made
from rehearsal.providers.input_checks import accepted_by, at_least, not_modelled, within
from rehearsal.providers.tls.issuing import Issuer, Subject, issue, timestamp, usage_extensions
from rehearsal.providers.tls.keys import algorithm
from rehearsal.providers.tls.parsing import certificate, certificate_request, extension, pem_key
from rehearsal.providers.tls.requests import Requested, alternative_names, distinguished_name

_LONGEST_VALIDITY: Final = 2_562_047  # hours; what Go's time.Duration holds, and the official one silently exceeds


class _Certificate(ComputedType):
    """What both kinds of certificates share; the id is the serial number."""

    defaults: ClassVar = {"earlyRenewalHours": 0, "isCaCertificate": False, "setSubjectKeyId": False}
    rules: ClassVar = {
        "allowedUses": accepted_by(usage_extensions),
        "earlyRenewalHours": at_least(0),
        "maxPathLength": at_least(-1),
        "validityPeriodHours": within(0, _LONGEST_VALIDITY),
    }
    renewal_flag = "readyForRenewal"

    def problems(self, inputs: Properties) -> Iterable[Failure]:
        yield from super().problems(inputs)
        if inputs.get("maxPathLength", 0) > 0 and not inputs.get("isCaCertificate"):
            yield Failure("maxPathLength", "must not be set unless isCaCertificate is true")

    def replaces(self, name: str, old: Any, new: Any) -> bool:
        return name not in ("earlyRenewalHours", self.renewal_flag)

    def is_due(self, outputs: Properties) -> bool:
        early, valid = outputs["earlyRenewalHours"], outputs["validityPeriodHours"]
        end = outputs["validityEndTime"]
        if early is UNKNOWN or valid is UNKNOWN:
            return False
        now = datetime.now(UTC)
        ends = now + timedelta(hours=valid) if end is UNKNOWN else datetime.fromisoformat(end)
        return now >= ends - timedelta(hours=early)


class SelfSignedCert(_Certificate, Requested):
    """`SelfSignedCert`."""

    sdk = sdk.SelfSignedCert
    defaults: ClassVar = {**_Certificate.defaults, "setAuthorityKeyId": False}
    rules: ClassVar = {**Requested.rules, **_Certificate.rules}

    def problems(self, inputs: Properties) -> Iterable[Failure]:
        yield from super().problems(inputs)
        if inputs.get("isCaCertificate") and not distinguished_name(inputs.get("subject", {})):
            yield Failure("subject", "must name something: a certificate authority needs a subject")
        if inputs.get("setAuthorityKeyId") and not (inputs.get("setSubjectKeyId") or inputs.get("isCaCertificate")):
            yield Failure("setAuthorityKeyId", "needs setSubjectKeyId or isCaCertificate, whose identifier it repeats")

    def create(self, inputs: Properties) -> Made:
        key = pem_key(inputs["privateKeyPem"])
        name = distinguished_name(inputs.get("subject", {}))
        key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        issuer = Issuer(name, key, key_id if inputs["setAuthorityKeyId"] else None)
        made = _issued(inputs, Subject(name, key.public_key(), alternative_names(inputs)), issuer)
        return made._replace(outputs={**made.outputs, "keyAlgorithm": algorithm(key)})


class LocallySignedCert(_Certificate):
    """`LocallySignedCert`: what a request asks for, signed by a CA at hand."""

    sdk = sdk.LocallySignedCert
    rules: ClassVar = {
        **_Certificate.rules,
        "caCertPem": accepted_by(certificate),
        "caPrivateKeyPem": accepted_by(pem_key),
        "caPrivateKeyPemWo": not_modelled,
        "caPrivateKeyPemWoVersion": not_modelled,
        "certRequestPem": accepted_by(certificate_request),
    }

    def problems(self, inputs: Properties) -> Iterable[Failure]:
        yield from super().problems(inputs)
        if "caPrivateKeyPem" not in inputs:
            yield Failure("caPrivateKeyPem", "is required")
            return
        authority = certificate(inputs["caCertPem"])
        if authority.public_key() != pem_key(inputs["caPrivateKeyPem"]).public_key():
            yield Failure("caPrivateKeyPem", "must be the private key of the certificate in caCertPem")
        if not (constraints := extension(authority, x509.BasicConstraints)) or not constraints.ca:
            yield Failure("caCertPem", "must be a certificate authority's (isCaCertificate is not set in it)")
        if inputs.get("isCaCertificate") and not certificate_request(inputs["certRequestPem"]).subject:
            yield Failure("certRequestPem", "must name a subject: a certificate authority needs one")

    def create(self, inputs: Properties) -> Made:
        key = pem_key(inputs["caPrivateKeyPem"])
        authority = certificate(inputs["caCertPem"])
        request = certificate_request(inputs["certRequestPem"])
        subject = Subject(_without_email(request.subject), request.public_key(), _requested_names(request))
        made = _issued(inputs, subject, Issuer(authority.subject, key, _key_id(authority)))
        return made._replace(outputs={**made.outputs, "caKeyAlgorithm": algorithm(key)})


def _issued(inputs: Properties, subject: Subject, issuer: Issuer) -> Made:
    issued = issue(inputs, subject, issuer)
    outputs = {
        "certPem": issued.public_bytes(Encoding.PEM).decode(),
        "validityStartTime": timestamp(issued.not_valid_before_utc),
        "validityEndTime": timestamp(issued.not_valid_after_utc),
    }
    return Made(str(issued.serial_number), outputs)


def _key_id(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier | None:
    own = extension(authority, x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own) if own else None


def _requested_names(request: x509.CertificateSigningRequest) -> list[x509.GeneralName]:
    names = extension(request, x509.SubjectAlternativeName) or ()
    return [name for name in names if isinstance(name, x509.DNSName | x509.IPAddress | x509.UniformResourceIdentifier)]


def _without_email(name: x509.Name) -> x509.Name:
    """The name as Go's `pkix.Name` keeps it, which has no field for an e-mail address."""
    return x509.Name([rdn for rdn in name.rdns if not rdn.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)])
