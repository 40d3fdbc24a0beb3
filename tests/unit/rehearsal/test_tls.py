"""The certificates of the `tls` stand-in verify, say what was asked for, and are renewed in time.

Guards against chains that other software rejects, and certificates that expire unnoticed or are thrown
away for nothing.
"""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from common.wire import UNKNOWN, SecretValue
from rehearsal.providers.base import ResourceState
from tests.unit.rehearsal.tls_makers import (
    DESK,
    KEYS,
    authority,
    authority_inputs,
    extension,
    key_pem,
    leaf_inputs,
    name_of,
    parsed,
    request_pem,
)

OPENSSL = shutil.which("openssl") or ""


@pytest.mark.parametrize("inputs", KEYS, ids=name_of)
def test_a_leaf_is_signed_by_its_authority_and_no_other(inputs: dict[str, Any]) -> None:
    ca_key = DESK.outputs("PrivateKey", **inputs)["privateKeyPem"]
    signer = authority(privateKeyPem=ca_key)
    leaf = parsed(DESK.create("LocallySignedCert", **leaf_inputs(caCertPem=_pem(signer), caPrivateKeyPem=ca_key)))
    leaf.verify_directly_issued_by(parsed(signer))
    with pytest.raises(InvalidSignature):
        leaf.verify_directly_issued_by(parsed(authority(privateKeyPem=_new_key(inputs))))


@pytest.mark.parametrize(
    ("inputs", "digest"),
    list(zip(KEYS, ["sha256", "sha256", "sha256", "sha384", "sha512", None], strict=True)),
)
def test_a_signature_uses_the_hash_that_fits_its_key(inputs: dict[str, Any], digest: str | None) -> None:
    algorithm = parsed(authority(privateKeyPem=_new_key(inputs))).signature_hash_algorithm
    assert (algorithm and algorithm.name) == digest


def test_a_leaf_verifies_for_its_own_names_only() -> None:
    signer = authority()
    leaf = DESK.create("LocallySignedCert", **leaf_inputs(caCertPem=_pem(signer)))
    policy = PolicyBuilder().store(Store([parsed(signer)]))
    for name in (x509.DNSName("api.test"), x509.IPAddress(ip_address("10.0.0.1"))):
        policy.build_server_verifier(name).verify(parsed(leaf), [])
    with pytest.raises(VerificationError):
        policy.build_server_verifier(x509.DNSName("other.test")).verify(parsed(leaf), [])


@pytest.mark.skipif(not OPENSSL, reason="openssl is not installed")
@pytest.mark.parametrize("algorithm", ["RSA", "ECDSA", "ED25519"])
def test_openssl_accepts_a_chain_with_an_intermediate(algorithm: str, tmp_path: Path) -> None:
    root, between_key = authority(), key_pem(algorithm)
    request = request_pem(privateKeyPem=between_key, subject={"commonName": "between"})
    uses = {"allowedUses": ["cert_signing"], "isCaCertificate": True}
    between = DESK.create("LocallySignedCert", **leaf_inputs(caCertPem=_pem(root), certRequestPem=request, **uses))
    leaf = DESK.create("LocallySignedCert", **leaf_inputs(caCertPem=_pem(between), caPrivateKeyPem=between_key))
    for name, state in {"root": root, "between": between, "leaf": leaf}.items():
        (tmp_path / name).write_text(_pem(state))
    chain = ["-x509_strict", "-CAfile", "root", "-untrusted", "between", "-verify_hostname", "api.test", "leaf"]
    answer = subprocess.run([OPENSSL, "verify", *chain], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.stdout == "leaf: OK\n", answer.stderr


def test_a_certificate_says_what_was_asked_for() -> None:
    subject = {
        "country": "DE",
        "province": "P",
        "locality": "L",
        "streetAddresses": ["S 1", "S 2"],
        "postalCode": "1",
        "organization": "O",
        "organizationalUnit": "U",
        "commonName": "N",
        "serialNumber": "7",
        "emailAddress": "a@b.test",
    }
    state = authority(
        subject=subject,
        allowedUses=["cert_signing", "digital_signature", "client_auth", "ipsec_user"],
        dnsNames=["*.test"],
        ipAddresses=["::1"],
        uris=["https://test/"],
        setAuthorityKeyId=True,
        maxPathLength=3,
    )
    certificate = parsed(state)
    assert str(certificate.serial_number) == state.id
    assert certificate.subject == certificate.issuer
    assert [attribute.value for attribute in certificate.subject] == [
        *("DE", "P", "L", "S 1", "S 2", "1", "O", "U", "N", "7", "a@b.test")
    ]
    usage = extension(certificate, x509.KeyUsage)
    assert (usage.key_cert_sign, usage.digital_signature, usage.crl_sign) == (True, True, False)
    extended = list(extension(certificate, x509.ExtendedKeyUsage))
    assert extended == [ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("1.3.6.1.5.5.7.3.7")]
    names = [name.value for name in extension(certificate, x509.SubjectAlternativeName)]
    assert names == ["*.test", ip_address("::1"), "https://test/"]
    assert extension(certificate, x509.BasicConstraints) == x509.BasicConstraints(ca=True, path_length=3)
    own_id = extension(certificate, x509.SubjectKeyIdentifier).digest
    assert extension(certificate, x509.AuthorityKeyIdentifier).key_identifier == own_id


def test_an_email_address_does_not_get_from_a_request_into_a_certificate() -> None:
    request = request_pem(subject={"commonName": "api", "emailAddress": "a@b.test"})
    leaf = parsed(DESK.create("LocallySignedCert", **leaf_inputs(certRequestPem=request)))
    assert leaf.subject.rfc4514_string() == "CN=api"


@pytest.mark.parametrize("length", [None, -1, 0])
def test_a_path_length_below_one_sets_no_limit(length: int | None) -> None:
    more = {} if length is None else {"maxPathLength": length}
    assert extension(parsed(authority(**more)), x509.BasicConstraints).path_length is None


def test_a_certificate_is_valid_from_now_for_the_asked_for_hours() -> None:
    state = authority(validityPeriodHours=48)
    certificate = parsed(state)
    assert abs(certificate.not_valid_before_utc - datetime.now(UTC)) < timedelta(minutes=1)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(hours=48)
    assert datetime.fromisoformat(state.outputs["validityEndTime"]) == certificate.not_valid_after_utc


def test_alternative_names_are_critical_where_there_is_no_subject() -> None:
    leaf = DESK.create("LocallySignedCert", **leaf_inputs(certRequestPem=request_pem(subject={})))
    assert parsed(leaf).extensions.get_extension_for_class(x509.SubjectAlternativeName).critical


def test_a_request_is_signed_by_its_key_and_names_its_subject() -> None:
    request = x509.load_pem_x509_csr(request_pem(subject={"commonName": "api", "country": "DE"}).encode())
    assert request.is_signature_valid
    assert not request.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical
    assert request.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)[0].value == "DE"


@pytest.mark.parametrize(
    ("inputs", "identified"),
    [
        ({"isCaCertificate": False}, False),
        ({"isCaCertificate": False, "setSubjectKeyId": True}, True),
        ({"isCaCertificate": True}, True),
    ],
)
def test_authorities_and_who_asks_for_it_get_a_key_identifier(inputs: dict[str, Any], identified: bool) -> None:
    found = [e.oid for e in parsed(authority(**inputs)).extensions]
    assert (x509.SubjectKeyIdentifier.oid in found) is identified
    assert x509.AuthorityKeyIdentifier.oid not in found


CHANGES: list[tuple[dict[str, Any], list[str], list[str]]] = [
    ({}, [], []),
    ({"earlyRenewalHours": 2}, ["earlyRenewalHours"], []),
    ({"earlyRenewalHours": 48}, ["earlyRenewalHours", "readyForRenewal"], ["readyForRenewal"]),
    ({"validityPeriodHours": 49}, ["validityPeriodHours"], ["validityPeriodHours"]),
    ({"subject": {"commonName": "Other"}}, ["subject"], ["subject"]),
    ({"dnsNames": ["a.test"]}, ["dnsNames"], ["dnsNames"]),
    ({"privateKeyPem": SecretValue(UNKNOWN)}, ["privateKeyPem"], ["privateKeyPem"]),
    ({"privateKeyPem": SecretValue(key_pem())}, [], []),
    ({"setSubjectKeyId": False}, [], []),
]


@pytest.mark.parametrize(("change", "changed", "replacing"), CHANGES)
def test_a_change_replaces_a_certificate_but_for_its_renewal_time(
    change: dict[str, Any], changed: list[str], replacing: list[str]
) -> None:
    diff = DESK.diff("SelfSignedCert", authority(), **authority_inputs(**change))
    assert sorted(diff.detailed) == changed
    assert diff.replaces == replacing


@pytest.mark.parametrize(("early", "due"), [(23, False), (25, True)])
def test_a_certificate_is_replaced_once_its_early_renewal_begins(early: int, due: bool) -> None:
    inputs = authority_inputs(earlyRenewalHours=early)
    state = DESK.create("SelfSignedCert", **inputs)
    assert state.outputs["readyForRenewal"] is False
    state.outputs["validityEndTime"] = (datetime.now(UTC) + timedelta(hours=24)).isoformat()
    refreshed = DESK.refresh("SelfSignedCert", state)
    assert refreshed.outputs["readyForRenewal"] is due
    for known in (state, refreshed):
        assert DESK.diff("SelfSignedCert", known, **inputs).replaces == (["readyForRenewal"] if due else [])


def test_a_certificate_that_never_is_valid_is_ready_for_renewal_at_once() -> None:
    inputs = authority_inputs(validityPeriodHours=0)
    assert DESK.preview("SelfSignedCert", **inputs)["readyForRenewal"] is True
    assert DESK.create("SelfSignedCert", **inputs).outputs["readyForRenewal"] is True


def test_a_later_renewal_takes_readiness_back_in_place() -> None:
    state = authority(earlyRenewalHours=48)
    later = authority_inputs(earlyRenewalHours=1)
    assert DESK.diff("SelfSignedCert", state, **later).replaces == []
    updated = DESK.update("SelfSignedCert", state, **later)
    assert updated.outputs["readyForRenewal"] is False
    assert updated.outputs["certPem"] == state.outputs["certPem"]


def _pem(state: ResourceState) -> str:
    return str(state.outputs["certPem"])


def _new_key(inputs: dict[str, Any]) -> str:
    return str(DESK.outputs("PrivateKey", **inputs)["privateKeyPem"])
