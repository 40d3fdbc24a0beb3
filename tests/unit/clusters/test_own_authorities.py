"""An authority of the user's own that nothing would believe, and that is found out when the cluster is made of it."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi.runtime
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from components.clusters.kubeadm.authorities import Authorities
from components.clusters.kubeadm.authority_checks import authority_findings
from components.clusters.kubeadm.own_authorities import AuthoritiesSpec, AuthoritySpec
from rehearsal.providers.clouds.kubeadm import authority_hash
from rehearsal.providers.tls.provider import TlsProvider
from spec.values import Secret
from tests.support.certificates import WithCertificates
from tests.unit.rehearsal.desk import Desk

DESK: Final = Desk(TlsProvider())
USES: Final = ["cert_signing", "digital_signature"]


def pair(**other: Any) -> tuple[str, str]:
    """The certificate and the key of an authority."""
    key = DESK.outputs("PrivateKey", algorithm="ECDSA", ecdsaCurve="P256")["privateKeyPem"]
    inputs = {
        "privateKeyPem": key,
        "isCaCertificate": True,
        "allowedUses": USES,
        "subject": {"commonName": "shop"},
        "validityPeriodHours": 24,
    }
    return DESK.outputs("SelfSignedCert", **inputs | other)["certPem"], key


OWN, KEY = pair()
FOREIGN: Final = pair()[1]


def found(certificate: str, key: str | None = None) -> list[str]:
    return [each.found for each in authority_findings(certificate, key)]


def test_an_authority_with_its_key_is_taken() -> None:
    assert found(OWN, KEY) == []
    assert found(OWN) == []  # nothing decrypts the key yet


def test_what_is_no_authority_or_holds_no_more_is_refused() -> None:
    server, _ = pair(isCaCertificate=False, allowedUses=["server_auth"])
    assert found(server) == ["CN=shop, which may sign no certificates"]
    signs_nothing, _ = pair(allowedUses=["digital_signature"])
    assert found(signs_nothing) == ["CN=shop, which may sign no certificates"]
    over, _ = pair(validityPeriodHours=0)
    (said,) = found(over)
    assert said.startswith("CN=shop, which ended on ")
    assert found(OWN + OWN) == ["something else"]
    assert found("-----BEGIN CERTIFICATE-----\nMFkw\n-----END CERTIFICATE-----\n") == ["something else"]


def test_the_key_is_the_certificate_s() -> None:
    assert found(OWN, FOREIGN) == ["the key of another certificate"]
    other_kind = ed25519.Ed25519PrivateKey.generate()
    plain = other_kind.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert found(OWN, plain) == ["the key of another certificate"]
    sealed = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")
    )
    assert found(OWN, sealed.decode()) == ["something else"]
    assert found(OWN, OWN) == ["something else"]


def spec(certificate: str, key: str) -> AuthoritySpec:
    return AuthoritySpec.model_construct(certificate=certificate, key=Secret(key))


def made(own: AuthoritiesSpec) -> tuple[Mapping[str, str], str, list[str]]:
    """The files of a control plane, the hash that machines are told, and the names of certificates that were made."""
    cloud = _Counting()
    pulumi.runtime.set_mocks(cloud)
    result: list[Any] = []

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> pulumi.Output[None]:
        parent = pulumi.ComponentResource("tests:own:Cluster", "shop")
        authorities = Authorities("shop", parent, protect=False, own=own)
        credential = authorities.administrator(30)
        return pulumi.Output.all(authorities.files(), authorities.hash, credential.certificate).apply(result.extend)

    program()
    files, known, _ = result
    return json.loads(files), known, cloud.certificates


class _Counting(WithCertificates):
    def __init__(self) -> None:
        super().__init__()
        self.certificates: list[str] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ.endswith("Cert"):
            self.certificates.append(args.name)
        return super().new_resource(args)


def test_one_of_ones_own_is_what_machines_get_and_what_signs_and_the_others_are_made() -> None:
    files, known, certificates = made(AuthoritiesSpec.model_construct(cluster=spec(OWN, KEY)))
    assert (files["/etc/kubernetes/pki/ca.crt"], files["/etc/kubernetes/pki/ca.key"]) == (OWN, KEY)
    assert known == authority_hash(OWN)
    assert sorted(certificates) == ["shop-administrator", "shop-etcd-ca", "shop-front-proxy-ca"]


def test_another_one_is_another_cluster() -> None:
    one, other = (AuthoritiesSpec.model_construct(cluster=spec(certificate, KEY)) for certificate in (OWN, pair()[0]))
    assert str(one).startswith("cluster sha256:")
    assert str(one) != str(other)
    assert str(AuthoritiesSpec()) == "made by the program"


@pytest.mark.parametrize("name", ["cluster", "frontProxy", "etcd"])
def test_each_may_be_ones_own(name: str) -> None:
    given = AuthoritiesSpec.model_validate({name: {"certificate": OWN, "key": Secret()}})
    assert str(given).startswith(f"{name} sha256:")
