"""The keys and certificates of one control plane.

Two authorities, as kubeadm makes them: one for the API and its clients, one for etcd. With one alone, every
client of the API could talk to etcd and pass by all access control. There is no front-proxy authority,
because nothing behind an aggregated API runs here. All of it is made once, with the control plane, and is
valid for ten years; to have new ones, delete the control plane.
"""

import contextlib
import hashlib
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from common.files import write_atomically

SERVICE_CIDR: Final = ipaddress.ip_network("10.96.0.0/16")

API_AUTHORITY: Final = "ca"
ETCD_AUTHORITY: Final = "etcd-ca"
SERVICE_ACCOUNTS: Final = "service-accounts"  # the key pair that signs their tokens
ADMIN_GROUP: Final = "polykube:admins"  # manifests/access.yaml says what it may do

_VALIDITY = timedelta(days=3650)
_TIMEOUT = 5.0  # seconds
_LOOPBACK = ("127.0.0.1", "localhost")
_API_SERVICE = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")


@dataclass(frozen=True)
class CertificateIdentity:
    """Who a certificate speaks for, and under which names and addresses it serves (if it does)."""

    name: str
    authority: str
    common_name: str
    organization: str = ""
    serves_as: tuple[str, ...] = ()


IDENTITIES: Final = (
    CertificateIdentity("etcd", ETCD_AUTHORITY, "etcd", serves_as=_LOOPBACK),
    CertificateIdentity("etcd-client", ETCD_AUTHORITY, "kube-apiserver"),
    CertificateIdentity(
        "kube-apiserver",
        API_AUTHORITY,
        "kube-apiserver",
        serves_as=(*_LOOPBACK, *_API_SERVICE, str(SERVICE_CIDR[1])),
    ),
    CertificateIdentity(
        "kube-controller-manager", API_AUTHORITY, "system:kube-controller-manager", serves_as=_LOOPBACK
    ),
    CertificateIdentity("kube-scheduler", API_AUTHORITY, "system:kube-scheduler", serves_as=_LOOPBACK),
    CertificateIdentity("kwok", API_AUTHORITY, "polykube:kwok"),
    # As with kubeadm since 1.29: the administrator's rights come from a binding that can be taken away. The
    # member of system:masters, whom no authorizer asks, is there for making that binding.
    CertificateIdentity("admin", API_AUTHORITY, "polykube:admin", organization=ADMIN_GROUP),
    CertificateIdentity("super-admin", API_AUTHORITY, "polykube:super-admin", organization="system:masters"),
)


@dataclass(frozen=True)
class Given:
    """What a control plane has from whoever made it: the authority for the API (PEM), the address of this machine and
    the port at which its API server listens, and under which names it serves besides."""

    certificate: str
    key: str
    host: str
    port: int
    names: Sequence[str]


class Pki:
    """The files: `NAME.crt` (`.pub` for service accounts) and `NAME.key`, readable by their owner alone."""

    def __init__(self, directory: Path, given: Given | None = None) -> None:
        self.directory, self._given = directory, given

    def certificate(self, name: str) -> Path:
        """The certificate of an identity or authority."""
        return self.directory / f"{name}.crt"

    def key(self, name: str) -> Path:
        """The private key of an identity, or of `SERVICE_ACCOUNTS`."""
        return self.directory / f"{name}.key"

    @property
    def service_accounts_public_key(self) -> Path:
        """What the tokens of service accounts are checked with."""
        return self.directory / f"{SERVICE_ACCOUNTS}.pub"

    def client(self, authority: str, identity: str | None = None, base_url: str = "") -> httpx2.Client:
        """For talking to servers of `authority` on this machine, as `identity` or as nobody."""
        context = ssl.create_default_context(cafile=self.certificate(authority))
        if identity:
            context.load_cert_chain(self.certificate(identity), self.key(identity))
        return httpx2.Client(base_url=base_url, verify=context, timeout=_TIMEOUT, trust_env=False)  # past any proxy

    def is_complete(self) -> bool:
        """Whether everything is there as it was written; the authorities' keys are not kept, so one lost file is lost
        with all the others. Of what earlier code wrote, only what is empty can be told."""
        with contextlib.suppress(OSError):
            mark = self._complete.read_text(errors="replace")
            return mark == self._digest() or not (mark or any(file.stat().st_size == 0 for file in self._files()))
        return False

    def ensure(self) -> None:
        """Make everything, unless all of it is there. A run that was killed half way starts over."""
        if self.is_complete():
            if not self._complete.stat().st_size:
                self._write(self._complete, self._digest().encode())
            return
        self._complete.unlink(missing_ok=True)
        self.directory.mkdir(mode=0o700, exist_ok=True)
        authorities = {name: _Authority.made(f"polykube {name}") for name in (API_AUTHORITY, ETCD_AUTHORITY)}
        if self._given:
            authorities[API_AUTHORITY] = _Authority.given(self._given)
        for name, authority in authorities.items():
            self._write(self.certificate(name), _pem(authority.certificate))
        for identity in IDENTITIES:
            key = ec.generate_private_key(ec.SECP256R1())
            self._write(self.key(identity.name), _private(key))
            self._write(
                self.certificate(identity.name), _pem(authorities[identity.authority].sign(self._named(identity), key))
            )
        tokens = ec.generate_private_key(ec.SECP256R1())
        self._write(self.key(SERVICE_ACCOUNTS), _private(tokens))
        self._write(self.service_accounts_public_key, _public(tokens))
        self._write(self._complete, self._digest().encode())

    def _named(self, identity: CertificateIdentity) -> CertificateIdentity:
        """The identity, with the names that it was given if it is the API server's."""
        if self._given is None or identity.name != "kube-apiserver":
            return identity
        return replace(identity, serves_as=(*identity.serves_as, self._given.host, *self._given.names))

    def _digest(self) -> str:
        """What is in all files; OSError if one is missing."""
        return hashlib.sha256(
            b"".join(hashlib.sha256(file.read_bytes()).digest() for file in self._files())
        ).hexdigest()

    def _files(self) -> Sequence[Path]:
        names = [API_AUTHORITY, ETCD_AUTHORITY, *(identity.name for identity in IDENTITIES)]
        keys = [SERVICE_ACCOUNTS, *(identity.name for identity in IDENTITIES)]
        return [*map(self.certificate, names), *map(self.key, keys), self.service_accounts_public_key]

    @property
    def _complete(self) -> Path:
        return self.directory / "complete"

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        write_atomically(path, content, mode=0o600)


class _Authority:
    """A certificate authority. Its key is not kept: everything that it signs is signed now."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate, self._key, self._name = certificate, key, certificate.subject

    @classmethod
    def made(cls, name: str) -> Self:
        """One of our own."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            _builder(subject, subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    @classmethod
    def given(cls, given: Given) -> Self:
        """Somebody else's."""
        key = serialization.load_pem_private_key(given.key.encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(x509.load_pem_x509_certificate(given.certificate.encode()), key)

    def sign(self, identity: CertificateIdentity, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, identity.common_name)]
        if identity.organization:
            subject.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.organization))
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if identity.serves_as:
            purposes.append(ExtendedKeyUsageOID.SERVER_AUTH)
        builder = (
            _builder(x509.Name(subject), self._name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(self._identifier(), critical=False)
        )
        if identity.serves_as:
            names = x509.SubjectAlternativeName([_general_name(name) for name in identity.serves_as])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _identifier(self) -> x509.AuthorityKeyIdentifier:
        """As its own certificate has it, or else no client would find that for what it signs."""
        own = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks of virtual machines jump
        .not_valid_after(now + _VALIDITY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
