"""A cluster's life on each of the clouds: its API server and nodes are looked at, not what the program says of them.

Guards against nodes that are not as the cloud would make them, moments with no nodes, second looks that find
changes, and clusters that leave something behind unnoticed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.api import Api, is_ready
from tests.rehearsal.clouds import programs
from tests.rehearsal.clouds.conftest import Cloud


@dataclass(frozen=True)
class Expected:
    """What a cloud makes of the pool `general` of its program, and what taints it gives Windows nodes by itself."""

    program: str
    pool_label: str
    zones: set[str]
    machine: str
    leaves: tuple[str, ...] = ()
    of_windows: list[str] = field(default_factory=list)


CLOUDS = {
    "aws": Expected(
        programs.AWS,
        "eks.amazonaws.com/nodegroup",
        {"eu-central-1a", "eu-central-1b", "eu-central-1c"},
        "m7g.large",
        ("aws:lb/loadBalancer:LoadBalancer",),
    ),
    "gcp": Expected(
        programs.GCP,
        "cloud.google.com/gke-nodepool",
        {"europe-west3-a", "europe-west3-b", "europe-west3-c"},
        "t2a-standard-2",
        ("gcp:compute/forwardingRule:ForwardingRule",),
        ["node.kubernetes.io/os"],
    ),
    "azure": Expected(
        programs.AZURE,
        "kubernetes.azure.com/agentpool",
        {"westeurope-1", "westeurope-2", "westeurope-3"},
        "Standard_D4ps_v6",
    ),
}


@contextmanager
def api(cloud: Cloud) -> Iterator[Api]:
    """The API server of the cluster `shop`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(cloud.directory))
        with clusters.api("shop") as server:
            assert server is not None
            yield server


@pytest.mark.parametrize("name", CLOUDS)
def test_a_cluster_comes_up_is_upgraded_and_goes(name: str, make_cloud: Callable[[], Cloud]) -> None:
    cloud, expected = make_cloud(), CLOUDS[name]
    cloud.engine.write_program(expected.program)
    cloud.up()
    with api(cloud) as server:
        everything = server.list("/api/v1/nodes")
    nodes = [node for node in everything if node["metadata"]["labels"].get("team") == "shop"]
    (windows,) = [node for node in everything if node["metadata"]["labels"]["kubernetes.io/os"] == "windows"]
    assert is_ready(windows)
    assert [taint["key"] for taint in windows["spec"].get("taints", ())] == expected.of_windows
    labels = [node["metadata"]["labels"] for node in nodes]
    assert all(is_ready(node) for node in nodes)
    assert {each["topology.kubernetes.io/zone"] for each in labels} == expected.zones
    assert {each["node.kubernetes.io/instance-type"] for each in labels} == {expected.machine}
    assert {each["kubernetes.io/arch"] for each in labels} == {"arm64"}
    assert all(each[expected.pool_label].startswith("general") for each in labels)
    assert {node["status"]["nodeInfo"]["kubeletVersion"].split(".")[1] for node in nodes} == {"35"}
    assert [node["spec"]["taints"][0]["key"] for node in nodes] == ["dedicated"] * 3
    cloud.engine.must("preview", "--expect-no-changes")
    cloud.engine.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    cloud.up("--config", "rehearsed:version=1.36")
    with api(cloud) as server:
        upgraded = [node for node in server.list("/api/v1/nodes") if "team" in node["metadata"]["labels"]]
    assert {node["status"]["nodeInfo"]["kubeletVersion"].split(".")[1] for node in upgraded} == {"36"}
    happened = [(event.operation, event.id) for event in cloud.store.events() if event.type == "node"]
    old = [("gone", node["metadata"]["name"]) for node in nodes]
    new = [("ready", node["metadata"]["name"]) for node in upgraded]
    assert max(happened.index(event) for event in new) < min(happened.index(event) for event in old)

    with api(cloud) as server:
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}}
        server.create("/api/v1/namespaces/default/services", service | {"spec": _BALANCED})
    cloud.engine.run("destroy", "--yes", "--skip-preview")
    assert tuple(each.type for each in cloud.store.all() if each.name == "default-shop") == expected.leaves
    assert not any("luster" in each.type for each in cloud.store.all())
    assert not (cloud.directory / "polykube" / "control-planes" / "shop").exists()


_BALANCED = {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "shop"}}


def test_the_state_holds_no_credential_of_the_cluster(make_cloud: Callable[[], Cloud]) -> None:
    cloud = make_cloud()
    cloud.engine.write_program(programs.GCP)
    cloud.up()
    credential = (cloud.directory / clusters.CREDENTIAL).read_text()
    token = credential.split('"token": "')[1].split('"')[0]
    assert len(token) > 100
    assert token not in cloud.engine.must("stack", "export", "--show-secrets")
    assert (cloud.directory / clusters.CREDENTIAL).stat().st_mode & 0o077 == 0
