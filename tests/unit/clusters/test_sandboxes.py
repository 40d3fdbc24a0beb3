"""A sandbox that a pod does not get, or that one gets who stays out of it."""

import json
import tomllib
from dataclasses import replace
from typing import Any, Final

import pytest

from components.clusters.kubeadm.boot import WORKER, Machine, contents
from components.clusters.kubeadm.hosts.inspection import problems
from components.clusters.kubeadm.hosts.spec import KubeadmHostsSpec
from components.clusters.kubeadm.runtime_classes import sandbox_guard
from components.clusters.kubeadm.runtimes import RUNTIMES, SANDBOXES
from tests.contract.test_hosts import STACK, changed
from tests.support.registered import Registered, registered
from tests.unit.clusters.test_hosts import PLANE, facts

pytestmark = pytest.mark.usefixtures("bundles")
POOL: Final = "memory"  # of the stack
CONFIGURED: Final = ("plugins", "io.containerd.cri.v1.runtime", "containerd", "runtimes")


def told(runtime: str, architecture: str = "amd64") -> dict[str, str]:
    """The files of a worker, by path."""
    machine = Machine(WORKER, "1.36", architecture, {"NODE_NAME": "worker-1"}, "", runtime=runtime)
    return {path: content for path, (content, _) in contents(machine).items()}


def runtimes(files: dict[str, str]) -> Any:
    """The runtimes of containerd's configuration."""
    found: Any = tomllib.loads(files["/etc/containerd/config.toml"])
    for key in CONFIGURED:
        found = found[key]
    return found


def with_pool(**pool: Any) -> dict[str, Registered]:
    """What is registered where the last pool of the stack has these keys."""
    return registered(changed({f"nodePools.1.{key}": value for key, value in pool.items()}), STACK)


@pytest.mark.parametrize("name", SANDBOXES)
def test_containerd_knows_the_sandbox_beside_what_the_nodes_own_pods_run_in(name: str) -> None:
    found = runtimes(told(name))
    assert found.keys() == {"runc", RUNTIMES[name].handler}
    configured = found[RUNTIMES[name].handler]["options"]["ConfigPath"]
    assert configured in told(name) or configured.startswith("/opt/kata/share/defaults/")
    assert "pod_annotations" not in found[RUNTIMES[name].handler]  # they would change the virtual machine


def test_gvisor_keeps_to_the_cgroups_of_the_kubelet() -> None:
    assert tomllib.loads(told("gvisor")["/etc/containerd/runsc.toml"]) == {"runsc_config": {"systemd-cgroup": "true"}}


@pytest.mark.parametrize(
    ("name", "architecture", "programs"),
    [
        ("gvisor", "amd64", {"runsc": 128, "containerd-shim-runsc-v1": 128}),
        ("gvisor", "arm64", {"runsc": 128, "containerd-shim-runsc-v1": 128}),
        ("kata", "amd64", {"kata": 64}),
        ("kata", "arm64", {"kata": 64}),
        ("", "amd64", {}),
    ],
)
def test_its_programs_come_by_their_hashes(name: str, architecture: str, programs: dict[str, int]) -> None:
    lines = [line.split() for line in told(name, architecture)["/etc/polykube/downloads"].splitlines()]
    others = {each[0] for each in (line.split() for line in told("")["/etc/polykube/downloads"].splitlines())}
    assert {each: len(digest) for each, digest, _ in lines if each not in others} == programs
    machine = {"amd64": ("amd64", "x86_64"), "arm64": ("arm64", "aarch64")}[architecture]
    assert all(any(each in url for each in machine) for name, _, url in lines if name in programs)


def test_a_machine_without_a_sandbox_is_told_of_none() -> None:
    files = told("")
    assert "RUNTIME" not in files["/etc/polykube/machine.env"]
    assert runtimes(files).keys() == {"runc"}


def test_the_pools_hosts_alone_are_told_of_it_and_known_by_it() -> None:
    nodes = {each.inputs["name"]: each for each in with_pool(sandbox="gvisor").values() if "seed" in each.inputs}
    for name, node in nodes.items():
        seed = {path: content for path, (content, _) in json.loads(node.inputs["seed"]).items()}
        is_sandboxed = node.inputs["pool"] == POOL
        assert ("/etc/containerd/runsc.toml" in seed) == is_sandboxed, name
        assert ("polykube.dev/sandbox=gvisor" in seed["/etc/polykube/join.yaml"]) == is_sandboxed, name
        assert ("key: polykube.dev/sandbox" in seed["/etc/polykube/join.yaml"]) == is_sandboxed, name


def test_pods_of_the_class_get_there_and_count_what_they_take_besides() -> None:
    made = with_pool(sandbox="kata").values()
    (runtime,) = (each.inputs for each in made if each.type == "kubernetes:node.k8s.io/v1:RuntimeClass")
    taint = {"key": "polykube.dev/sandbox", "operator": "Equal", "value": "kata", "effect": "NoSchedule"}
    assert (runtime["metadata"]["name"], runtime["handler"]) == ("kata", "kata")
    assert runtime["scheduling"] == {"nodeSelector": {"polykube.dev/sandbox": "kata"}, "tolerations": [taint]}
    assert runtime["overhead"]["podFixed"] == {"cpu": "250m", "memory": "160Mi"}


@pytest.mark.parametrize("sandbox", ["gvisor", None])
def test_tenants_are_kept_from_going_there_without_it(sandbox: str | None) -> None:
    made = with_pool(**({"sandbox": sandbox} if sandbox else {})).values()
    guards = {each.inputs["metadata"]["name"] for each in made if each.type.endswith(":ValidatingAdmissionPolicy")}
    assert (f"tenant-sandboxes.{STACK}" in guards) == bool(sandbox)


def test_the_guard_names_every_sandbox() -> None:
    (condition,) = sandbox_guard().validations
    assert all(f'"{name}"' in condition for name in SANDBOXES)


def test_a_pool_in_a_sandbox_is_no_place_for_the_systems_pods() -> None:
    cluster = changed({"nodePools.1.sandbox": "gvisor"}).cluster
    assert isinstance(cluster, KubeadmHostsSpec)
    pools = cluster.node_pools
    assert [pool.takes_system_pods for pool in pools] == [True, False]


def test_pods_on_hosts_with_gpus_can_have_them() -> None:
    configuration = tomllib.loads(told("nvidia")["/etc/containerd/config.toml"])
    assert configuration["plugins"]["io.containerd.cri.v1.runtime"]["containerd"]["default_runtime_name"] == "nvidia"
    assert runtimes(told("nvidia"))["nvidia"]["options"] == {
        "BinaryName": "/usr/bin/nvidia-container-runtime",
        "SystemdCgroup": True,
    }
    made = with_pool(gpus=True).values()
    (plugin,) = (each for each in made if each.name.endswith("/nvidia-device-plugin"))
    assert f"'{POOL}'" in str(plugin.inputs["spec"]["template"]["spec"]["affinity"])
    assert not any(each.type.endswith(":RuntimeClass") for each in made)


def test_a_host_without_gpus_is_none_for_them() -> None:
    wanted = replace(PLANE, runtime="nvidia")
    assert not list(problems(facts(gpus="2"), wanted))
    assert all("Container Toolkit" in " ".join(problems(facts(gpus=count), wanted)) for count in ("0", ""))


@pytest.mark.parametrize(
    ("sandbox", "kvm", "wrong"), [("kata", "", True), ("kata", "yes", False), ("gvisor", "", False)]
)
def test_a_host_for_virtual_machines_has_to_make_some(sandbox: str, kvm: str, *, wrong: bool) -> None:
    said = [each for each in problems(facts(kvm=kvm), replace(PLANE, runtime=sandbox)) if "/dev/kvm" in each]
    assert bool(said) == wrong
