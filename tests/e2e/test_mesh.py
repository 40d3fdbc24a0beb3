"""Two clusters that are to be one mesh, and do not trust or do not find each other.

A stack on each of two real control planes, by references to each other, with istiod itself on both; the tests build on
each other in the order in which they stand.
"""

import os
from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from cryptography import x509

from automation.environment import POLICY_PACK
from rehearsal.control_plane import Binaries, ControlPlane
from tests.support.addons import TEAM, spec_with_add_ons
from tests.support.api import Api
from tests.support.engine import Engine
from tests.support.istiod import Istiod, running_istiod
from tests.support.polling import eventually
from tests.support.proxies import asking_for, priorities
from tests.support.stack import Stack, make_stack

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("bundles")]

FIRST, SECOND = "organization/polykube/dev", "organization/polykube/peer"
ZONE = "local-a"  # which both clusters have a node in
ORDERS: tuple[dict[str, Any], ...] = (
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "orders", "namespace": TEAM},
        "spec": {"selector": {"app": "orders"}, "ports": [{"name": "http", "port": 80}]},
    },
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "orders",
            "namespace": TEAM,
            "labels": {"app": "orders", "security.istio.io/tlsMode": "istio"},  # as the injector says what it did
        },
        "spec": {
            "nodeSelector": {"topology.kubernetes.io/zone": ZONE},
            "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "orders",
                    "image": "registry.example/orders:1",
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                }
            ],
        },
    },
)
SECRETS = "/api/v1/namespaces/istio-system/secrets"


@dataclass(frozen=True)
class Cluster:
    """One of the two: its stack in the shared backend, and its control plane."""

    name: str
    engine: Engine
    plane: ControlPlane
    tenants: tuple[str, ...]

    def up(self, **mesh: Any) -> None:
        """Bring it up as one of the mesh `shop`, on a network that is called as its stack."""
        spec = spec_with_add_ons(self.plane.name)
        istio = {
            "mesh": {"id": "shop", "network": self.name, "addresses": ["10.0.0.0/8"], **mesh},
            "tenants": list(self.tenants),
        }
        spec |= {"addons": {"istio": istio}, "tenants": [each for each in spec["tenants"] if each["name"] == TEAM]}
        spec["tenants"] = [each | {"manifests": []} for each in spec["tenants"]] if self.tenants else []
        file = self.engine.directory / f"Pulumi.{self.name}.yaml"
        salt = yaml.safe_load(file.read_text())["encryptionsalt"]
        config = {f"polykube:{key}": value for key, value in spec.items()}
        file.write_text(yaml.safe_dump({"encryptionsalt": salt, "config": config}))
        policies = ("--policy-pack", str(POLICY_PACK))
        self.engine.must("up", "--yes", "--skip-preview", "--stack", self.name, *policies)

    def root(self, api: Api) -> str:
        """The root by which istiod has its pods trust others."""
        found = api.until("/api/v1/namespaces/default/configmaps/istio-ca-root-cert", lambda found: "data" in found)
        return str(found["data"]["root-cert.pem"])


@pytest.fixture(scope="module")
def clusters(
    control_plane: ControlPlane, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Cluster, Cluster]]:
    """Both, brought up one after the other, and the first again when there is a second."""
    stack: Stack = make_stack(tmp_path_factory.mktemp("mesh"))
    stack.engine.must("stack", "init", "peer")
    other = ControlPlane(f"peer-{os.getpid()}", binaries)
    other.start()
    first = Cluster("dev", stack.engine, control_plane, ())
    second = Cluster("peer", stack.engine, other, (TEAM,))
    try:
        first.up()
        second.up(authority=FIRST, peers=[FIRST])
        first.up(peers=[SECOND])
        yield first, second
        for each in (first, second):
            each.engine.must("destroy", "--yes", "--stack", each.name)
    finally:
        other.delete()


@pytest.fixture(scope="module")
def apis(clusters: tuple[Cluster, Cluster]) -> Iterator[tuple[Api, Api]]:
    with ExitStack() as both:
        first, second = (both.enter_context(closing(Api(each.plane.kubeconfig))) for each in clusters)
        yield first, second


@pytest.fixture(scope="class")
def istiods(
    clusters: tuple[Cluster, Cluster],
    apis: tuple[Api, Api],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Istiod, Istiod]]:
    with ExitStack() as both:
        first, second = (
            both.enter_context(
                running_istiod(
                    each.plane.kubeconfig,
                    tmp_path_factory.mktemp("istiod"),
                    api,
                    CLUSTER_ID=each.plane.name,
                    ROOT_CA_DIR=str(authority_files(api, tmp_path_factory.mktemp("cacerts"))),
                )
            )
            for each, api in zip(clusters, apis, strict=True)
        )
        yield first, second


class TestBothIstiods:
    """istiod runs on each; they end before the stacks go."""

    def test_each_cluster_has_an_authority_of_its_own_under_the_root_of_both(
        self, clusters: tuple[Cluster, Cluster], apis: tuple[Api, Api], istiods: tuple[Istiod, Istiod]
    ) -> None:
        roots = {each.root(api) for each, api in zip(clusters, apis, strict=True)}
        assert len(roots) == 1
        (root,) = (x509.load_pem_x509_certificate(each.encode()) for each in roots)
        own = [x509.load_pem_x509_certificate(authority(api)["ca-cert.pem"]) for api in apis]
        assert own[0].public_key() != own[1].public_key()
        for certificate in own:
            certificate.verify_directly_issued_by(root)
        assert {istiod.mesh_config()["defaultConfig"]["meshId"] for istiod in istiods} == {"shop"}

    def test_each_istiod_reads_both_clusters_and_knows_the_gateway_of_the_other_network(
        self, clusters: tuple[Cluster, Cluster], istiods: tuple[Istiod, Istiod], apis: tuple[Api, Api]
    ) -> None:
        names = {each.plane.name for each in clusters}
        eventually(lambda: all(synced(istiod) == names for istiod in istiods), what="both clusters to be read")
        _, there = apis
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "tasks", "namespace": TEAM},
            "spec": {"ports": [{"port": 80}]},
        }
        there.apply(service)
        first, _ = istiods
        eventually(lambda: f"tasks.{TEAM}.svc.cluster.local" in page(first, "registryz").text, what="its Services")
        networks = page(first, "networkz").text
        assert "peer" in networks, networks

    def test_requests_stay_in_their_own_cluster_as_long_as_there_is_a_pod(
        self, clusters: tuple[Cluster, Cluster], istiods: tuple[Istiod, Istiod], apis: tuple[Api, Api]
    ) -> None:
        here, _ = apis
        here.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}})
        for api in apis:
            api.apply(*ORDERS)
        for cluster, istiod, api in zip(clusters, istiods, apis, strict=True):
            pod = api.until(api.path(ORDERS[1]), lambda found: "podIP" in found["status"])
            ranks = ranks_of_orders(istiod, cluster)
            others = {address: rank for address, rank in ranks.items() if address != pod["status"]["podIP"]}
            assert ranks == {pod["status"]["podIP"]: 0} | dict.fromkeys(others, 1)
        here.delete(f"/api/v1/namespaces/{TEAM}")

    def test_what_is_given_to_the_other_cluster_is_nowhere_in_the_open(
        self, clusters: tuple[Cluster, Cluster], apis: tuple[Api, Api]
    ) -> None:
        exported = clusters[0].engine.must("stack", "export", "--stack", "dev")
        here, _ = apis
        token = b64decode(here.get(f"{SECRETS}/mesh-reader")["data"]["token"]).decode()
        assert token not in exported
        assert "PRIVATE KEY" not in exported


def ranks_of_orders(istiod: Istiod, cluster: Cluster) -> dict[str, int]:
    """By address, in which order a sidecar in `cluster` tries the pods that both clusters have."""
    destination = f"outbound|80||orders.{TEAM}.svc.cluster.local"
    where = {"cluster": cluster.plane.name, "network": cluster.name, "zone": ZONE}
    with asking_for(destination, istiod, namespace=TEAM, **where) as proxy:
        return eventually(lambda: (len(known := priorities(proxy, istiod)) > 1 and known) or {}, what="both pods")


def authority(api: Api) -> dict[str, bytes]:
    return {name: b64decode(value) for name, value in api.get(f"{SECRETS}/cacerts")["data"].items()}


def authority_files(api: Api, directory: Path) -> Path:
    """What the Secret has, as it is mounted into istiod's pods."""
    for name, content in authority(api).items():
        (directory / name).write_bytes(content)
    return directory


def page(istiod: Istiod, name: str) -> httpx2.Response:
    return httpx2.get(f"http://127.0.0.1:{istiod.pages}/debug/{name}", trust_env=False)


def synced(istiod: Istiod) -> set[str]:
    """The clusters that it has read."""
    return {each["id"] for each in page(istiod, "clusterz").json() if each["syncStatus"] == "synced"}
