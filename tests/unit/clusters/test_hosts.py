"""A host that is made a node though it should not be, or that is refused without its name and what helps."""

import time
from hashlib import sha256
from typing import Any, Final

import pytest

from components.clusters.kubeadm.hosts import provider
from components.clusters.kubeadm.hosts.inspection import HostExpectations, HostFacts, problems, same_machine
from components.clusters.kubeadm.hosts.provider import InspectionProvider, NodeProvider
from components.clusters.kubeadm.hosts.ssh import HostError, HostUnreachable, SshHost, known_as, trusting
from components.clusters.kubeadm.hosts.virtual_ip import INTERFACE, kube_vip
from components.clusters.kubeadm.spec import TOKEN
from components.contract import Capability
from spec.problems import Code
from spec.values import Secret
from tests.support.stack_files import load_stack

CLUSTER: Final = f"sha256:{'a' * 64}"
GOOD: Final = {
    "os": "debian 13",
    "architecture": "x86_64",
    "clock": "1000.5",
    "memory": "4096",
    "cpus": "2",
    "disk": "40000",
    "swap": "",
    "machine": "one",
    "addresses": "10.0.0.11 192.168.1.2",
    "systemd": "yes",
    "cluster": "",
    "node": "",
    "listens": "22 sshd",
}
PLANE: Final = HostExpectations("10.0.0.11", "amd64", CLUSTER, control_plane=True, free=["10.0.0.10"])


def facts(**other: str) -> HostFacts:
    return HostFacts.read("\n".join(f"{name} {value}" for name, value in (GOOD | other).items()), 1000.0, 1001.0)


def found(wanted: HostExpectations = PLANE, **other: str) -> list[str]:
    return list(problems(facts(**other), wanted))


def test_a_host_as_it_should_be_is_taken() -> None:
    assert found() == []


WRONG: Final[dict[str, tuple[dict[str, str], str]]] = {
    "another system": ({"os": "rocky 9"}, "rocky 9, and the boot script knows debian and ubuntu"),
    "no systemd": ({"systemd": ""}, "systemd does not run there"),
    "another processor": ({"architecture": "aarch64"}, "write `architecture: arm64`"),
    "another address": ({"addresses": "10.0.0.12"}, "10.0.0.11 is none of its addresses, 10.0.0.12"),
    "too little memory": ({"memory": "1699"}, "memory is 1699 MiB, and a machine of its part needs 1700"),
    "one CPU": ({"cpus": "1"}, "cpus is 1, and a machine of its part needs 2"),
    "no room": ({"disk": "900"}, "900 MiB free in /var/lib"),
    "swap on": ({"swap": "/dev/sda2 "}, r"swap is on \(/dev/sda2\): `swapoff -a`"),
    "a port in use": ({"listens": "6443 haproxy"}, "port 6443 is in use, by haproxy: stop it"),
    "a clock that is late": ({"clock": "990.0"}, "its clock is 10 s off"),
    "a clock that is ahead": ({"clock": "1061.0"}, "its clock is 60 s off"),
    "a node of another cluster": ({"node": "yes"}, "a node of another cluster"),
    "a virtual IP that is taken": ({"answers": "10.0.0.10"}, "something answers at 10.0.0.10 already"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_host_is_said_with_what_helps(what: str) -> None:
    other, says = WRONG[what]
    (said,) = problems(facts(**other), PLANE)
    with pytest.raises(AssertionError, match=says):
        raise AssertionError(said)


def test_a_host_that_is_a_node_of_this_cluster_already_may_have_its_ports_in_use() -> None:
    assert found(cluster=CLUSTER, node="yes", listens="10250 kubelet") == []
    assert found(cluster=f"sha256:{'b' * 64}", node="yes") != []


def test_a_worker_needs_less_and_other_ports() -> None:
    worker = HostExpectations("10.0.0.11", "amd64", CLUSTER)
    assert found(worker, memory="1000", cpus="1", listens="6443 haproxy") == []
    assert len(found(worker, listens="10250 kubelet")) == 1


def test_a_member_of_etcd_needs_its_ports_and_no_data_of_another_one() -> None:
    member = HostExpectations("10.0.0.11", "amd64", CLUSTER, etcd=True)
    assert found(member, memory="1000", cpus="1", listens="10250 kubelet") == []
    assert found(member, listens="2380 etcd") == ["port 2380 is in use, by etcd: stop it"]
    for wanted in (member, PLANE):
        assert found(wanted, etcd="yes") == ["it has the data of an etcd in /var/lib/etcd: move them away"]
        assert found(wanted, etcd="yes", cluster=CLUSTER) == []


def test_copies_of_one_machine_are_told_by_their_names() -> None:
    one, two, other = facts(), facts(), facts(machine="two")
    assert list(same_machine({"cp-1": one, "cp-2": two, "cp-3": other})) == [
        "cp-1, cp-2 have one /etc/machine-id: they are copies of one machine, or one machine"
    ]


PROPS: Final[dict[str, Any]] = {
    "name": "worker-1",
    "address": "10.0.0.21",
    "port": 22.0,
    "user": "root",
    "identityFile": "",
    "hostKey": "ssh-ed25519 AAAA",
    "role": "worker",
    "pool": "general",
    "cluster": CLUSTER,
    "controller": {},
    "peers": [],
    "virtualIp": "",
    "version": "v1.36.4",
    "seed": '{"/etc/polykube/join.yaml": ["token", "0600"]}',
}
KEPT: Final = {name: value for name, value in PROPS.items() if name != "seed"} | {
    "sealed": sha256(PROPS["seed"].encode()).hexdigest()
}


def test_a_node_that_is_told_the_same_is_let_be() -> None:
    assert not NodeProvider().diff("10.0.0.21", KEPT, PROPS).changes


@pytest.mark.parametrize(
    ("key", "value", "replaces"),
    [
        ("seed", '{"/etc/polykube/join.yaml": ["another token", "0600"]}', []),
        ("user", "admin", []),
        ("hostKey", "ssh-ed25519 BBBB", []),
        ("version", "v1.35.8", []),
        ("address", "10.0.0.22", ["address"]),
        ("pool", "memory", ["pool"]),
        ("cluster", f"sha256:{'b' * 64}", ["cluster"]),
    ],
)
def test_a_node_is_told_anew_or_is_another_one(key: str, value: str, replaces: list[str]) -> None:
    result = NodeProvider().diff("10.0.0.21", KEPT, PROPS | {key: value})
    assert (result.changes, result.replaces, result.delete_before_replace) == (True, replaces, True)


def test_all_hosts_that_cannot_be_reached_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    hosts = [PROPS | {"name": name, "architecture": "amd64", "hostKey": ""} for name in ("worker-1", "worker-2")]
    with pytest.raises(Exception, match=r"(?s)nothing was changed on any.*the command ssh is not there"):
        InspectionProvider().create({"hosts": hosts, "cluster": CLUSTER})


def _inspected(monkeypatch: pytest.MonkeyPatch, *answers: str, patience: float = 300.0) -> tuple[Any, list[float]]:
    """What inspecting a host ends with that answers so in turn, the last one for ever, and the pauses between."""
    left, paused, now = list(answers), list[float](), [0.0]

    def meet(*_: Any) -> tuple[str, str]:
        said = left.pop(0) if len(left) > 1 else left[0]
        now[0] += 100.0
        if said != "facts":
            raise HostUnreachable(said)
        facts = GOOD | {"clock": str(time.time())}
        return "ssh-ed25519 AAAA", "\n".join(f"{name} {value}" for name, value in facts.items())

    monkeypatch.setattr(provider, "meet", meet)
    monkeypatch.setattr(provider, "_PATIENCE", patience)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", paused.append)
    host = PROPS | {"name": "cp-1", "address": "10.0.0.11", "architecture": "amd64", "hostKey": ""}
    try:
        return InspectionProvider().create({"hosts": [host], "cluster": CLUSTER}).outs, paused
    except HostError as error:
        return str(error), paused


def test_a_host_that_is_starting_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    found, paused = _inspected(monkeypatch, "Connection refused", "timed out", "facts")
    assert found["keys"] == {"cp-1": "ssh-ed25519 AAAA"}
    assert len(paused) == 2


def test_a_spare_is_looked_at_again_before_it_becomes_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def meet(host: SshHost, *_: Any) -> tuple[str, str]:
        asked.append(host.name)
        said = GOOD | {"clock": str(time.time()), "addresses": host.address, "machine": host.name}
        return f"ssh-ed25519 {host.name}", "\n".join(f"{name} {value}" for name, value in said.items())

    monkeypatch.setattr(provider, "meet", meet)
    worker = PROPS | {"architecture": "amd64", "hostKey": ""}
    spare = worker | {"name": "spare-1", "address": "10.0.0.61", "role": "spare"}
    before = InspectionProvider().create({"hosts": [worker, spare], "cluster": CLUSTER}).outs
    moved = {"hosts": [worker, spare | {"role": "worker"}], "cluster": CLUSTER}
    assert before
    after = InspectionProvider().update("inspection", before, moved).outs
    assert sorted(asked) == ["spare-1", "spare-1", "worker-1"]
    assert after
    assert after["keys"]["spare-1"] == "ssh-ed25519 spare-1"


@pytest.mark.parametrize(("said", "pauses"), [("Permission denied", 0), ("No route to host", 3)])
def test_a_host_is_not_asked_for_ever_nor_again_where_that_helps_nothing(
    monkeypatch: pytest.MonkeyPatch, said: str, pauses: int
) -> None:
    found, paused = _inspected(monkeypatch, said)
    assert said in found
    assert len(paused) == pauses


def _looks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What hosts are asked from here on, each of which is as it should be and has the virtual IP answer."""
    asked = list[tuple[str, ...]]()

    def meet(host: SshHost, _: float, *action: str) -> tuple[str, str]:
        asked.append((host.name, *action))
        facts = GOOD | {"clock": str(time.time()), "addresses": host.address, "machine": host.name}
        said = [*(f"{key} {value}" for key, value in facts.items()), *(f"answers {each}" for each in action[1:])]
        return host.key or "ssh-ed25519 AAAA", "\n".join(said)

    monkeypatch.setattr(provider, "meet", meet)
    return asked


def _inspection(*hosts: tuple[str, str], key: str = "") -> dict[str, Any]:
    more = {"architecture": "amd64", "hostKey": key, "virtualIp": "10.0.0.10"}
    return {"hosts": [PROPS | {"name": name, "address": at} | more for name, at in hosts], "cluster": CLUSTER}


ONE: Final = ("worker-1", "10.0.0.21")
TWO: Final = ("worker-2", "10.0.0.22")


def test_the_virtual_ip_has_to_be_free_when_a_cluster_begins_and_is_the_cluster_s_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = _looks(monkeypatch)
    with pytest.raises(HostError, match=r"something answers at 10\.0\.0\.10 already"):
        InspectionProvider().create(_inspection(ONE))
    there = _inspection(ONE) | {"keys": {"worker-1": "ssh-ed25519 AAAA"}}
    outs = InspectionProvider().update("inspection", there, _inspection(ONE, TWO)).outs
    assert outs is not None
    assert outs["keys"].keys() == {"worker-1", "worker-2"}
    assert asked == [("worker-1", "inspect", "10.0.0.10"), ("worker-2", "inspect")]


def test_a_host_that_gets_another_key_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _looks(monkeypatch)
    there = _inspection(ONE) | {"keys": {"worker-1": "ssh-ed25519 AAAA"}}
    for key in ("ssh-ed25519 AAAA", "ssh-ed25519 BBBB"):
        InspectionProvider().update("inspection", there, _inspection(ONE, key=key))
    assert asked == [("worker-1", "inspect")]


def _updated(monkeypatch: pytest.MonkeyPatch, key: str, joined: str, *peers: str) -> list[tuple[str, ...]]:
    """What is done, by host, when a node is told anew; of the peers, those called `lost` do not answer."""
    done = list[tuple[str, ...]]()

    def ask(host: SshHost, _: float, *action: str, heard: Any = None) -> str:
        del heard
        if host.name == "lost":
            raise HostUnreachable("lost: no way")
        done.append((host.name, *action))
        is_node = {PROPS["name"]: joined, "new": ""}.get(host.name, "joined yes")
        return is_node if action == ("joined",) else ""

    monkeypatch.setattr(provider, "ask", ask)
    monkeypatch.setattr(provider, "write", lambda host, *_: done.append((host.name, "write")))
    news = PROPS | {"hostKey": key, "peers": [PROPS | {"name": each} for each in peers]}
    NodeProvider().update("10.0.0.21", KEPT, news)
    return done


def test_a_machine_in_the_place_of_a_lost_one_becomes_the_node_once_another_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _updated(monkeypatch, "ssh-ed25519 BBBB", "", "lost", "cp-3") == [
        ("worker-1", "joined"),
        ("cp-3", "joined"),
        ("cp-3", "forget", "worker-1", "60", "10.0.0.21"),
        ("worker-1", "write"),
        ("worker-1", "resume"),
    ]
    with pytest.raises(HostUnreachable, match="no other control plane can have it forgotten: lost: no way"):
        _updated(monkeypatch, "ssh-ed25519 BBBB", "", "lost")


def test_where_all_control_planes_are_lost_nobody_is_asked_to_forget_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are made anew from a snapshot, and have no cluster yet."""
    done = _updated(monkeypatch, "ssh-ed25519 BBBB", "", "new", "new")
    assert not [each for each in done if "forget" in each]
    assert done[-2:] == [("worker-1", "write"), ("worker-1", "resume")]


def test_a_node_that_goes_on_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [("worker-1", "write"), ("worker-1", "resume")]
    assert _updated(monkeypatch, PROPS["hostKey"], "", "cp-3") == told
    assert _updated(monkeypatch, "ssh-ed25519 BBBB", "joined yes", "cp-3") == [("worker-1", "joined"), *told]


def test_only_who_has_addresses_for_them_has_load_balancers() -> None:
    spec = load_stack("kubeadm-hosts").cluster
    without = spec.model_copy(update={"load_balancers": None, "node_pools": ()})
    balancers = {Capability.LOAD_BALANCERS, Capability.INTERNAL_LOAD_BALANCERS}
    assert spec.capabilities - without.capabilities == balancers | {Capability.NODE_POOLS}


def test_a_token_of_another_form_is_refused_and_not_shown() -> None:
    spec = load_stack("kubeadm-hosts").cluster.model_copy(update={"bootstrap_token": Secret("ABCDEF.0123456789abcdef")})
    (found,) = (each for each in spec.findings() if each.at == ("bootstrapToken",))
    assert (found.code, found.allowed) == (Code.BAD_NAME, TOKEN.allowed)
    assert "0123456789" not in f"{found.found} {found.remedy}"


def test_a_host_is_asked_as_the_stack_file_says_and_never_for_a_password() -> None:
    host = SshHost.of(PROPS | {"user": "admin", "identityFile": "/home/admin/key", "port": 2222.0})
    arguments = host.arguments(host.as_root("tar", "--extract"), [])
    assert arguments[-8:] == [
        *("-i", "/home/admin/key", "-p", "2222", "-l", "admin"),
        *("10.0.0.21", "sudo -n tar --extract"),
    ]
    assert "BatchMode=yes" in arguments


def test_a_host_is_known_by_its_own_keys_alone() -> None:
    options = dict(option.split("=", 1) for option in trusting((known_as("10.0.0.11", 2222), "ssh-ed25519 AAAA")))
    assert options["StrictHostKeyChecking"] == "yes"
    assert {options["UserKnownHostsFile"], options["GlobalKnownHostsFile"]} == {"/dev/null"}
    assert options["KnownHostsCommand"].endswith("'[10.0.0.11]:2222 ssh-ed25519 AAAA'")


def test_kube_vip_answers_for_what_there_is() -> None:
    spec = load_stack("kubeadm-hosts").cluster
    pod = kube_vip(getattr(spec, "virtual_ip", None), services=True)
    (container,) = pod["spec"]["containers"]
    settings = {each["name"]: each.get("value") for each in container["env"]}
    assert (settings["address"], settings["cp_enable"], settings["svc_enable"]) == ("10.20.0.10", "true", "true")
    assert settings["vip_interface"] == INTERFACE
    # Its kubeconfig's address is the one that it has yet to answer for.
    assert settings["kubernetes_addr"] == "https://kubernetes:6443"
    assert pod["spec"]["hostAliases"] == [{"ip": "127.0.0.1", "hostnames": ["kubernetes"]}]
    assert [volume["hostPath"]["path"] for volume in pod["spec"]["volumes"]] == ["/etc/kubernetes/admin.conf"]
    alone = kube_vip(None, services=True)["spec"]["containers"][0]["env"]
    assert not {"address", "cp_enable"} & {each["name"] for each in alone}


def test_the_clock_is_judged_by_when_the_host_was_asked() -> None:
    now = time.time()
    slow = HostFacts.read(f"clock {now}\n", now - 30, now + 30)
    assert not any("clock" in each for each in problems(slow, PLANE))


def _upgraded(monkeypatch: pytest.MonkeyPatch, fails: str = "", **other: Any) -> tuple[list[Any], str]:
    """What is done where when the worker is updated, and what it ends with; one of the steps `fails`."""
    done: list[Any] = []

    def ask(host: SshHost, _: float, *action: str, **__: Any) -> str:
        done.append((host.name, *action))
        if action[0] == fails:
            raise HostError(f"{host}: cannot evict pod as it would violate the pod's disruption budget")
        return ""

    monkeypatch.setattr(provider, "ask", ask)
    monkeypatch.setattr(provider, "write", lambda host, *_: done.append((host.name, "seed")))
    controller = {name: PROPS[name] for name in ("port", "user", "identityFile", "hostKey")}
    news = PROPS | {"controller": controller | {"name": "cp-1", "address": "10.0.0.11"}, "version": "v1.36.4"} | other
    try:
        NodeProvider().update("10.0.0.21", KEPT | {"version": "v1.35.8"}, news)
    except HostError as error:
        return done, str(error)
    return done, ""


def test_a_node_gets_another_version_while_it_has_no_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    done, _ = _upgraded(monkeypatch)
    assert done == [
        ("cp-1", "drain", "worker-1", "900"),
        ("worker-1", "seed"),
        ("worker-1", "follow"),
        ("cp-1", "uncordon", "worker-1"),
    ]


def test_a_node_whose_pods_do_not_go_keeps_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    done, said = _upgraded(monkeypatch, fails="drain")
    assert [action for _, action, *_ in done] == ["drain"]
    assert "disruption budget" in said


def test_a_node_that_is_told_otherwise_is_neither_drained_nor_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _upgraded(monkeypatch, version="v1.35.8")[0] == [("worker-1", "seed"), ("worker-1", "resume")]


def test_the_control_plane_that_others_are_drained_by_is_drained_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    done, _ = _upgraded(monkeypatch, controller={}, role="first", name="cp-1", address="10.0.0.11")
    assert {host for host, *_ in done} == {"cp-1"}
