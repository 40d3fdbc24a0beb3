"""The authorities of a cluster, made by the program: their keys are known before there is a machine.

So the hash that machines trust is known as well, all machines can be declared at once, and the administrator's
certificate needs nobody to fetch it. What is made here is in the stack's state, as secrets.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_random as random
import pulumi_tls as tls

from components.clusters.kubeadm.documents import ETCD_CLIENT, PKI, SETTINGS, encryption
from components.clusters.kubeadm.etcd import MEMBER_CERTIFICATE, MEMBER_PKI
from components.clusters.kubeadm.own_authorities import NONE_OF_ONES_OWN, AuthoritiesSpec, AuthoritySpec

_DAY: Final = 24  # hours
_TEN_YEARS: Final = 10 * 365 * _DAY
_CURVE: Final = "P256"
_LOOPBACK: Final = "127.0.0.1"
_ADMINISTRATORS: Final = "kubeadm:cluster-admins"
"""The group that kubeadm gives its rights by a binding, which can be taken away (kubeadm 1.29 and newer)."""


@dataclass(frozen=True)
class Credential:
    """The administrator's certificate and key (PEM), and until when it holds (RFC 3339)."""

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]
    until: pulumi.Output[str]

    def as_exec(self, api: str) -> pulumi.Output[str]:
        """What a kubeconfig's program prints, of this version of its API."""

        def text(parts: list[str]) -> str:
            certificate, key, until = parts
            status = {"clientCertificateData": certificate, "clientKeyData": key, "expirationTimestamp": until}
            return json.dumps({"apiVersion": api, "kind": "ExecCredential", "status": status})

        return pulumi.Output.secret(pulumi.Output.all(self.certificate, self.key, self.until).apply(text))


@dataclass(frozen=True)
class _Authority:
    """An authority's certificate, its key, and the public half of that (PEM)."""

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]
    public_key: pulumi.Output[str]


class Authorities:
    """The authorities of the cluster called `name`: for the API, for aggregated APIs, for etcd; and what signs tokens.

    They are kept: with another one, no machine and no client would know the cluster any more. With an `external_etcd`
    control planes are clients of that, and get a certificate in place of the key of its authority. What is somebody's
    `own` is not made.
    """

    def __init__(
        self,
        name: str,
        parent: pulumi.Resource,
        *,
        protect: bool,
        external_etcd: bool = False,
        own: AuthoritiesSpec = NONE_OF_ONES_OWN,
    ) -> None:
        self._name, self._parent, self._protect = name, parent, protect
        self._api = self._authority("ca", "kubernetes", own.cluster)
        self._proxy = self._authority("front-proxy-ca", "kubernetes-front-proxy-ca", own.front_proxy)
        self._etcd = self._authority("etcd-ca", "etcd-ca", own.etcd)
        self._tokens = self._key("service-accounts")
        self._etcd_client = self._make_etcd_client() if external_etcd else {}
        self._encryption = random.RandomBytes(f"{name}-encryption", length=32, opts=self._kept())

    @property
    def certificate(self) -> pulumi.Output[str]:
        """The certificate of the API's authority, PEM."""
        return self._api.certificate

    @property
    def hash(self) -> pulumi.Output[str]:
        """The hash of that authority's public key, by which machines know it."""
        return self._api.public_key.apply(public_key_hash)

    def files(self) -> pulumi.Output[str]:
        """All that a control plane needs, as JSON: content by path."""
        contents = {
            f"{PKI}/ca.crt": self._api.certificate,
            f"{PKI}/ca.key": self._api.key,
            f"{PKI}/front-proxy-ca.crt": self._proxy.certificate,
            f"{PKI}/front-proxy-ca.key": self._proxy.key,
            f"{PKI}/etcd/ca.crt": self._etcd.certificate,
            f"{PKI}/sa.key": self._tokens.private_key_pem,
            f"{PKI}/sa.pub": self._tokens.public_key_pem,
            f"{SETTINGS}/encryption.yaml": self._encryption.base64.apply(lambda key: json.dumps(encryption(key))),
        }
        etcd = self._etcd_client or {f"{PKI}/etcd/ca.key": self._etcd.key}
        return _as_json({**contents, **etcd})

    def _make_etcd_client(self) -> dict[str, pulumi.Output[str]]:
        certificate, key = self._etcd_certificate("etcd-client", "kube-apiserver-etcd-client", ["client_auth"])
        return {f"{ETCD_CLIENT}.crt": certificate, f"{ETCD_CLIENT}.key": key}

    def etcd_member(self, name: str, address: pulumi.Input[str]) -> pulumi.Output[str]:
        """What the etcd member of this name needs, as JSON: content by path. Its certificate is for both of its ports,
        and for what it says to the others, who look whether it comes from its address."""
        addresses = [address, _LOOPBACK]
        certificate, key = self._etcd_certificate(name, name, ["server_auth", "client_auth"], addresses)
        return _as_json(
            {
                f"{MEMBER_PKI}/ca.crt": self._etcd.certificate,
                f"{MEMBER_CERTIFICATE}.crt": certificate,
                f"{MEMBER_CERTIFICATE}.key": key,
            }
        )

    def _etcd_certificate(
        self, what: str, common_name: str, uses: Sequence[str], addresses: Sequence[pulumi.Input[str]] = ()
    ) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """A certificate of etcd's authority, and its key; it holds as long as that does."""
        name = f"{self._name}-{what}"
        key = self._key(what)
        request = tls.CertRequest(
            name,
            private_key_pem=key.private_key_pem,
            subject=tls.CertRequestSubjectArgs(common_name=common_name),
            ip_addresses=list(addresses) or None,
            opts=self._options(),
        )
        signed = tls.LocallySignedCert(
            name,
            ca_private_key_pem=self._etcd.key,
            ca_cert_pem=self._etcd.certificate,
            cert_request_pem=request.cert_request_pem,
            allowed_uses=["digital_signature", *uses],
            validity_period_hours=_TEN_YEARS,
            opts=self._options(),
        )
        return signed.cert_pem, key.private_key_pem

    def administrator(self, days: int) -> Credential:
        """A certificate of an administrator that holds for so many days; an `up` of its last third makes another."""
        name = f"{self._name}-administrator"
        key = tls.PrivateKey(name, algorithm="ECDSA", ecdsa_curve=_CURVE, opts=self._options())
        subject = tls.CertRequestSubjectArgs(common_name="polykube:administrator", organization=_ADMINISTRATORS)
        request = tls.CertRequest(name, private_key_pem=key.private_key_pem, subject=subject, opts=self._options())
        signed = tls.LocallySignedCert(
            name,
            ca_private_key_pem=self._api.key,
            ca_cert_pem=self._api.certificate,
            cert_request_pem=request.cert_request_pem,
            allowed_uses=["digital_signature", "client_auth"],
            validity_period_hours=days * _DAY,
            early_renewal_hours=days * _DAY // 3,
            opts=self._options(),
        )
        return Credential(signed.cert_pem, key.private_key_pem, signed.validity_end_time)

    def _authority(self, what: str, common_name: str, own: AuthoritySpec | None) -> _Authority:
        if own is not None:
            known = (own.certificate, own.key.text or "", own.public_key)
            certificate, private, public = map(pulumi.Output.from_input, known)
            return _Authority(certificate, pulumi.Output.secret(private), public)
        key = self._key(what)
        made = tls.SelfSignedCert(
            f"{self._name}-{what}",
            private_key_pem=key.private_key_pem,
            is_ca_certificate=True,
            set_subject_key_id=True,
            allowed_uses=["cert_signing", "digital_signature", "key_encipherment"],
            subject=tls.SelfSignedCertSubjectArgs(common_name=common_name),
            validity_period_hours=_TEN_YEARS,
            opts=self._kept(),
        )
        return _Authority(made.cert_pem, key.private_key_pem, key.public_key_pem)

    def _key(self, what: str) -> tls.PrivateKey:
        return tls.PrivateKey(f"{self._name}-{what}", algorithm="ECDSA", ecdsa_curve=_CURVE, opts=self._kept())

    def _options(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self._parent)

    def _kept(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self._parent, protect=True if self._protect else None)


def _as_json(contents: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    """Content by path, as a secret."""
    return pulumi.Output.secret(pulumi.Output.all(**contents).apply(lambda each: json.dumps(each, sort_keys=True)))


def public_key_hash(public_key: str) -> str:
    """The hash of a public key (PEM, SubjectPublicKeyInfo) as kubeadm's caCertHashes have it."""
    content = "".join(line for line in public_key.splitlines() if not line.startswith("-----"))
    return f"sha256:{hashlib.sha256(base64.b64decode(content)).hexdigest()}"


def encoded(certificate: str) -> str:
    """PEM as kubeconfigs have it."""
    return base64.b64encode(certificate.encode()).decode()
