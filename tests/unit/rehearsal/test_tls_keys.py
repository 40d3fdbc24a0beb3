"""The keys of the `tls` stand-in are the same key in all their forms, which other software reads.

Guards against forms that do not belong together and private keys that are not marked secret.
"""

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pulumi
import pulumi_tls
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from common.wire import Properties, SecretValue
from rehearsal.providers.tls.provider import TlsProvider
from tests.unit.rehearsal.tls_makers import DESK, KEYS, authority_inputs, key_pem, leaf_inputs, name_of

HEADERS = {"RSA": "RSA PRIVATE KEY", "ECDSA": "EC PRIVATE KEY", "ED25519": "PRIVATE KEY"}
OPENSSH_KEYS = [key for key in KEYS if key.get("ecdsaCurve") != "P224"]


def test_every_resource_of_the_sdk_has_a_kind() -> None:
    resources = {
        name
        for name, value in vars(pulumi_tls).items()
        if isinstance(value, type) and issubclass(value, pulumi.CustomResource)
    } - {"Provider"}
    assert {token.rpartition(":")[2] for token in TlsProvider.kinds} == resources


@pytest.mark.parametrize("inputs", KEYS, ids=name_of)
def test_all_forms_of_a_key_are_the_same_key(inputs: dict[str, Any]) -> None:
    outputs = DESK.outputs("PrivateKey", **inputs)
    public = load_pem_public_key(outputs["publicKeyPem"].encode())
    forms = [load_pem_private_key(outputs[name].encode(), None) for name in ("privateKeyPem", "privateKeyPemPkcs8")]
    assert [form.public_key() for form in forms] == [public, public]
    assert outputs["privateKeyPem"].startswith(f"-----BEGIN {HEADERS[inputs['algorithm']]}-----")
    assert outputs["privateKeyPemPkcs8"].startswith("-----BEGIN PRIVATE KEY-----")
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert outputs["id"] == hashlib.sha1(der, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("inputs", OPENSSH_KEYS, ids=name_of)
def test_openssh_reads_its_forms_and_agrees_on_the_fingerprints(inputs: dict[str, Any], tmp_path: Path) -> None:
    outputs = DESK.outputs("PrivateKey", **inputs)
    public = load_ssh_public_key(outputs["publicKeyOpenssh"].encode())
    assert load_ssh_private_key(outputs["privateKeyOpenssh"].encode(), None).public_key() == public
    blob = base64.b64decode(outputs["publicKeyOpenssh"].split()[1])
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    assert outputs["publicKeyFingerprintSha256"] == f"SHA256:{digest}"
    assert outputs["publicKeyFingerprintMd5"] == hashlib.md5(blob, usedforsecurity=False).digest().hex(":")
    if ssh_keygen := shutil.which("ssh-keygen"):
        file = tmp_path / "key"
        file.write_text(outputs["privateKeyOpenssh"])
        file.chmod(0o600)
        derived = subprocess.run([ssh_keygen, "-y", "-f", file], capture_output=True, text=True, check=True).stdout
        assert derived.split()[:2] == outputs["publicKeyOpenssh"].split()


def test_a_curve_that_openssh_does_not_know_has_no_openssh_forms() -> None:
    outputs = DESK.outputs("PrivateKey", algorithm="ECDSA")
    assert outputs["ecdsaCurve"] == "P224"
    names = ("privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256")
    assert [outputs[name] for name in names] == ["", "", "", ""]


@pytest.mark.parametrize(
    ("kind", "inputs", "secret"),
    [
        ("PrivateKey", {"algorithm": "ED25519"}, {"privateKeyPem", "privateKeyOpenssh", "privateKeyPemPkcs8"}),
        ("SelfSignedCert", authority_inputs(), {"privateKeyPem"}),
        ("CertRequest", {"privateKeyPem": key_pem()}, {"privateKeyPem"}),
        ("LocallySignedCert", leaf_inputs(), {"caPrivateKeyPem"}),
    ],
)
def test_private_keys_are_marked_secret_and_nothing_else(kind: str, inputs: Properties, secret: set[str]) -> None:
    for outputs in (DESK.create(kind, **inputs).outputs, DESK.preview(kind, **inputs)):
        assert {name for name, value in outputs.items() if isinstance(value, SecretValue)} == secret
