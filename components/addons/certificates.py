"""Certificates of an add-on's own: for what only its own parts, or the API server, have to trust."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_tls as tls

_YEAR: Final = 365 * 24  # hours


@dataclass(frozen=True)
class Certified:
    """The authority's certificate, and the one that it signed, with its key; PEM."""

    authority: pulumi.Output[str]
    certificate: pulumi.Output[str]
    key: pulumi.Output[str]


def certify(add_on: str, host: str, names: Sequence[str], parent: pulumi.Resource) -> Certified:
    """A certificate of `host` for `names` by an authority of the add-on's own; an `up` of its second year renews it."""
    options = pulumi.ResourceOptions(parent=parent)
    name = f"{add_on}-authority"
    authority_key = tls.PrivateKey(name, algorithm="ECDSA", ecdsa_curve="P256", opts=options)
    authority = tls.SelfSignedCert(
        name,
        private_key_pem=authority_key.private_key_pem,
        is_ca_certificate=True,
        allowed_uses=["cert_signing", "crl_signing"],
        subject=tls.SelfSignedCertSubjectArgs(common_name=f"polykube {add_on}"),
        validity_period_hours=10 * _YEAR,
        opts=options,
    )
    key = tls.PrivateKey(host, algorithm="ECDSA", ecdsa_curve="P256", opts=options)
    request = tls.CertRequest(
        host,
        private_key_pem=key.private_key_pem,
        dns_names=list(names),
        subject=tls.CertRequestSubjectArgs(common_name=host),
        opts=options,
    )
    certificate = tls.LocallySignedCert(
        host,
        ca_private_key_pem=authority_key.private_key_pem,
        ca_cert_pem=authority.cert_pem,
        cert_request_pem=request.cert_request_pem,
        allowed_uses=["digital_signature", "key_encipherment", "server_auth", "client_auth"],
        validity_period_hours=2 * _YEAR,
        early_renewal_hours=_YEAR,
        opts=options,
    )
    return Certified(authority.cert_pem, certificate.cert_pem, key.private_key_pem_pkcs8)
