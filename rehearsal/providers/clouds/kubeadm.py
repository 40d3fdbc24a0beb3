"""What kubeadm does on a rehearsed machine: it begins a cluster, or joins one after looking at it as kubeadm does.

A cluster's API server is real, with the authority that the machine was given; what joins is asked for the hash of that
authority and for a token, and the API server's own objects answer. Words: kubeadm's, cmd/kubeadm/app/discovery/token,
1.36.3.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rehearsal.control_plane import Given
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.api import Api
from rehearsal.providers.clouds.cloud_init import CloudConfig

_RBAC: Final = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
_ADMINISTRATORS: Final = "kubeadm:cluster-admins"
_SECRETS: Final = "/api/v1/namespaces/kube-system/secrets"
_CONFIGURATION: Final = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"
_CONTROL_PLANE: Final = "node-role.kubernetes.io/control-plane"
_CA: Final = "/etc/kubernetes/pki/ca"
_DOWNLOADS: Final = "/etc/polykube/downloads"
_RELEASE: Final = re.compile(r"/v(\d+\.\d+\.\d+)/bin/linux/(\w+)/kubelet")


class NeverJoins(Exception):
    """Why a machine does not become a node, as its console says it."""


@dataclass(frozen=True)
class Joined:
    """A machine that has become a node of `cluster`, as its document registers it."""

    cluster: str
    labels: Mapping[str, str]
    taints: list[dict[str, str]]


def begin(documents: list[dict[str, Any]], authorities: Mapping[str, str], host: str, port: int) -> Joined:
    """Begin the cluster of these documents, with an API server that listens at an address of this machine."""
    by_kind = {each["kind"]: each for each in documents}
    if missing := {"InitConfiguration", "ClusterConfiguration"} - by_kind.keys():
        raise NeverJoins(f"no {', '.join(sorted(missing))} in the documents")
    cluster = by_kind["ClusterConfiguration"]
    name, server = str(cluster["clusterName"]), cluster["apiServer"]
    if lacking := [each for each in ("crt", "key") if f"{_CA}.{each}" not in authorities]:
        raise NeverJoins(f"{_CA}.{lacking[0]} is not there")
    given = Given(authorities[f"{_CA}.crt"], authorities[f"{_CA}.key"], host, port, list(server.get("certSANs", ())))
    clusters.start_given(name, given)
    with clusters.api(name) as api:
        assert api is not None
        api.apply(f"{_RBAC}/{_ADMINISTRATORS}", _administrators())
        _upload(api, cluster)
    return _registered(name, by_kind["InitConfiguration"], control_plane=True)


def join(documents: list[dict[str, Any]], version: str, init: list[dict[str, Any]] | None = None) -> Joined:
    """Join the cluster of this document, as far as that can be trusted and lets a machine with this `version` of
    kubeadm and kubelet in (1.36.4). One that was to begin the cluster (`init`) raises its version before."""
    document = next((each for each in documents if each["kind"] == "JoinConfiguration"), None)
    if document is None:
        raise NeverJoins("no JoinConfiguration in the documents")
    discovery = document["discovery"]["bootstrapToken"]
    endpoint = str(discovery["apiServerEndpoint"])
    found = clusters.serving(endpoint.rpartition(":")[0])
    if found is None:
        raise NeverJoins(f"no API server at {endpoint} within its deadline")
    name, given = found
    own = authority_hash(given.certificate)
    pinned = list(discovery.get("caCertHashes", ()))
    if own not in pinned:
        public = ", ".join(f'"{each}"' for each in pinned)
        raise NeverJoins(
            f"cluster CA found in cluster-info ConfigMap is invalid: none of the public keys {public} are pinned: {own}"
        )
    with clusters.api(name) as api:
        if api is None:
            raise NeverJoins(f"no API server at {endpoint} within its deadline")
        check_token(api, str(discovery["token"]))
        for each in init or ():
            if each["kind"] == "ClusterConfiguration":
                _raise_version(api, each, version)
        _check_skew(api, version, control_plane="controlPlane" in document)
    return _registered(name, document, control_plane="controlPlane" in document)


def upgrade(api: Api, version: str, join: list[dict[str, Any]]) -> None:
    """Bring a node that has joined by this document to a `version` (1.36.4), as the boot script has kubeadm do it."""
    control_plane = any("controlPlane" in each for each in join)
    if control_plane:
        _raise_version(api, _configuration(api) | {"kubernetesVersion": f"v{version}"}, version)
    _check_skew(api, version, control_plane=control_plane)


def _upload(api: Api, configuration: Mapping[str, Any]) -> None:
    """Keep the cluster's configuration where kubeadm does."""
    metadata = {"name": "kubeadm-config", "namespace": "kube-system"}
    data = {"ClusterConfiguration": yaml.safe_dump(dict(configuration))}
    api.apply(_CONFIGURATION, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def _configuration(api: Api) -> dict[str, Any]:
    kept = api.get(_CONFIGURATION) or {"data": {}}
    found: dict[str, Any] = yaml.safe_load(kept["data"].get("ClusterConfiguration", "")) or {}
    return found


def _configured(api: Api, otherwise: str) -> str:
    """The version by which kubeadm makes control planes; of a cluster whose maker said none, its own."""
    return str(_configuration(api).get("kubernetesVersion", otherwise)).removeprefix("v")


def _raise_version(api: Api, configuration: Mapping[str, Any], version: str) -> None:
    """Have control planes made by this version's configuration from now on."""
    has = _configured(api, version)
    _check_step(has, version)
    if has != version:
        _upload(api, configuration)


def _check_step(has: str, version: str) -> None:
    """NeverJoins for a version that does not follow on the one that the cluster has, as the boot script says it."""
    if _parts(has) > _parts(version):
        raise NeverJoins(f"the cluster is at v{has}, and does not go down to v{version}")
    if _parts(version)[1] > _parts(has)[1] + 1:
        raise NeverJoins(f"the cluster is at v{has}, and goes up by one minor version at a time, not to v{version}")


def _check_skew(api: Api, version: str, *, control_plane: bool) -> None:
    """NeverJoins for what kubeadm refuses (preflight/checks.go, KubernetesVersionCheck; util/config/common.go,
    NormalizeKubernetesVersion), and for what it lets pass, and is supported by nobody: a control plane of another
    version than its kubeadm, and a kubelet that is newer than an API server."""
    has = _configured(api, version)
    (_, minor, *_), (_, own, *_) = _parts(has), _parts(version)
    if minor < own - 1:
        raise NeverJoins(
            "this version of kubeadm only supports deploying clusters with the control plane version >= "
            f"1.{own - 1}.0. Current version: v{has}"
        )
    if control_plane and minor > own:
        raise NeverJoins(
            "[ERROR KubernetesVersion]: Kubernetes version is greater than kubeadm version. Please consider to upgrade "
            f"kubeadm. Kubernetes version: {has}. Kubeadm version: 1.{own}.x"
        )
    if control_plane and minor < own:
        raise NeverJoins(f"kubeadm {version} would make a control plane of {has}, as kubeadm-config says")
    for each in [] if control_plane else api.list(f"/api/v1/nodes?labelSelector={_CONTROL_PLANE}"):
        name, runs = each["metadata"]["name"], each["status"]["nodeInfo"]["kubeletVersion"].removeprefix("v")
        if _parts(runs) < _parts(version):
            raise NeverJoins(f"the kubelet {version} is newer than the API server {runs} of {name}")


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def check_token(api: Api, token: str) -> None:
    """NeverJoins when the cluster does not know the token, or does not take it any more."""
    id_, _, secret = token.partition(".")
    unknown = NeverJoins(f'could not find a JWS signature in the cluster-info ConfigMap for token ID "{id_}"')
    kept = api.get(f"{_SECRETS}/bootstrap-token-{id_}")
    if kept is None:
        raise unknown
    data = {key: base64.b64decode(value).decode() for key, value in kept.get("data", {}).items()}
    if data.get("usage-bootstrap-signing") != "true" or is_over(data.get("expiration", "")):
        raise unknown
    if data.get("token-secret") != secret:
        raise NeverJoins("failed to verify JWS signature of received cluster info object, can't trust this API Server")
    if data.get("usage-bootstrap-authentication") != "true":
        raise NeverJoins("the API server answers 401 Unauthorized to the bootstrap token")


def release(told: CloudConfig, architecture: str = "") -> str | None:
    """The release whose kubelet a machine is told to run; None where it is for another architecture than this."""
    found = _RELEASE.search(told.files.get(_DOWNLOADS, ""))
    return found[1] if found and architecture in ("", found[2]) else None


def is_over(expiration: str) -> bool:
    """Whether a time (RFC 3339) has passed; one that is not given never does."""
    return bool(expiration) and datetime.fromisoformat(expiration) <= datetime.now(UTC)


def authority_hash(certificate: str) -> str:
    """The hash of a certificate's public key (PEM), as kubeadm pins it."""
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    return f"sha256:{hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()}"


def _registered(cluster: str, document: Mapping[str, Any], *, control_plane: bool) -> Joined:
    """The node as it is registered; a control plane has kubeadm's label, and its taint unless others are given."""
    registration = document.get("nodeRegistration", {})
    flags = {each["name"]: each["value"] for each in registration.get("kubeletExtraArgs", ())}
    labels = dict(pair.split("=", 1) for pair in flags.get("node-labels", "").split(",") if pair)
    taints = registration.get("taints")
    if control_plane:
        labels[_CONTROL_PLANE] = ""
        taints = [{"key": _CONTROL_PLANE, "effect": "NoSchedule"}] if taints is None else taints
    return Joined(cluster, labels, [dict(each) for each in taints or ()])


def _administrators() -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": _ADMINISTRATORS},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": group, "kind": "Group", "name": _ADMINISTRATORS}],
    }
