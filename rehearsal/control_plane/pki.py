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
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from common.files import write_atomically
from rehearsal.control_plane.identity import CertificateIdentity, Given

if TYPE_CHECKING:
    import httpx2

SERVICE_CIDR: Final = ipaddress.ip_network("10.96.0.0/16")

API_AUTHORITY: Final = "ca"
ETCD_AUTHORITY: Final = "etcd-ca"
SERVICE_ACCOUNTS: Final = "service-accounts"  # the key pair that signs their tokens
ADMIN_GROUP: Final = "polykube:admins"  # manifests/access.yaml says what it may do

_TIMEOUT = 5.0  # seconds
_LOOPBACK = ("127.0.0.1", "localhost")
_API_SERVICE = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")


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

    def client(self, authority: str, identity: str | None = None, base_url: str = "") -> "httpx2.Client":
        """For talking to servers of `authority` on this machine, as `identity` or as nobody."""
        import httpx2

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
        from rehearsal.control_plane.authority import Authority, new_key, pem, private, public

        if self.is_complete():
            if not self._complete.stat().st_size:
                self._write(self._complete, self._digest().encode())
            return
        self._complete.unlink(missing_ok=True)
        self.directory.mkdir(mode=0o700, exist_ok=True)
        authorities = {name: Authority.made(f"polykube {name}") for name in (API_AUTHORITY, ETCD_AUTHORITY)}
        if self._given:
            authorities[API_AUTHORITY] = Authority.given(self._given)
        for name, authority in authorities.items():
            self._write(self.certificate(name), pem(authority.certificate))
        for identity in IDENTITIES:
            key = new_key()
            self._write(self.key(identity.name), private(key))
            self._write(
                self.certificate(identity.name), pem(authorities[identity.authority].sign(self._named(identity), key))
            )
        tokens = new_key()
        self._write(self.key(SERVICE_ACCOUNTS), private(tokens))
        self._write(self.service_accounts_public_key, public(tokens))
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
