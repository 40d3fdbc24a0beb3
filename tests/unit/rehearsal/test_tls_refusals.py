"""What the `tls` stand-in does not take, and what its functions answer.

Guards against mistakes found only after something was made, messages that repeat a private key, and
answers that say something else than the key or certificate in question.
"""

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from common.wire import Properties, SecretValue
from rehearsal.providers.base import NotModelled, ProviderError
from rehearsal.providers.tls.provider import TlsProvider
from tests.unit.rehearsal.tls_makers import (
    DESK,
    authority,
    authority_inputs,
    key_pem,
    leaf_inputs,
    parsed,
    request_pem,
)

CANARY = "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"
REFUSALS = [
    ("PrivateKey", {}, "algorithm", "is required"),
    ("PrivateKey", {"algorithm": "DSA"}, "algorithm", "one of RSA, ECDSA, ED25519"),
    ("PrivateKey", {"algorithm": "ECDSA", "ecdsaCurve": "P255"}, "ecdsaCurve", "one of P224, P256, P384, P521"),
    ("PrivateKey", {"algorithm": "RSA", "rsaBits": 512}, "rsaBits", "from 1024 to"),
    ("CertRequest", {}, "privateKeyPem", "is required"),
    ("CertRequest", {"privateKeyPem": CANARY}, "privateKeyPem", "must be an unencrypted"),
    ("CertRequest", {"privateKeyPemWo": key_pem(), "privateKeyPem": key_pem()}, "privateKeyPemWo", "not modelled"),
    ("SelfSignedCert", authority_inputs(allowedUses=["server"]), "allowedUses", "one of any_extended, cert_signing"),
    ("SelfSignedCert", authority_inputs(allowedUses=["encipher_only"]), "allowedUses", "key_agreement"),
    ("SelfSignedCert", authority_inputs(subject={}), "subject", "needs a subject"),
    ("SelfSignedCert", authority_inputs(subject={"country": "Germany"}), "subject", "in country"),
    ("SelfSignedCert", authority_inputs(subject={"contry": "DE"}), "subject.contry", "did you mean 'country'?"),
    ("SelfSignedCert", authority_inputs(subject={"streetAddresses": "S"}), "subject.streetAddresses", "a list"),
    ("SelfSignedCert", authority_inputs(dnsNames=["a.test", "ü.test"]), "dnsNames", "item 1 must be a DNS name"),
    ("SelfSignedCert", authority_inputs(ipAddresses=["10.0.0.256"]), "ipAddresses", "item 0 must be an IPv4 or IPv6"),
    ("SelfSignedCert", authority_inputs(uris=["nowhere"]), "uris", "item 0 must be an absolute URI"),
    ("SelfSignedCert", authority_inputs(validityPeriodHours=10**7), "validityPeriodHours", "from 0 to"),
    ("SelfSignedCert", authority_inputs(earlyRenewalHours=-1), "earlyRenewalHours", "at least 0"),
    ("SelfSignedCert", authority_inputs(isCaCertificate=False, maxPathLength=1), "maxPathLength", "isCaCertificate"),
    (
        "SelfSignedCert",
        authority_inputs(isCaCertificate=False, setAuthorityKeyId=True),
        "setAuthorityKeyId",
        "setSubjectKeyId",
    ),
    (
        "LocallySignedCert",
        leaf_inputs(caPrivateKeyPem=key_pem("RSA")),
        "caPrivateKeyPem",
        "must be the private key of",
    ),
    ("LocallySignedCert", leaf_inputs(caCertPem=key_pem()), "caCertPem", "a certificate in PEM"),
    (
        "LocallySignedCert",
        leaf_inputs(caCertPem=authority(isCaCertificate=False).outputs["certPem"]),
        "caCertPem",
        "a certificate authority's",
    ),
    ("LocallySignedCert", leaf_inputs(certRequestPem="junk"), "certRequestPem", "certificate request in PEM"),
    (
        "LocallySignedCert",
        leaf_inputs(certRequestPem=request_pem(subject={}), isCaCertificate=True),
        "certRequestPem",
        "name a subject",
    ),
]


@pytest.mark.parametrize(("kind", "inputs", "name", "words"), REFUSALS)
def test_a_mistake_is_refused_by_name_without_repeating_a_key(
    kind: str, inputs: Properties, name: str, words: str
) -> None:
    refusals = DESK.refusals(kind, **inputs)
    assert list(refusals) == [name]
    assert words in refusals[name]
    assert "canary" not in refusals[name]


@pytest.mark.parametrize("kind", ["PrivateKey", "CertRequest", "SelfSignedCert", "LocallySignedCert"])
def test_nothing_can_be_imported(kind: str) -> None:
    with pytest.raises(ProviderError, match="does not support import"):
        DESK.imported(kind, "id")


def test_a_proxy_is_refused_as_not_modelled() -> None:
    (failure,) = TlsProvider().check_config({}, {"proxy": '{"url":"http://proxy.test"}'})
    assert (failure.property, failure.reason.split(" by ")[0]) == ("proxy", "is not modelled")


@pytest.mark.parametrize("form", ["privateKeyPem", "privateKeyOpenssh"])
def test_the_public_key_of_either_form_is_found(form: str) -> None:
    key = DESK.outputs("PrivateKey", algorithm="ED25519")
    found = _invoke("getPublicKey", **{form: SecretValue(key[form])})
    names = ("id", "algorithm", "publicKeyPem", "publicKeyOpenssh", "publicKeyFingerprintSha256")
    assert {name: found[name] for name in names} == {name: key[name] for name in names}
    assert found[form] == SecretValue(key[form])


def test_a_certificate_at_hand_is_described() -> None:
    signer = authority()
    leaf = DESK.create("LocallySignedCert", **leaf_inputs(caCertPem=signer.outputs["certPem"]))
    (details,) = _invoke("getCertificate", content=leaf.outputs["certPem"])["certificates"]
    fingerprint = hashlib.sha1(parsed(leaf).public_bytes(Encoding.DER), usedforsecurity=False).hexdigest()
    assert details == {
        "certPem": leaf.outputs["certPem"],
        "isCa": False,
        "issuer": "CN=Test CA,O=Test",
        "maxPathLength": -1,
        "notAfter": leaf.outputs["validityEndTime"],
        "notBefore": leaf.outputs["validityStartTime"],
        "publicKeyAlgorithm": "Ed25519",
        "serialNumber": leaf.id,
        "sha1Fingerprint": fingerprint,
        "signatureAlgorithm": "ECDSA-SHA256",
        "subject": "CN=api",
        "version": 3,
    }


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        ("getPublicKey", {}, "exactly one of privateKeyPem and privateKeyOpenssh"),
        ("getPublicKey", {"privateKeyPem": "a", "privateKeyOpenssh": "b"}, "exactly one of"),
        ("getPublicKey", {"privateKeyPem": CANARY}, "privateKeyPem must be"),
        ("getCertificate", {"content": "junk"}, "content must be a certificate"),
        ("getCertificate", {"content": "x", "verifyChain": True}, "verifyChain"),
        ("getCertificate", {"url": "https://test/"}, "does not model the argument url"),
        ("getTime", {}, "does not model"),
    ],
)
def test_a_call_that_cannot_be_answered_says_why(function: str, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ProviderError, match=words) as refused:
        _invoke(function, **arguments)
    assert "canary" not in str(refused.value)
    assert isinstance(refused.value, NotModelled) == ("model" in words)


def _invoke(function: str, **arguments: object) -> Properties:
    answer: Properties = TlsProvider().invoke(f"tls:index/{function}:{function}", arguments)
    return answer
