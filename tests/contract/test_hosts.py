"""A key of a cluster on hosts given by address that does another thing than its page says, or that nobody has tried."""

import json
from typing import Any, Final

import pytest
import yaml

from common.paths import CHECKOUT
from components.clusters.kubeadm.hosts import KubeadmHostsSpec
from spec.model import Origin
from spec.values import Secret
from stacks.config import StackSpec
from tests.contract.test_changes import OWN_AUTHORITY, keys_of
from tests.support.registered import Registered, registered
from tests.support.stack_files import load_stack, planned

STACK: Final = "kubeadm-hosts"
NODES: Final = ("pulumi-python:dynamic/kubeadm:ControlPlane", "pulumi-python:dynamic/kubeadm:Worker")
ANOTHER: Final = {"name": "worker-4", "address": "10.20.0.41"}
STORE: Final = {"endpoint": "https://s3.example", "bucket": "b", "accessKey": "k", "secretKey": Secret("hunter2")}
HARMLESS: Final[dict[str, Any]] = {
    "version": "1.35",
    "deletionProtection": False,
    "loadBalancers": {"addresses": ["10.20.0.230-10.20.0.240"]},
    "ssh": {"user": "admin"},
    "mirrors": [{"registry": "docker.io", "endpoints": ["https://mirror.example"]}],
    "bootstrapToken": Secret("abcdef.0123456789abcdef"),
    "credentialDays": 60,
    "etcdSnapshots": {"store": STORE},
    "oidc": {"issuer": "https://login.example", "audiences": ["kubernetes"]},
    "network.mtu": 1400,
    "spares": {"hosts": [{"name": "spare-1", "address": "10.20.0.61"}]},
    "nodePools.1.hosts": [{"name": "worker-3", "address": "10.20.0.31", "port": 2222}, ANOTHER],
}
REFUSED: Final[dict[str, Any]] = {
    "name": "another",
    "virtualIp": "10.20.0.9",
    "keepalived": {},
    "certificateNames": ["api.example.com"],
    "evictionSeconds": 30,
    "authorities": {"etcd": {"certificate": OWN_AUTHORITY, "key": Secret()}},
    "network.range": "10.20.0.0/23",
    "network.pods": "10.128.0.0/16",
    "network.services": "10.97.0.0/16",
    "network.encapsulation": "geneve",
    "controlPlanes.hosts": [{"name": "cp-9", "address": "10.20.0.19"}],
    "controlPlanes.architecture": "arm64",
    "etcd": {"hosts": [{"name": f"etcd-{number}", "address": f"10.20.0.5{number}"} for number in range(3)]},
    "controlPlanes.takesPods": True,
    "nodePools.1.labels": {"example.com/memory": "small"},
    "nodePools.1.taints": [{"key": "dedicated", "value": "shop", "effect": "NoSchedule"}],
    "nodePools.1.sandbox": "gvisor",
    "nodePools.1.gpus": True,
}


def changed(values: dict[str, Any]) -> StackSpec:
    config = yaml.safe_load((CHECKOUT / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8"))["config"]
    for key, value in values.items():
        place, (*parents, last) = config["polykube:cluster"], key.split(".")
        for part in parents:
            place = place[int(part) if part.isdigit() else part]
        place[last] = value
    return StackSpec.model_validate(config, context=Origin(STACK, CHECKOUT))


def differences(spec: StackSpec) -> set[str]:
    had = load_stack(STACK).cluster.immutable_fields()
    return {key for key in had if not spec.cluster.keeps(key, had[key])}


def nodes(made: dict[str, Registered]) -> dict[str, Registered]:
    return {each.inputs["name"]: each for each in made.values() if each.type in NODES}


def test_every_key_was_tried() -> None:
    tried = {key.partition(".")[0] if key.startswith("nodePools") else key for key in (*HARMLESS, *REFUSED)}
    assert {key for key in keys_of(KubeadmHostsSpec) if key != "kind"} == tried


def test_what_is_harmless_makes_no_node_another_one_and_is_told_to_those_that_are_there() -> None:
    after = changed(HARMLESS)
    assert differences(after) == set()
    made = registered(after, STACK)
    before, now = nodes(planned(STACK)), nodes(made)
    assert now.keys() - before.keys() == {"worker-4"}
    for name, node in before.items():
        assert now[name].inputs["user"] == "admin"
        assert "mirror.example" in now[name].inputs["seed"]
        assert all(now[name].inputs[key] == node.inputs[key] for key in ("address", "role", "pool", "cluster"))


@pytest.mark.parametrize("key", REFUSED)
def test_what_no_node_would_hear_of_is_fixed(key: str) -> None:
    where = key.replace("nodePools.1", "nodePools.memory")
    assert differences(changed({key: REFUSED[key]})) == {where}


def test_a_spare_is_looked_at_and_told_nothing_until_it_takes_a_workers_place() -> None:
    spare = {"name": "spare-1", "address": "10.20.0.61"}

    def looked_at(values: dict[str, Any]) -> tuple[dict[str, str], set[str]]:
        made = registered(changed(values), STACK)
        (hosts,) = (each.inputs["hosts"] for each in made.values() if each.type.endswith("kubeadm:Inspection"))
        return {host["name"]: host["role"] for host in hosts}, set(nodes(made))

    roles, told = looked_at({"spares": {"hosts": [spare]}})
    assert (roles["spare-1"], "spare-1" in told) == ("spare", False)
    roles, told = looked_at({"nodePools.1.hosts": [spare]})
    assert (roles["spare-1"], "spare-1" in told, "worker-3" in told) == ("worker", True, False)


def test_a_pool_may_go_with_its_hosts() -> None:
    pools = yaml.safe_load((CHECKOUT / f"Pulumi.{STACK}.yaml").read_text())["config"]["polykube:cluster"]["nodePools"]
    assert differences(changed({"nodePools": pools[:1]})) == set()


def test_workers_are_told_nothing_of_the_authorities_and_nobody_anything_in_the_open() -> None:
    for node in nodes(planned(STACK)).values():
        assert node.secret("seed")
        told = json.loads(node.inputs["seed"])
        kept = {path for path in told if path.startswith("/etc/kubernetes/pki/")} | {"/etc/polykube/administrator.json"}
        assert (kept <= told.keys() and len(kept) > 1) == (node.inputs["role"] != "worker")
        assert {told[path][1] for path in kept & told.keys()} <= {"0600"}
