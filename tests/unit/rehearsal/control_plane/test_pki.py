"""Guards against certificates that let in whom they should not, or that are made anew under running processes."""

import itertools
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rehearsal.control_plane.identity import CertificateIdentity
from rehearsal.control_plane.pki import API_AUTHORITY, ETCD_AUTHORITY, IDENTITIES, Pki


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    made = Pki(tmp_path_factory.mktemp("made") / "pki")
    made.ensure()
    return made


def certificate(pki: Pki, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pki.certificate(name).read_bytes())


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: identity.name)
def test_each_identity_is_vouched_for_by_its_own_authority_alone(pki: Pki, identity: CertificateIdentity) -> None:
    leaf = certificate(pki, identity.name)
    leaf.verify_directly_issued_by(certificate(pki, identity.authority))
    (other,) = {API_AUTHORITY, ETCD_AUTHORITY} - {identity.authority}
    with pytest.raises((ValueError, InvalidSignature)):
        leaf.verify_directly_issued_by(certificate(pki, other))


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: identity.name)
def test_only_identities_with_an_address_may_serve(pki: Pki, identity: CertificateIdentity) -> None:
    usage = certificate(pki, identity.name).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert (ExtendedKeyUsageOID.SERVER_AUTH in usage) == bool(identity.serves_as)


def test_the_api_server_is_known_by_every_name_that_clients_use(pki: Pki) -> None:
    names = certificate(pki, "kube-apiserver").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.IPAddress)) == {ip_address("127.0.0.1"), ip_address("10.96.0.1")}
    assert {"localhost", "kubernetes.default.svc"} <= set(names.get_values_for_type(x509.DNSName))


def test_one_identity_alone_is_in_system_masters(pki: Pki) -> None:
    groups = {
        identity.name: [
            it.value for it in certificate(pki, identity.name).subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        ]
        for identity in IDENTITIES
    }
    assert [name for name, of in groups.items() if "system:masters" in of] == ["super-admin"]


def test_keys_belong_to_their_certificates_and_to_nobody_else(pki: Pki) -> None:
    keys = [certificate(pki, identity.name).public_key() for identity in IDENTITIES]
    for one, other in itertools.combinations(keys, 2):
        assert one != other
    for identity in IDENTITIES:
        pki.client(identity.authority, identity.name).close()  # raises when key and certificate differ


def test_certificates_are_valid_now_and_for_nearly_ten_years(pki: Pki) -> None:
    for name in (API_AUTHORITY, ETCD_AUTHORITY, *(identity.name for identity in IDENTITIES)):
        assert certificate(pki, name).not_valid_before_utc < datetime.now(UTC)
        assert certificate(pki, name).not_valid_after_utc > datetime.now(UTC) + timedelta(days=3600)


def test_the_authorities_keys_are_not_kept(pki: Pki) -> None:
    assert not {f"{name}.key" for name in (API_AUTHORITY, ETCD_AUTHORITY)} & {
        path.name for path in pki.directory.iterdir()
    }


def test_what_was_made_is_kept(pki: Pki) -> None:
    before = {path.name: path.read_bytes() for path in pki.directory.iterdir()}
    pki.ensure()
    assert {path.name: path.read_bytes() for path in pki.directory.iterdir()} == before


def test_what_was_made_half_is_made_anew(tmp_path: Path) -> None:
    half = Pki(tmp_path / "pki")
    half.ensure()
    before = half.certificate(API_AUTHORITY).read_bytes()
    half.key("admin").unlink()
    (half.directory / "complete").unlink()  # what is written last
    half.ensure()
    assert half.certificate(API_AUTHORITY).read_bytes() != before
    assert isinstance(certificate(half, "admin").public_key(), ec.EllipticCurvePublicKey)
