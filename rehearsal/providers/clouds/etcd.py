"""Members of etcd on rehearsed machines: whether they know each other, and take an API server for their client.

No etcd runs: what each is told is held against what the others are, and certificates against their authority, as TLS
would. Words: curl's and kubeadm's, cmd/kubeadm/app/preflight/checks.go, 1.36.3.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import yaml
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from rehearsal.providers.clouds.kubeadm import NeverJoins

CLIENTS: Final = 2379
PEERS: Final = 2380
_CLIENT, _SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
_PKI: Final = "/etc/kubernetes/pki/etcd/ca.crt"


@dataclass(frozen=True)
class PlayedMember:
    """A machine that was told to be a member, at its address; `files` are on its disk, by path."""

    address: str
    files: Mapping[str, str]

    @property
    def configuration(self) -> Mapping[str, Any]:
        """What etcd is told."""
        return yaml.safe_load(self.files.get("/etc/etcd/etcd.yaml", "")) or {}

    def file(self, what: str, port: int) -> str:
        """A file that the listener of a port has: `trusted-ca-file`, `cert-file`."""
        transport = "client-transport-security" if port == CLIENTS else "peer-transport-security"
        return self.files.get(self.configuration.get(transport, {}).get(what, ""), "")

    def listens(self, port: int) -> bool:
        """Whether it listens at its address."""
        told = self.configuration.get("listen-client-urls" if port == CLIENTS else "listen-peer-urls", "")
        return f"https://{self.address}:{port}" in str(told).split(",")


Reach = Callable[[str, int], PlayedMember | None]
"""The member at an address, if that can be reached by a port."""


def check_client(documents: Iterable[Mapping[str, Any]], told: str, files: Mapping[str, str], reach: Reach) -> None:
    """NeverJoins when a control plane does not find its etcd: with these documents, endpoints that its script is `told`
    and files. One that begins the cluster (has a ClusterConfiguration) asks all members, as kubeadm does."""
    cluster = next((each for each in documents if each["kind"] == "ClusterConfiguration"), {})
    external = cluster.get("etcd", {}).get("external")
    if external:
        for name in ("caFile", "certFile", "keyFile"):
            if external[name] not in files:
                raise NeverJoins(f"[ERROR ExternalEtcdClientCertificates]: {external[name]} doesn't exist")
        _ask(list(external["endpoints"]), files[external["certFile"]], files[external["caFile"]], reach, every=True)
    if told:
        certificate = files.get("/etc/kubernetes/pki/apiserver-etcd-client.crt", "")
        _ask(told.split(), certificate, files.get(_PKI, ""), reach, every=bool(cluster))


def _ask(endpoints: list[str], certificate: str, authority: str, reach: Reach, *, every: bool) -> None:
    silent = [why for each in endpoints if (why := _no_answer(each, certificate, authority, reach))]
    if len(silent) > (0 if every else len(endpoints) - 1):
        raise NeverJoins(f"no etcd within its deadline: {silent[0]}")


def _no_answer(endpoint: str, certificate: str, authority: str, reach: Reach) -> str:
    """Why a member does not say at its endpoint that it is healthy; empty when it does."""
    url = urlsplit(endpoint)
    host, port = str(url.hostname), url.port or 0
    member = reach(host, port)
    if member is None or not member.listens(port):
        return f"curl: (7) Failed to connect to {host} port {port}"
    if why := _distrust(member.file("cert-file", port), authority, _SERVER, host):
        return f"curl: (60) SSL certificate problem: {why} ({host})"
    if why := _distrust(certificate, member.file("trusted-ca-file", port), _CLIENT):
        return f"curl: (56) tls: bad certificate, {host} says: {why}"
    if not _has_majority(member, reach):
        return f"curl: (22) The requested URL returned error: 503 ({host} has no leader)"
    return ""


def _has_majority(member: PlayedMember, reach: Reach) -> bool:
    """Whether more than half of the members that it is told of are there, are told the same, and trust each other."""
    told = str(member.configuration.get("initial-cluster", ""))
    urls = [urlsplit(each.partition("=")[2]) for each in told.split(",")]
    fellows = [reach(str(url.hostname), PEERS) for url in urls]
    good = [each for each in fellows if each and _are_fellows(member, each)]
    return len(good) > len(urls) // 2


def _are_fellows(one: PlayedMember, other: PlayedMember) -> bool:
    same = ("initial-cluster", "initial-cluster-token")
    if any(one.configuration.get(key) != other.configuration.get(key) for key in same):
        return False
    return other.listens(PEERS) and not any(
        _distrust(one.file("cert-file", PEERS), other.file("trusted-ca-file", PEERS), usage, one.address)
        or _distrust(other.file("cert-file", PEERS), one.file("trusted-ca-file", PEERS), usage, other.address)
        for usage in (_CLIENT, _SERVER)
    )


def _distrust(certificate: str, authority: str, usage: x509.ObjectIdentifier, host: str = "") -> str:
    """Why a certificate (PEM) is not taken, by who trusts an authority; of a host, if it names that."""
    if not certificate or not authority:
        return "no certificate"
    own, issuer = (x509.load_pem_x509_certificate(each.encode()) for each in (certificate, authority))
    try:
        own.verify_directly_issued_by(issuer)
    except (ValueError, InvalidSignature):
        return "unable to get local issuer certificate"
    if usage not in own.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value:
        return "unsuitable certificate purpose"
    if host:
        names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if ip_address(host) not in names.get_values_for_type(x509.IPAddress):
            return f"no alternative certificate subject name matches target ip address '{host}'"
    return ""
