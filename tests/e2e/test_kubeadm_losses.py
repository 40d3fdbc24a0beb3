"""A cluster of three control planes and two workers, booted here, that does not live through a loss or a change.

The tests are one life, in their order. What each scenario took is printed at the end, as a table.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from rehearsal.machines import BootedMachine, obstacle, open_site
from tests.support.hosts import PATIENCE, VIRTUAL, Hosts, address, deployment, images, pod

pytestmark = [
    pytest.mark.machines,
    pytest.mark.skipif(bool(obstacle()), reason=f"no machine can be booted here: {obstacle()}"),
]

PLANES: Final = ("cp-1", "cp-2", "cp-3")
WORKERS: Final = ("worker-1", "worker-2")
IDLE: Final = "exec busybox sleep 100000"
ETCD: Final = "/etc/kubernetes/manifests/etcd.yaml"
_PKI: Final = "/etc/kubernetes/pki"


class Life:
    """The cluster, and what has been seen of it."""

    def __init__(self, hosts: Hosts) -> None:
        self.hosts, self.rows = hosts, list[tuple[str, float, bool]]()

    @contextmanager
    def scenario(self, name: str) -> Iterator[None]:
        """What is in the block is a scenario, which passes if it comes to its end."""
        began, passed = time.monotonic(), False
        try:
            yield
            passed = True
        finally:
            self.rows.append((name, time.monotonic() - began, passed))

    def wait(self, what: str, is_there: Callable[[], bool], at: BootedMachine | None = None) -> None:
        (at or self.hosts.planes[-1]).wait_for(what, PATIENCE, is_there)

    def holder(self) -> BootedMachine:
        """The control plane that has the virtual IP."""
        (found,) = [each for each in self.hosts.planes if f"{VIRTUAL}/32" in each.run("ip", "-4", "address", "show")]
        return found

    def members(self) -> dict[str, str]:
        """The members of etcd by their names, with their addresses, as one that runs has them."""
        said = _curl(self.hosts.planes[-1], "--data", "{}", "https://127.0.0.1:2379/v3/cluster/member/list")
        return {each["name"]: each["peerURLs"][0] for each in json.loads(said)["members"]}


def _curl(machine: BootedMachine, *arguments: str) -> str:
    client = f"{_PKI}/apiserver-etcd-client"
    trust = ("--cacert", f"{_PKI}/etcd/ca.crt", "--cert", f"{client}.crt", "--key", f"{client}.key")
    return machine.run("curl", "--silent", "--fail", "--max-time", "5", *trust, *arguments)


@pytest.fixture(scope="module")
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """The cluster, brought up by `polykube up`."""
    with open_site("v1.36.4", images()) as site:
        made = Life(Hosts(site, tmp_path_factory.mktemp("hosts")))
        try:
            with made.scenario("boot 3 + 2 hosts"):
                made.hosts.boot(*PLANES, *WORKERS)
            with made.scenario("`polykube up` to nodes Ready"):
                made.hosts.up(PLANES, WORKERS)
                made.hosts.wait_for_nodes(*PLANES, *WORKERS)
            yield made
        finally:
            _show(made, request.config.pluginmanager.getplugin("capturemanager"))


def _show(life: Life, capture: Any) -> None:
    lines = [f"| {name} | {seconds:.0f} | {'yes' if passed else 'no'} |" for name, seconds, passed in life.rows]
    with capture.global_and_fixture_disabled():
        print("\n| Scenario | Seconds | Passed |\n|-|-|-|", *lines, sep="\n")


def test_each_control_plane_has_a_member_of_etcd_and_one_of_them_the_virtual_ip(life: Life) -> None:
    assert life.members() == {name: f"https://{address(name)}:2380" for name in PLANES}
    assert life.holder().name in PLANES


def test_pods_of_a_lost_worker_are_on_the_other_one_within_the_eviction_time(life: Life) -> None:
    hosts = life.hosts
    hosts.apply(_spread("six", 6))
    hosts.wait_for_pods("default", 6, app="six")
    assert {each["spec"]["nodeName"] for each in hosts.pods("default", app="six")} == set(WORKERS)
    with life.scenario("worker lost: 6 replicas on the other one (50 s until it counts as lost, eviction after 20 s)"):
        hosts.machines["worker-2"].cut()
        hosts.wait_for_pods("default", 6, ["worker-1"], app="six")
    with life.scenario("the worker comes back"):
        hosts.machines["worker-2"].power_on()
        hosts.wait_for_nodes(*PLANES, *WORKERS)


def _spread(name: str, replicas: int) -> dict[str, Any]:
    made = deployment(name, replicas, IDLE)
    spread = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    selector = {"labelSelector": {"matchLabels": {"app": name}}}
    made["spec"]["template"]["spec"]["topologySpreadConstraints"] = [spread | selector]
    return made


def test_writes_go_on_without_a_member_of_etcd(life: Life) -> None:
    hosts = life.hosts
    lost = next(each for each in hosts.planes if each is not life.holder())
    with life.scenario("a member of etcd lost: a write is taken"):
        lost.run("mv", ETCD, "/root/etcd.yaml")
        life.wait("etcd that has ended", lambda: not lost.attempt("pidof", "etcd").stdout)
        life.wait("a write that is taken", lambda: _writes(hosts, "while-lost"))
    with life.scenario("the member comes back"):
        lost.run("mv", "/root/etcd.yaml", ETCD)
        life.wait("a member that is well", lambda: "true" in health(lost))
    assert life.members().keys() == set(PLANES)


def health(machine: BootedMachine) -> str:
    """What a member of etcd says of its health, if it says anything."""
    client = f"{_PKI}/apiserver-etcd-client"
    trust = ("--cacert", f"{_PKI}/etcd/ca.crt", "--cert", f"{client}.crt", "--key", f"{client}.key")
    return machine.attempt("curl", "--silent", "--max-time", "5", *trust, "https://127.0.0.1:2379/health").stdout


def _writes(hosts: Hosts, name: str) -> bool:
    return hosts.attempt("create", "configmap", f"{name}-{time.monotonic_ns()}").returncode == 0


def test_the_api_answers_at_the_virtual_ip_without_the_control_plane_that_had_it(life: Life) -> None:
    hosts, lost = life.hosts, life.holder()
    with life.scenario("control plane lost: the API answers at the virtual IP"):
        lost.cut()
        life.wait("an answer at the virtual IP", lambda: _is_ready(hosts))
    with life.scenario("a new pod runs without it"):
        hosts.apply(pod("after-loss", IDLE))
        hosts.wait_for_pods("default", 1, app="after-loss")
    assert life.holder() is not lost
    _replace(life, lost.name)


def _is_ready(hosts: Hosts) -> bool:
    asked = hosts.attempt("get", "--raw=/readyz", "--request-timeout=3s")
    return asked.stdout == "ok"


def _replace(life: Life, name: str) -> None:
    """Put a new machine in the place of a control plane that is lost for good, at its address, and have it told."""
    hosts = life.hosts
    with life.scenario("control plane replaced: its member removed, another machine joins"):
        hosts.machines[name].forget()
        hosts.boot(name)
        hosts.up(PLANES, WORKERS)
        hosts.wait_for_nodes(*PLANES, *WORKERS)
    assert life.members() == {each: f"https://{address(each)}:2380" for each in PLANES}
    assert "true" in health(hosts.machines[name])
