"""Hosts that `polykube up` does not make a cluster of: a control plane and a worker, booted here and reached by SSH."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from rehearsal.machines import BootedMachine, obstacle, open_site
from tests.support.hosts import Hosts, images, pod

pytestmark = [
    pytest.mark.machines,
    pytest.mark.skipif(bool(obstacle()), reason=f"no machine can be booted here: {obstacle()}"),
]

SERVE: Final = "busybox mkdir /tmp/www && echo here >/tmp/www/it && exec busybox httpd -f -p 8080 -h /tmp/www"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """A cluster of two hosts, brought up by `polykube up`."""
    with open_site("v1.36.4", images()) as site:
        made = Hosts(site, tmp_path_factory.mktemp("hosts"))
        made.boot("cp-1", "worker-1")
        made.up(["cp-1"], ["worker-1"])
        yield made


def left_on(machine: BootedMachine) -> str:
    """What a host has of a cluster."""
    return machine.run("sh", "-c", "ls -d /etc/kubernetes /etc/polykube /var/lib/etcd/member 2>/dev/null || true")


def test_all_hosts_become_nodes_that_are_ready(hosts: Hosts) -> None:
    hosts.wait_for_nodes("cp-1", "worker-1")
    labels = {each["metadata"]["name"]: each["metadata"]["labels"] for each in hosts.get("nodes")["items"]}
    assert "node-role.kubernetes.io/control-plane" in labels["cp-1"]
    assert labels["worker-1"]["polykube.dev/node-pool"] == "general"


def test_a_second_up_changes_nothing(hosts: Hosts) -> None:
    assert "no resources changed" in hosts.cli.must("up")


def test_the_stack_s_kubeconfig_lets_the_administrator_in(hosts: Hosts, tmp_path: Path) -> None:
    done = hosts.cli.pulumi("stack", "output", "--stack", "dev", "--show-secrets", "kubeconfig")
    assert done.returncode == 0, done.stderr
    (tmp_path / "kubeconfig").write_text(done.stdout)
    asked = hosts.cli.other("kubectl", "--kubeconfig", str(tmp_path / "kubeconfig"), "auth", "can-i", "*", "*")
    assert asked.stdout.strip() == "yes", asked.stderr


def test_a_pod_answers_a_request_from_another_node(hosts: Hosts) -> None:
    hosts.apply(pod("server", SERVE, node="worker-1"), pod("client", "exec busybox sleep 10000", node="cp-1"))
    for name in ("server", "client"):
        hosts.wait_for_pods("default", 1, app=name)
    address = hosts.get("pod", "server")["status"]["podIP"]
    ask = f"busybox wget -T 5 -q -O - http://{address}:8080/it"
    assert hosts.kubectl("exec", "client", "--", "sh", "-c", ask) == "here\n"


def test_a_worker_is_added_and_removed_again(hosts: Hosts) -> None:
    hosts.boot("worker-2")
    hosts.up(["cp-1"], ["worker-1", "worker-2"])
    hosts.wait_for_nodes("cp-1", "worker-1", "worker-2")
    hosts.up(["cp-1"], ["worker-1"])
    hosts.wait_for_nodes("cp-1", "worker-1")
    assert left_on(hosts.machines["worker-2"]) == ""


def test_a_destroyed_stack_leaves_hosts_that_are_no_nodes_and_keep_no_key(hosts: Hosts) -> None:
    hosts.cli.must("down")
    for machine in hosts.machines.values():
        assert left_on(machine) == ""
        assert machine.run("sh", "-c", "systemctl is-active kubelet || true").strip() == "inactive"
    state = json.loads(hosts.cli.pulumi("stack", "export", "--stack", "dev").stdout)
    assert not state["deployment"].get("resources")
