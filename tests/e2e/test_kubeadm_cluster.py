"""Machines that do not become a cluster by the documents that they are given."""

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final

import pytest
import yaml

from components.clusters.kubeadm.authorities import public_key_hash
from components.clusters.kubeadm.boot import FIRST, WORKER, Machine, user_data
from components.clusters.kubeadm.documents import (
    SETTINGS,
    ClusterFacts,
    NodeFacts,
    encryption,
    init_documents,
    join_document,
)
from rehearsal.machines import BootedMachine, MachineSite, Seed, obstacle, open_site
from rehearsal.machines.images import BUSYBOX
from rehearsal.machines.pods import connect_pods
from rehearsal.providers.tls.provider import TlsProvider
from tests.unit.rehearsal.desk import Desk

pytestmark = [
    pytest.mark.machines,
    pytest.mark.skipif(bool(obstacle()), reason=f"no machine can be booted here: {obstacle()}"),
]

PLANE: Final = IPv4Address("10.77.0.11")
OTHER: Final = IPv4Address("10.77.0.12")
PATIENCE: Final = 600.0  # seconds, for what takes fifteen where nothing else is going on
TOKEN: Final = "abcdef.0123456789abcdef"
GROUP: Final = "system:bootstrappers:kubeadm:default-node-token"
USAGES: Final = {"usage-bootstrap-authentication": "true", "usage-bootstrap-signing": "true"}
NAMES: Final = {"api.example": str(PLANE)}
FACTS: Final = ClusterFacts(
    name="shop",
    minor="1.36",
    host="api.example",
    names=[],
    pods="10.244.0.0/16",
    services="10.96.0.0/16",
    eviction_seconds=20,
    in_cloud=False,
)
# Of a machine that has nobody to ask: its authorities are on its disk already.
CLOUD: Final = """\
cloud_prepare() { :; }
cloud_place_authorities() { test -s /etc/kubernetes/pki/ca.key; }
cloud_has_begun() { return 1; }
cloud_note_beginning() { :; }
cloud_report() { echo "reported $1" >/dev/console; }
"""


class Cluster:
    """A control plane that has begun, and the hash by which others know it."""

    def __init__(self, site: MachineSite) -> None:
        self.site = site
        self.hash, files = authorities()
        modes = dict.fromkeys(files, 0o600)
        self.plane = site.boot("one", PLANE, Seed(self.told(FIRST), NAMES, files, modes))
        wait_for_report(self.plane)

    def told(self, role: str) -> bytes:
        """The user data of a machine, as a cloud hands it over."""
        node = NodeFacts({"pool": "general"} if role == WORKER else {})
        join = join_document(FACTS, node, TOKEN, self.hash, control_plane=role != WORKER)
        documents = {"join": [join]} | ({"init": init_documents(FACTS, node)} if role == FIRST else {})
        settings = {"API_ENDPOINT": FACTS.endpoint}
        told = Machine(role, "1.36", "amd64", settings, CLOUD, documents)
        return gzip.decompress(base64.b64decode(user_data(told)))

    def kubectl(self, *arguments: str, given: str = "") -> str:
        """What kubectl prints on the control plane, as its administrator."""
        return self.plane.run("kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", *arguments, given=given)

    def get(self, *what: str) -> dict[str, Any]:
        """Objects as the API server has them."""
        found: dict[str, Any] = json.loads(self.kubectl("get", "--output=json", *what))
        return found

    def apply(self, manifest: Mapping[str, Any]) -> None:
        """Make an object."""
        self.kubectl("apply", "--filename=-", given=yaml.safe_dump(dict(manifest)))


def authorities() -> tuple[str, dict[str, str]]:
    """The hash of the cluster's authority, and all that a control plane needs, by path."""
    made, digest = Desk(TlsProvider()), ""
    files: dict[str, str] = {}
    for path, name in (("ca", "kubernetes"), ("front-proxy-ca", "front-proxy-ca"), ("etcd/ca", "etcd-ca")):
        key = made.outputs("PrivateKey", algorithm="ECDSA", ecdsaCurve="P256")
        signed = made.outputs(
            "SelfSignedCert",
            privateKeyPem=key["privateKeyPem"],
            isCaCertificate=True,
            setSubjectKeyId=True,
            allowedUses=["cert_signing", "digital_signature", "key_encipherment"],
            subject={"commonName": name},
            validityPeriodHours=24,
        )
        files |= {f"/etc/kubernetes/pki/{path}.key": key["privateKeyPem"]}
        files |= {f"/etc/kubernetes/pki/{path}.crt": signed["certPem"]}
        digest = digest or public_key_hash(key["publicKeyPem"])
    tokens = made.outputs("PrivateKey", algorithm="ECDSA", ecdsaCurve="P256")
    files |= {
        "/etc/kubernetes/pki/sa.key": tokens["privateKeyPem"],
        "/etc/kubernetes/pki/sa.pub": tokens["publicKeyPem"],
    }
    files[f"{SETTINGS}/encryption.yaml"] = json.dumps(encryption(base64.b64encode(bytes(32)).decode()))
    return digest, files


def wait_for_report(machine: BootedMachine) -> None:
    machine.wait_for("report", PATIENCE, lambda: any("reported " in line for line in machine.console))
    assert "reported CONTINUE" in machine.console, machine.console


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with open_site("v1.36.4") as site:
        yield Cluster(site)


def pod(name: str, node: str, command: str) -> dict[str, Any]:
    """A pod that fits the Pod Security Standard `restricted`, on a node."""
    container = {
        "name": "it",
        "image": BUSYBOX,
        "imagePullPolicy": "Never",
        "command": ["sh", "-c", command],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {
        "nodeName": node,
        "restartPolicy": "Never",
        "tolerations": [{"operator": "Exists"}],
        "automountServiceAccountToken": False,
        "securityContext": security,
        "containers": [container],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def test_one_machine_begins_the_cluster_and_another_joins_it(cluster: Cluster) -> None:
    (first,) = cluster.get("nodes")["items"]
    assert first["metadata"]["name"] == "one"
    assert "node-role.kubernetes.io/control-plane" in first["metadata"]["labels"]
    data = {"token-id": TOKEN[:6], "token-secret": TOKEN[7:], "auth-extra-groups": GROUP} | USAGES
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token", "stringData": data}
    cluster.apply(secret | {"metadata": {"name": f"bootstrap-token-{TOKEN[:6]}", "namespace": "kube-system"}})
    worker = cluster.site.boot("two", OTHER, Seed(cluster.told(WORKER), NAMES))
    wait_for_report(worker)
    # The controller manager hands pods' addresses to a node after kubelet has made it, and so perhaps after the report.
    cluster.kubectl("wait", "--for=jsonpath={.spec.podCIDR}", "--timeout=50s", "node", "--all")
    nodes = {each["metadata"]["name"]: each for each in cluster.get("nodes")["items"]}
    assert nodes.keys() == {"one", "two"}
    assert nodes["two"]["metadata"]["labels"]["pool"] == "general"
    machines = {"one": cluster.plane, "two": worker}
    connect_pods({machines[name]: IPv4Network(each["spec"]["podCIDR"]) for name, each in nodes.items()})
    cluster.kubectl("wait", "--for=condition=Ready", "--timeout=50s", "node", "--all")
    for machine in machines.values():
        machine.wait_for("step", PATIENCE, lambda: any("] ready: done" in line for line in machine.console))  # noqa: B023


def test_a_pod_answers_a_request_from_another_node(cluster: Cluster) -> None:
    serve = "busybox mkdir /tmp/www && echo here >/tmp/www/it && exec busybox httpd -f -p 8080 -h /tmp/www"
    cluster.apply(pod("server", "two", serve))
    wait_for(cluster, "server", "Running")
    address = cluster.get("pod", "server")["status"]["podIP"]
    assert IPv4Address(address) in IPv4Network(cluster.get("node", "two")["spec"]["podCIDR"])
    ask = f"busybox wget -T 5 -q -O - http://{address}:8080/it | busybox grep here"
    cluster.apply(pod("client", "one", ask))
    wait_for(cluster, "client", "Succeeded")


def wait_for(cluster: Cluster, name: str, phase: str) -> None:
    """Return when a pod is in this phase; AssertionError with what the API server has of it otherwise."""
    seen: dict[str, Any] = {}

    def is_there() -> bool:
        seen.update(cluster.get("pod", name)["status"])
        assert seen["phase"] in ("Pending", "Running", phase), seen
        return bool(seen["phase"] == phase)

    cluster.plane.wait_for(f"pod {name} that is {phase}", PATIENCE, is_there)
